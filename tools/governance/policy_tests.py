"""Tests of policies, in YAML beside them: evidence, the verdict that is expected, and the rules that decide it.

    schema: 1
    policy: product.yaml
    now: 2026-11-20T12:00:00Z
    given:                          # evidence that all cases share; a case's own entries replace these
      subject: faq-1
      purpose: product
      region: DE
      licences: [{part: base, model: phi-4-mini}]
      evaluations: [{metric: accuracy, value: 0.9, dataset: faq, days_old: 3}]
    tests:
      - name: a good version passes
        expect: pass
      - name: an old measurement is none
        evidence: {evaluations: [{metric: accuracy, value: 0.9, dataset: faq, days_old: 300}]}
        expect: insufficient evidence
        reasons: [product/accurate]

Short forms: `model:` looks a base or adapter up in the catalogue, `licence:` names a licence by its id, `days_old:`
stands for `finished_at`, and a digest that is left out is the version's own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from pydantic import AwareDatetime, Field, ValidationError

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.names import nearest_names
from tools.governance.evidence import Evidence, Frozen, LicensedPart
from tools.governance.licence import Licences
from tools.governance.policy import Located, Place, PolicySet, mistakes, read_located
from tools.governance.verdict import GateResult, Verdict, decide

_MODELS = ("base", "adapter")
_OWN_DIGEST = "sha256:" + "0" * 64


class _Case(Frozen):
    name: str = Field(min_length=1)
    evidence: dict[str, Any] = Field(default={})
    expect: Verdict
    reasons: tuple[str, ...] = ()


class _File(Frozen):
    schema_: int = Field(alias="schema", ge=1, le=1)
    policy: str
    now: AwareDatetime
    given: dict[str, Any] = Field(default={})
    tests: tuple[_Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _Checked:
    name: str
    line: int
    evidence: Evidence
    expect: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyTests:
    """A checked file of tests.

    Attributes:
        policy: the policy file that they are for, relative to their own.
    """

    policy: str
    now: datetime
    cases: tuple[_Checked, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case.

    Attributes:
        problems: why it did not pass; empty where it did.
    """

    name: str
    line: int
    result: GateResult
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.problems


def read_policy_tests(text: str, name: str, licences: Licences) -> PolicyTests:
    """Read and check a file of tests.

    Args:
        name: of the file, for messages.

    Raises:
        InvalidInput: it is not YAML, or not of the shape above; the message has the lines.
    """
    located = read_located(text, name)
    try:
        entries = _File.model_validate(located.data)
    except ValidationError as error:
        raise _mistaken(error, located, (), name) from error
    cases: list[_Checked] = []
    for number, case in enumerate(entries.tests):
        place: Place = ("tests", number)
        try:
            evidence = _evidence({**entries.given, **case.evidence}, entries.now, licences)
        except ValidationError as error:
            raise _mistaken(error, located, (*place, "evidence"), name) from error
        except NotFound as error:
            line = located.line_of((*place, "evidence"))
            raise InvalidInput(f"{name}:{line}: {error.message}", error.advice) from error
        cases.append(_Checked(case.name, located.line_of(place), evidence, case.expect, case.reasons))
    return PolicyTests(entries.policy, entries.now, tuple(cases))


def run_policy_tests(tests: PolicyTests, policies: PolicySet) -> list[CaseResult]:
    """Decide every case and compare. A reason is expected among those that decided."""
    return [_run(case, tests.now, policies, [*policies.rules, "licence", "coverage"]) for case in tests.cases]


def _run(case: _Checked, now: datetime, policies: PolicySet, known: list[str]) -> CaseResult:
    result = decide(policies, case.evidence, now)
    decided = {reason.rule: reason for reason in result.deciding()}
    problems: list[str] = []
    if result.verdict != case.expect:
        problems.append(f"expected {case.expect}, got {result.verdict}")
        problems += [f"{reason.rule}: {reason.text}" for reason in decided.values()]
    for wanted in case.reasons:
        if wanted not in known:
            near = ", ".join(nearest_names(wanted, known))
            problems.append(f"no rule is called {wanted}" + (f" (nearest: {near})" if near else ""))
        elif wanted not in decided:
            problems.append(f"{wanted} did not decide; these did: {', '.join(decided) or 'none'}")
    return CaseResult(case.name, case.line, result, tuple(problems))


def _evidence(entry: dict[str, Any], now: datetime, licences: Licences) -> Evidence:
    digest = entry.get("digest", _OWN_DIGEST)
    full: dict[str, Any] = {"subject": "version", **entry, "digest": digest}
    for kind in ("evaluations", "bias", "security"):
        if isinstance(full.get(kind), list):
            full[kind] = [_measured(item, digest, now) for item in full[kind]]
    if isinstance(full.get("licences"), list):
        full["licences"] = [_licensed(item, licences) for item in full["licences"]]
    return Evidence.model_validate(full)


def _measured(item: Any, digest: str, now: datetime) -> Any:
    if not isinstance(item, dict):
        return item
    fields = {"digest": digest, **cast("dict[str, Any]", item)}
    days = fields.get("days_old")
    if isinstance(days, int | float) and abs(days) < 100_000:
        del fields["days_old"]
        fields.setdefault("finished_at", now - timedelta(days=days))
    return fields


def _licensed(item: Any, licences: Licences) -> LicensedPart | Any:
    fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    part, name, licence = fields.get("part"), str(fields.get("name", "")), fields.get("licence")
    if sorted(fields) == ["model", "part"] and part in _MODELS:
        return licences.model(str(fields["model"]), part)
    if sorted(fields) == ["licence", "name", "part"] and isinstance(licence, str):
        if part == "dataset":
            return licences.dataset(name, licence)
        if part in _MODELS:
            return licences.part(part, name, licence)
    return item


def _mistaken(error: ValidationError, located: Located, place: Place, name: str) -> InvalidInput:
    told = "\n".join(f"{name}:{line}: {said}." for line, said in mistakes(error, located, place))
    return InvalidInput(told, "See docs/policies.md for tests of policies.")
