"""Evidence and rules for properties, and one version about which all is known and good."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tools.governance.evidence import (
    OUTCOMES,
    PURPOSES,
    REGIONS,
    BiasMeasurement,
    Evidence,
    LicensedPart,
    Lineage,
    MetricMeasurement,
    SecurityFinding,
)
from tools.governance.facts import Facts
from tools.governance.licence import Licences, compatibility
from tools.governance.policy_language import All, AnyOf, Compare, Condition, Constant, Field, Items, Not, Operand
from tools.registry.catalogue import load_catalogue, load_data_licences

CATALOGUE = load_catalogue()
DATA = load_data_licences()
LICENCES = Licences(CATALOGUE, DATA)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OURS, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def evaluation(metric: str = "accuracy", value: float = 0.9, **fields) -> MetricMeasurement:
    given = {"dataset": "faq", "finished_at": days_ago(3), "digest": OURS, "lower": value - 0.02, "upper": value + 0.02}
    return MetricMeasurement(metric=metric, value=value, **{**given, "n": 400, **fields})


def finding(check: str, outcome: str, **fields) -> SecurityFinding:
    return SecurityFinding(
        check=check, outcome=outcome, **{"source": "weights.gguf", "finished_at": days_ago(3), "digest": OURS, **fields}
    )


def gap(attribute: str, value: float, **fields) -> BiasMeasurement:
    given = {"metric": "accuracy", "dataset": "faq", "finished_at": days_ago(3), "digest": OURS}
    return BiasMeasurement(attribute=attribute, gap=value, **{**given, **fields})


OWN_ADAPTER = LICENCES.part("adapter", "faq-r16", "own")
OWN_DATA = LICENCES.dataset("tickets", "own")


def good(**fields) -> Evidence:
    """Phi-4-mini with an adapter of our own, measured, scanned and signed, to be shipped in Germany."""
    given = {
        "subject": "faq 3",
        "digest": OURS,
        "purpose": "product",
        "region": "DE",
        "stage": "production",
        "requested_by": "ada",
        "lineage": Lineage(base="phi-4-mini", adapter="faq-r16", datasets=("tickets",)),
        "licences": (LICENCES.model("phi-4-mini"), OWN_ADAPTER, OWN_DATA),
        "evaluations": (evaluation(),),
        "bias": (gap("language", 0.04, worst_group="pl"),),
        "security": (finding("format", "gguf"), finding("signature", "valid"), finding("scan", "clean")),
    }
    return Evidence(**{**given, **fields})


def facts(evidence: Evidence, max_age_days: float = 30) -> Facts:
    allowed = compatibility(evidence.licences, evidence.purpose, evidence.region, users=evidence.users)
    return Facts(evidence, allowed, NOW, max_age_days)


METRICS = ("accuracy", "f1", "latency_p95_ms", "toxicity")
times = st.floats(-5, 200).map(days_ago)
digests = st.sampled_from([OURS, OURS, OTHER])
datasets = st.sampled_from(["faq", "manuals"])

evaluations = st.builds(
    lambda value, width, **rest: MetricMeasurement(
        value=value,
        lower=None if width is None else value - width,
        upper=None if width is None else value + width,
        **rest,
    ),
    metric=st.sampled_from(METRICS),
    value=st.floats(0, 1),
    width=st.none() | st.floats(0, 0.2),
    n=st.none() | st.integers(1, 500),
    dataset=datasets,
    finished_at=times,
    digest=digests,
)
biases = st.builds(
    BiasMeasurement,
    attribute=st.sampled_from(["language", "site"]),
    metric=st.sampled_from(METRICS),
    gap=st.floats(0, 1),
    dataset=datasets,
    finished_at=times,
    digest=digests,
)
findings = st.sampled_from([(check, outcome) for check, found in OUTCOMES.items() for outcome in found]).flatmap(
    lambda pair: st.builds(
        SecurityFinding,
        check=st.just(pair[0]),
        outcome=st.just(pair[1]),
        source=st.sampled_from(["one", "two"]),
        critical=st.none() if pair[1] == "clean" else st.none() | st.integers(0, 3),
        high=st.none() if pair[1] == "clean" else st.none() | st.integers(0, 3),
        finished_at=times,
        digest=digests,
    )
)
parts: st.SearchStrategy[LicensedPart] = st.one_of(
    st.sampled_from([model.id for model in CATALOGUE.models]).map(LICENCES.model),
    st.sampled_from([*sorted(DATA), "nowhere"]).map(lambda key: LICENCES.dataset(f"data {key}", key)),
    st.sampled_from(sorted(CATALOGUE.licences)).map(lambda key: LICENCES.part("adapter", f"adapter {key}", key)),
    st.builds(LicensedPart, part=st.sampled_from(["base", "adapter", "dataset"]), name=st.just("of nobody")),
)
purposes = st.sampled_from(PURPOSES)
regions = st.sampled_from([*REGIONS, "EU", "world", "DE", "US"])
evidences = st.builds(
    Evidence,
    subject=st.just("faq 3"),
    digest=st.just(OURS),
    purpose=purposes,
    region=regions,
    stage=st.none() | st.sampled_from(["staging", "production"]),
    tags=st.lists(st.sampled_from(["edge", "chat"]), max_size=2).map(tuple),
    requested_by=st.sampled_from(["", "ada"]),
    users=st.none() | st.integers(0, 2_000_000_000),
    lineage=st.none()
    | st.builds(
        Lineage,
        base=st.just("phi-4-mini"),
        adapter=st.sampled_from(["", "faq-r16"]),
        quantisation=st.sampled_from(["", "q4_k_m"]),
        datasets=st.sampled_from([(), ("tickets",)]),
    ),
    licences=st.lists(parts, max_size=4).map(tuple),
    evaluations=st.lists(evaluations, max_size=4).map(tuple),
    bias=st.lists(biases, max_size=3).map(tuple),
    security=st.lists(findings, max_size=4).map(tuple),
)

numbers = st.floats(0, 1).map(Constant)
# What YAML can hold on one line: a policy is made of the rules too.
words = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]) | st.sampled_from("é汉"), max_size=6).map(
    Constant
)
number_fields = st.sampled_from(
    [
        *(f"evaluation.{metric}{end}" for metric in METRICS for end in ("", ".lower", ".upper", ".age_days")),
        "evaluation.age_days",
        "bias.max_gap",
        "bias.language.max_gap",
        "security.critical",
        "security.age_days",
        "licence.user_threshold",
        "users",
    ]
).flatmap(
    lambda name: (
        st.builds(Field, st.just(name), st.none() | datasets)
        if name.startswith("evaluation.") and name != "evaluation.age_days"
        else st.just(Field(name))
    )
)
text_fields = st.sampled_from(["champion", "requested_by", "lineage.base", "lineage.adapter"]).map(Field)
set_fields = st.sampled_from(["tags", "lineage.datasets", "licence.ids"]).map(Field)
comparisons: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), number_fields, numbers | number_fields),
    st.builds(Compare, st.sampled_from(["==", "!="]), text_fields, words | text_fields),
    st.builds(Compare, st.sampled_from(["in", "not in"]), words | text_fields, set_fields),
    st.builds(
        Compare,
        st.sampled_from(["in", "not in"]),
        text_fields,
        st.lists(words, min_size=1, max_size=3).map(lambda values: Items(tuple(values))),
    ),
)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(inner.map(Not), several.map(All), several.map(AnyOf))


conditions: st.SearchStrategy[Condition] = st.recursive(comparisons, _joined, max_leaves=6)


def render(node: Condition | Operand) -> str:  # noqa: PLR0911 - one line for each kind of node
    """The rule as text; `parse_tree` makes the same tree of it."""
    match node:
        case Constant(value):
            return _constant(value)
        case Field(name, dataset):
            return name if dataset is None else f"{name} on {_constant(dataset)}"
        case Items(values):
            return f"[{', '.join(render(value) for value in values)}]"
        case Compare(operator, left, right):
            return f"{_inside(left)} {operator} {_inside(right)}"
        case Not(part):
            return f"not {render(part) if isinstance(part, Compare | Not) else f'({render(part)})'}"
        case All(parts):
            return " and ".join(
                f"({render(part)})" if isinstance(part, All | AnyOf) else render(part) for part in parts
            )
        case AnyOf(parts):
            return " or ".join(f"({render(one)})" if isinstance(one, AnyOf) else render(one) for one in parts)


def _inside(node: Operand) -> str:
    return render(node) if isinstance(node, Constant | Field | Items) else f"({render(node)})"


def _constant(value: float | str) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
