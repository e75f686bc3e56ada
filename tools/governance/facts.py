"""The fields that rules may name, with their types, and their values in the evidence.

Metrics and attributes of bias that the house does not know yet are declared in the policy file, so that a misspelt name
is an error when the policy is loaded, and not a fact that is missing for ever.

A field may have several values (one metric on several data sets, one check by several tools); a comparison is then
true or false only where all agree. A value of None is unknown. Evidence about another digest, from the
future, or older than the policy's limit does not count; `Facts.about` gives the reason.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from memory.ledger.versions import STAGES
from tools.governance.evidence import (
    OUTCOMES,
    PURPOSES,
    REGIONS,
    BiasMeasurement,
    Evidence,
    Measured,
    MetricMeasurement,
    newest,
    regions_touched,
)
from tools.governance.licence import Compatibility, worst
from tools.registry.catalogue import Permission

Kind = Literal["number", "text", "texts"]


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field holds.

    Attributes:
        allowed: the only texts that it can hold; None where any text may stand.
        low, high: least and greatest number that it can hold.
        by_dataset: may be narrowed to one data set by `on`.
    """

    kind: Kind
    allowed: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    by_dataset: bool = False


_ANSWERS = ("yes", "no", "conditional")
_COUNT = FieldType("number", low=0)
_AGE = FieldType("number")
_TEXT = FieldType("text")
_TEXTS = FieldType("texts")

_FIXED: dict[str, FieldType] = {
    "purpose": FieldType("text", allowed=PURPOSES),
    "region": FieldType("texts", allowed=REGIONS),
    "stage": FieldType("text", allowed=STAGES),
    "champion": _TEXT,
    "tags": _TEXTS,
    "requested_by": _TEXT,
    "users": _COUNT,
    "lineage.base": _TEXT,
    "lineage.adapter": _TEXT,
    "lineage.quantisation": _TEXT,
    "lineage.datasets": _TEXTS,
    "lineage.made_by": _TEXTS,
    "licence.verdict": FieldType("text", allowed=_ANSWERS),
    "licence.commercial_use": FieldType("text", allowed=_ANSWERS),
    "licence.redistribution": FieldType("text", allowed=_ANSWERS),
    "licence.modification": FieldType("text", allowed=_ANSWERS),
    "licence.types": FieldType("texts", allowed=("commercial", "open_source", "research_only", "api_only")),
    "licence.ids": _TEXTS,
    "licence.user_threshold": _COUNT,
    "evaluation.age_days": _AGE,
    "evaluation.count": _COUNT,
    "evaluation.datasets": _COUNT,
    "bias.max_gap": _COUNT,
    "bias.age_days": _AGE,
    "bias.count": _COUNT,
    **{f"security.{check}": FieldType("text", allowed=outcomes) for check, outcomes in OUTCOMES.items()},
    "security.critical": _COUNT,
    "security.high": _COUNT,
    "security.age_days": _AGE,
    "security.count": _COUNT,
}

_SHARE, _POSITIVE = (0.0, 1.0), (0.0, None)
_METRICS: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(
        """
        accuracy answer_relevance balanced_accuracy citation_precision citation_recall context_precision
        context_recall error_rate exact_match f1 faithfulness groundedness hallucination_rate harmful_rate
        jailbreak_rate judge_agreement
        macro_f1 map mrr ndcg ndcg_at_10 pass_at_1 precision recall recall_at_10 refusal_rate robustness rouge_l
        schema_validity tool_accuracy toxicity
        """.split(),
        _SHARE,
    ),
    **dict.fromkeys(
        """
        cost_per_1k_tokens latency_ms latency_p50_ms latency_p95_ms latency_p99_ms memory_mb model_size_mb perplexity
        samples_per_s time_to_first_token_ms tokens_per_s watts word_error_rate
        """.split(),
        _POSITIVE,
    ),
    "bleu": (0.0, 100.0),
    "chrf": (0.0, 100.0),
}
_ATTRIBUTES = ("accent", "age_group", "dialect", "disability", "gender", "language", "locale", "product_line", "site")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Fixed fields, known metrics with their least and greatest values, and known attributes of bias and stages.

    Attributes:
        stages: None where any may be named.
    """

    metrics: Mapping[str, tuple[float | None, float | None]] = field(default_factory=lambda: dict(_METRICS))
    attributes: frozenset[str] = frozenset(_ATTRIBUTES)
    stages: tuple[str, ...] | None = STAGES

    def extended(
        self,
        metrics: Mapping[str, tuple[float | None, float | None]],
        attributes: Sequence[str],
        stages: Sequence[str] = (),
        *,
        any_stage: bool = False,
    ) -> "Vocabulary":
        """With the metrics, attributes and stages that a policy file declares."""
        known = None if any_stage else (*STAGES, *stages)
        return Vocabulary({**self.metrics, **metrics}, self.attributes | set(attributes), known)

    def type_of(self, name: str) -> FieldType | None:
        """The type of a field, such as `evaluation.accuracy.lower`; None where no field has this name."""
        if name == "stage":
            return FieldType("text", allowed=self.stages)
        if name in _FIXED:
            return _FIXED[name]
        group, _, rest = name.partition(".")
        known, _, attribute = rest.partition(".")
        if group == "evaluation" and known in self.metrics:
            low, high = self.metrics[known]
            value = FieldType("number", low=low, high=high, by_dataset=True)
            fields = {"": value, "lower": value, "upper": value, "n": FieldType("number", low=1, by_dataset=True)}
            fields["age_days"] = FieldType("number", by_dataset=True)
            fields["gain"] = FieldType("number", by_dataset=True)
            fields["datasets"] = _COUNT
        elif group == "bias" and known in self.attributes:
            fields = {"max_gap": _COUNT, "age_days": _AGE}
        else:
            fields = {}
        return fields.get(attribute)

    def names(self) -> list[str]:
        """Every name that a rule may use."""
        metrics = [
            f"evaluation.{name}{end}"
            for name in self.metrics
            for end in ("", ".lower", ".upper", ".n", ".age_days", ".gain", ".datasets")
        ]
        bias = [f"bias.{name}.{end}" for name in sorted(self.attributes) for end in ("max_gap", "age_days")]
        return [*_FIXED, *metrics, *bias]


DEFAULT_VOCABULARY = Vocabulary()


Value = float | str | frozenset[str]

CLOCK_SKEW = timedelta(minutes=5)
"""How far in the future a clock that is somewhat fast may date its evidence."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of a field, None where it is unknown, and where it is from."""

    value: Value | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class FieldValues:
    """All values of a field; `why`: what is missing, or does not count."""

    values: tuple[FieldValue, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Evidence as seen at one time under one limit of age.

    Attributes:
        licence: what `compatibility` says for the evidence's purpose and region.
        max_age_days: older measurements do not count.
    """

    evidence: Evidence
    licence: Compatibility
    now: datetime
    max_age_days: float

    def about(self, name: str, dataset: str | None = None) -> FieldValues:
        """The values of a field that the vocabulary knows; never raises for one that it does."""
        group, _, rest = name.partition(".")
        if group == "evaluation":
            return self._evaluation(rest, dataset)
        if group == "bias":
            return self._bias(rest)
        if group == "security":
            return self._security(rest)
        if group == "licence":
            return self._licence(rest)
        if group == "lineage":
            return self._lineage(rest)
        return self._circumstance(group)

    def _circumstance(self, name: str) -> FieldValues:
        evidence = self.evidence
        if name == "region":
            return FieldValues((FieldValue(regions_touched(evidence.region)),))
        if name == "tags":
            return FieldValues((FieldValue(frozenset(evidence.tags)),))
        value = {
            "purpose": evidence.purpose,
            "stage": evidence.stage,
            "users": evidence.users,
            "requested_by": evidence.requested_by or None,
            "champion": evidence.champion or "none",
        }.get(name)
        if value is None:
            return FieldValues((), f"nothing says {name}")
        return FieldValues((FieldValue(value),))

    def _lineage(self, name: str) -> FieldValues:
        lineage = self.evidence.lineage
        if lineage is None:
            return FieldValues((), "no lineage is recorded")
        value: str | tuple[str, ...] = getattr(lineage, name)
        return FieldValues((FieldValue(value if isinstance(value, str) else frozenset(value)),))

    def _licence(self, name: str) -> FieldValues:
        parts = self.evidence.licences
        known = [part.licence for part in parts if part.licence is not None]
        complete = len(known) == len(parts) and any(part.part == "base" for part in parts)
        if name == "verdict":
            return _answer(name, self.licence.verdict)
        if name in ("commercial_use", "redistribution", "modification"):
            terms: list[Permission] = [
                getattr(part.licence, name) if part.licence and part.verified else "unsure" for part in parts
            ]
            return _answer(name, worst(terms if complete else [*terms, "unsure"]))
        if not complete:
            return FieldValues((), "the licence of a part is not known")
        if name == "types":
            return FieldValues((FieldValue(frozenset(licence.type for licence in known)),))
        if name == "ids":
            return FieldValues((FieldValue(frozenset(part.licence_id for part in parts)),))
        least = self.licence.user_threshold
        return FieldValues((FieldValue(float("inf") if least is None else least),))

    def _evaluation(self, rest: str, dataset: str | None) -> FieldValues:
        if rest == "age_days":
            return self._oldest(self.evidence.evaluations, "evaluation")
        if rest in {"count", "datasets"}:
            counted, why = self._counted(self.evidence.evaluations, "evaluation")
            return _number(len({item.dataset for item in counted} if rest == "datasets" else counted), why)
        metric, _, attribute = rest.partition(".")
        if attribute == "gain":
            return self._gain(metric, dataset)
        wanted = [
            item
            for item in self.evidence.evaluations
            if item.metric == metric and (dataset is None or item.dataset == dataset)
        ]
        what = metric if dataset is None else f"{metric} on {dataset}"
        counted, why = self._counted(wanted, what, ages=attribute == "age_days")
        newest = _newest(counted, lambda item: item.dataset)
        if attribute == "datasets":
            return _number(len(newest), why)
        if attribute == "age_days":
            return FieldValues(tuple(FieldValue(self._age(item), _source_of(item)) for item in newest), why)
        if attribute and newest and any(getattr(item, attribute) is None for item in newest):
            why = f"{what} has no {'number of samples' if attribute == 'n' else 'interval'}"
        return FieldValues(
            tuple(FieldValue(getattr(item, attribute or "value"), _source_of(item)) for item in newest), why
        )

    def _gain(self, metric: str, dataset: str | None) -> FieldValues:
        """By how much it is larger than the champion's, on each data set on which both were measured."""
        if not self.evidence.champion:
            return FieldValues((), "there is no champion")
        mine, why = self._counted([one for one in self.evidence.evaluations if one.metric == metric], metric)
        theirs = {one.dataset: one for one in self.evidence.champion_evaluations if one.metric == metric}
        both = [one for one in mine if one.dataset in theirs and dataset in {None, one.dataset}]
        if not both:
            return FieldValues((), why or f"{metric} of {self.evidence.champion} was measured on no such data set")
        return FieldValues(
            tuple(
                FieldValue(one.value - theirs[one.dataset].value, f"{one.dataset}, against {self.evidence.champion}")
                for one in sorted(both, key=lambda one: one.dataset)
            ),
            why,
        )

    def _bias(self, rest: str) -> FieldValues:
        if rest == "count":
            return _number(*self._how_many(self.evidence.bias, "bias"))
        attribute, _, end = rest.rpartition(".")
        wanted = [item for item in self.evidence.bias if not attribute or item.attribute == attribute]
        what = f"bias by {attribute}" if attribute else "bias"
        if end == "age_days":
            return self._oldest(wanted, what)
        counted, why = self._counted(wanted, what)
        newest = _newest(counted, lambda item: (item.attribute, item.metric, item.dataset))
        if not newest:
            return FieldValues((), why)
        widest = max(newest, key=lambda item: (item.gap, item.attribute))
        return FieldValues(
            (FieldValue(widest.gap, f"{_source_of(widest)}, {widest.attribute}, worst {widest.worst_group}"),), why
        )

    def _security(self, rest: str) -> FieldValues:
        if rest == "age_days":
            return self._oldest(self.evidence.security, "security check")
        if rest == "count":
            return _number(*self._how_many(self.evidence.security, "security check"))
        check = "scan" if rest in ("critical", "high") else rest
        counted, why = self._counted([item for item in self.evidence.security if item.check == check], check)
        newest = _newest(counted, lambda item: item.source)
        if check == rest:
            return FieldValues(tuple(FieldValue(item.outcome, item.source) for item in newest), why)
        counts = [(item, 0 if item.outcome == "clean" else getattr(item, rest)) for item in newest]
        if any(count is None for _, count in counts):
            why = f"a scan does not say how many {rest} findings there are"
        return FieldValues(tuple(FieldValue(count, item.source) for item, count in counts), why)

    def _oldest(self, items: Sequence[Measured], what: str) -> FieldValues:
        counted, why = self._counted(items, what, ages=True)
        if not counted:
            return FieldValues((), why)
        return FieldValues((FieldValue(max(self._age(item) for item in counted)),), why)

    def _how_many(self, items: Sequence[Measured], what: str) -> tuple[int, str]:
        counted, why = self._counted(items, what)
        return len(counted), why

    def _counted(self, items: Sequence[Measured], what: str, *, ages: bool = False) -> tuple[list[Measured], str]:
        """Those that count, and why the others do not; for ages, the old ones count too."""
        counted: list[Measured] = []
        others: list[str] = []
        for item in items:
            if item.digest != self.evidence.digest:
                others.append(f"{what} is about another version ({item.digest[:19]}…)")
            elif item.finished_at > self.now + CLOCK_SKEW:
                others.append(f"{what} is dated in the future ({item.finished_at:%Y-%m-%d})")
            elif self._age(item) > self.max_age_days and not ages:
                others.append(f"{what} is stale: {self._age(item):.0f} days old, the limit is {self.max_age_days:g}")
            else:
                counted.append(item)
        if not counted and not others:
            others = [f"there is no {what}"]
        return counted, "; ".join(sorted(set(others)))

    def _age(self, item: Measured) -> float:
        return max(0.0, (self.now - item.finished_at) / timedelta(days=1))


def _number(count: int, why: str) -> FieldValues:
    """A count is always known: of nothing it is 0."""
    return FieldValues((FieldValue(float(count)),), why)


def _answer(name: str, answer: Permission) -> FieldValues:
    if answer == "unsure":
        words = name.replace("_", " ")
        return FieldValues((), f"the licence's {words} is unsure: terms are missing, not verified, or do not settle it")
    return FieldValues((FieldValue(answer),))


def _newest(items: Sequence[Measured], group: Callable[[Measured], Hashable]) -> list[Measured]:
    return sorted(newest(items, group), key=lambda item: item.model_dump_json())


def _source_of(item: MetricMeasurement | BiasMeasurement) -> str:
    samples = "" if item.n is None else f", n {item.n}"
    return f"{item.dataset}{samples}, {item.finished_at:%Y-%m-%d}"
