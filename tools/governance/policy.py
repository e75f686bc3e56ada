"""Policies as code: YAML files of rules over evidence.

    schema: 1
    policies:
      - id: product
        title: Ship in a product
        when: purpose == "product"
        max_age_days: 90
        rules:
          - id: accurate
            require: evaluation.accuracy.lower >= 0.8
            why: Customers rely on it.

A file may declare `metrics`, `attributes` and `stages` of its own, and `freezes`, times in which nothing passes.
A rule has one of `require` (must be true), `forbid` (must be false) and `warn` (is told when true); its `when`, and the
policy's, say where it holds. The language: `docs/policies.md`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from edge.kernel.errors import InvalidInput
from memory.yaml_text import parse_yaml
from tools.governance.conditions import Expression, parse_expression
from tools.governance.evidence import Frozen, unordered_digest
from tools.governance.facts import DEFAULT_VOCABULARY, Vocabulary
from tools.governance.policy_language import ExpressionError, fields_of

Place = tuple[str | int, ...]
Kind = Literal["require", "forbid", "warn"]

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Bound = Annotated[float, Field(allow_inf_nan=False)]
_CIRCUMSTANCES = frozenset({"purpose", "region", "stage", "tags"})


class _MetricEntry(Frozen):
    low: Bound | None = None
    high: Bound | None = None


class _RuleEntry(Frozen):
    id: Identifier
    require: str | None = None
    forbid: str | None = None
    warn: str | None = None
    when: str | None = None
    why: str = ""


class _FreezeEntry(Frozen):
    id: Identifier
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    when: str | None = None
    why: str = ""

    @model_validator(mode="after")
    def _lasts(self) -> "_FreezeEntry":
        if self.until <= self.since:
            raise ValueError("until must be later than from")
        return self


class _PolicyEntry(Frozen):
    id: Identifier
    title: str
    when: str | None = None
    max_age_days: float = Field(default=90, gt=0, le=3650)
    approvers: int = Field(default=1, ge=1, le=10)
    rules: tuple[_RuleEntry, ...] = Field(min_length=1)


class _File(Frozen):
    schema_: Literal[1] = Field(alias="schema")
    metrics: dict[Name, _MetricEntry] = Field(default={})
    attributes: tuple[Name, ...] = ()
    stages: tuple[Identifier, ...] = ()
    freezes: tuple[_FreezeEntry, ...] = ()
    policies: tuple[_PolicyEntry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One checked rule; `when` is None where it always holds."""

    id: str
    kind: Kind
    condition: Expression
    when: Expression | None
    why: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Checked rules for one circumstance. Measurements older than `max_age_days` do not count.

    Attributes:
        approvers: how many other people must agree, where the policy holds.
    """

    id: str
    title: str
    when: Expression | None
    max_age_days: float
    rules: tuple[Rule, ...]
    approvers: int = 1


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time in which nothing passes where `when` holds."""

    id: str
    since: datetime
    until: datetime
    when: Expression | None
    why: str


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies of one file.

    Attributes:
        digest: of what the file says, whatever its layout, order and comments.
    """

    policies: tuple[Policy, ...]
    digest: str
    freezes: tuple[Freeze, ...] = ()

    @property
    def rules(self) -> list[str]:
        """Names of the rules: `policy/rule`."""
        return [f"{policy.id}/{rule.id}" for policy in self.policies for rule in policy.rules]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a policy file, at a line of it."""

    line: int
    message: str
    nearest: tuple[str, ...] = ()

    def located(self, name: str) -> str:
        hint = f" Nearest: {', '.join(self.nearest)}." if self.nearest else ""
        return f"{name}:{self.line}: {self.message}.{hint}"


@dataclass(frozen=True, slots=True)
class Located:
    """Plain data and where it stands.

    Attributes:
        lines: number, 1-based, of the line on which the value at each place begins.
    """

    data: Any
    lines: dict[Place, int]

    def line_of(self, place: Place) -> int:
        """Of the nearest thing that stands in the file: a missing entry has the line of what lacks it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_policies(text: str, name: str = "policy", *, any_stage: bool = False) -> PolicySet:
    """Read and check a policy file.

    Args:
        name: of the file, for messages.
        any_stage: take stages that nothing declares, as in files that an earlier release took.

    Raises:
        InvalidInput: there are mistakes; the message lists all of them with lines and nearest names.
    """
    policies, problems = _load(text, name, any_stage=any_stage)
    if policies is None:
        told = "\n".join(problem.located(name) for problem in problems)
        raise InvalidInput(told, "See docs/policies.md for the language.")
    return policies


def check_policies(text: str, name: str = "policy") -> list[Problem]:
    """Every mistake of a policy file; empty where it is right.

    Raises:
        InvalidInput: the text is not YAML.
    """
    return _load(text, name)[1]


def default_policies() -> PolicySet:
    """The policies that hold where a tenant has none of its own."""
    return read_policies(default_text(), "default_policies.yaml")


@cache
def default_text() -> str:
    """The file of the default policies."""
    return (files("tools.governance") / "default_policies.yaml").read_text(encoding="utf-8")


def _load(text: str, name: str, *, any_stage: bool = False) -> tuple[PolicySet | None, list[Problem]]:
    located = read_located(text, name)
    try:
        entries = _File.model_validate(located.data)
    except ValidationError as error:
        return None, [Problem(line, said) for line, said in mistakes(error, located)]
    vocabulary = DEFAULT_VOCABULARY.extended(
        {metric: (entry.low, entry.high) for metric, entry in entries.metrics.items()},
        entries.attributes,
        entries.stages,
        any_stage=any_stage,
    )
    problems = [*_name_problems(entries, located)]
    policies = [
        _policy(entry, ("policies", number), located, vocabulary, problems)
        for number, entry in enumerate(entries.policies)
    ]
    freezes = [
        Freeze(
            entry.id,
            entry.since,
            entry.until,
            _circumstance(entry.when, ("freezes", number, "when"), f"freeze {entry.id}", located, vocabulary, problems),
            entry.why,
        )
        for number, entry in enumerate(entries.freezes)
    ]
    if problems:
        return None, sorted(problems, key=lambda problem: problem.line)
    return PolicySet(tuple(policies), unordered_digest(entries), tuple(freezes)), []


def _name_problems(entries: _File, located: Located) -> Iterator[Problem]:
    ids = [policy.id for policy in entries.policies]
    yield from _doubles(ids, ("policies",), located)
    yield from _doubles([freeze.id for freeze in entries.freezes], ("freezes",), located)
    for number, policy in enumerate(entries.policies):
        yield from _doubles([rule.id for rule in policy.rules], ("policies", number, "rules"), located)
    for metric, entry in entries.metrics.items():
        line = located.line_of(("metrics", metric))
        if entry.low is not None and entry.high is not None and entry.low >= entry.high:
            yield Problem(line, f"metric {metric}: low must be below high")
        if metric in DEFAULT_VOCABULARY.metrics or metric == "age_days":
            yield Problem(line, f"metric {metric} is known already and cannot be declared")


def _doubles(ids: Sequence[str], place: Place, located: Located) -> Iterator[Problem]:
    for number, identifier in enumerate(ids):
        if identifier in ids[:number]:
            yield Problem(located.line_of((*place, number, "id")), f"the id {identifier} stands here twice")


def _policy(
    entry: _PolicyEntry, place: Place, located: Located, vocabulary: Vocabulary, problems: list[Problem]
) -> Policy:
    def when(text: str | None, at: Place, label: str) -> Expression | None:
        return _circumstance(text, (*at, "when"), label, located, vocabulary, problems)

    rules: list[Rule] = []
    for number, rule in enumerate(entry.rules):
        at, label = (*place, "rules", number), f"rule {entry.id}/{rule.id}"
        kinds: list[tuple[Kind, str | None]] = [("require", rule.require), ("forbid", rule.forbid), ("warn", rule.warn)]
        stated: list[tuple[Kind, str]] = [(kind, text) for kind, text in kinds if text is not None]
        if len(stated) != 1:
            problems.append(Problem(located.line_of(at), f"{label}: give exactly one of require, forbid and warn"))
            continue
        ((kind, text),) = stated
        condition = _expression(text, (*at, kind), label, located, vocabulary, problems)
        holds = when(rule.when, at, label)
        if condition is not None:
            rules.append(Rule(rule.id, kind, condition, holds, rule.why))
    where = when(entry.when, place, f"policy {entry.id}")
    return Policy(entry.id, entry.title, where, entry.max_age_days, tuple(rules), entry.approvers)


def _expression(
    text: str, at: Place, label: str, located: Located, vocabulary: Vocabulary, problems: list[Problem]
) -> Expression | None:
    try:
        return parse_expression(text, vocabulary)
    except ExpressionError as error:
        message = f"{label}: {error.message} (column {error.column} of the rule)"
        problems.append(Problem(located.line_of(at), message, error.nearest))
        return None


def _circumstance(
    text: str | None, at: Place, label: str, located: Located, vocabulary: Vocabulary, problems: list[Problem]
) -> Expression | None:
    """A condition that says where something holds."""
    found = None if text is None else _expression(text, at, label, located, vocabulary, problems)
    strange = {field.name for field in fields_of(found.tree)} - _CIRCUMSTANCES if found is not None else set[str]()
    if strange:
        allowed = ", ".join(sorted(_CIRCUMSTANCES))
        message = f"{label}: when asks only for {allowed}, not for {', '.join(sorted(strange))}"
        problems.append(Problem(located.line_of(at), message))
    return found


def read_located(text: str, name: str) -> Located:
    """Parse one document.

    Args:
        name: of the file, for messages.

    Raises:
        InvalidInput: it is not YAML, or a mapping has one key twice; the message has the line.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        lines = dict(_lines(root, (), name, set())) if root is not None else {}
        return Located(parse_yaml(text), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidInput(f"{name}{line}: not YAML: {problem}.", "Correct the file.") from error
    except (RecursionError, ValueError) as error:
        raise InvalidInput(f"{name}: not acceptable YAML: {type(error).__name__}.", "Correct the file.") from error


def mistakes(error: ValidationError, located: Located, under: Place = ()) -> list[tuple[int, str]]:
    """Pydantic's errors about the data, by line.

    Args:
        under: place of the part that was validated.
    """
    found: list[tuple[int, str]] = []
    for entry in error.errors():
        place: Place = (*under, *entry["loc"])
        said = entry["msg"].removeprefix("Value error, ")
        where = ".".join(str(part) for part in place) or "the file"
        found.append((located.line_of(place), f"{where}: {said[:1].lower()}{said[1:]}"))
    return sorted(found)


def _lines(node: Any, place: Place, name: str, walked: set[int]) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if id(node) in walked:  # an alias: what stands under it is placed where the anchor is
        return
    walked.add(id(node))
    if node.id == "sequence":
        for number, inner in enumerate(node.value):
            yield from _lines(inner, (*place, number), name, walked)
    elif node.id == "mapping":
        seen: set[str] = set()
        for key, inner in node.value:
            word = str(key.value)
            if word in seen:
                line = key.start_mark.line + 1
                raise InvalidInput(f"{name}:{line}: {word} stands here twice.", "Keep one of them.")
            seen.add(word)
            yield from _lines(inner, (*place, word), name, walked)
