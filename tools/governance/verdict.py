"""The verdict on a version: pass, fail, or insufficient evidence, with reasons.

Rules, licence, bias limits and security count together. One broken rule fails; otherwise whatever is unknown makes the
evidence insufficient: absence is never a pass. The licence is always looked at, whatever the policies say, and no
version passes unless a policy covers its purpose and requires something that is there.

Evidence that is old, dated in the future or about another digest does not count, and the reasons say so. A rule that is
broken only by an age is not broken but insufficient: newer evidence may show that all is well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from tools.governance.conditions import Expression, Truth, all_of, negation
from tools.governance.evidence import Evidence, Frozen, unordered_digest
from tools.governance.facts import Facts, Value
from tools.governance.licence import Compatibility, Obligation, compatibility
from tools.governance.policy import Policy, PolicySet, Rule
from tools.governance.policy_language import fields_of

Verdict = Literal["pass", "fail", "insufficient evidence"]
Outcome = Literal["met", "broken", "unknown", "warning"]
IDENTITY = "identity"
"""Name of the reasons about what is served."""


class Reason(Frozen):
    """The outcome of one rule, or of the licence.

    Attributes:
        rule: `policy/rule`, or `licence`, `identity` (whether what is served is what the version claims to be),
            `freeze`, or `coverage` (whether any policy covers the case).
        outcome: a broken reason fails the gate, an unknown one makes it insufficient, a warning changes nothing.
        condition: the rule's text; empty where there is none.
        facts: the evidence's value of each field, with its source, or what is missing.
    """

    rule: str
    outcome: Outcome
    text: str
    condition: str = ""
    facts: tuple[str, ...] = ()


class GateResult(Frozen):
    """A verdict that can be cited: the same policies, evidence and time give the same result and the same digest.

    Attributes:
        reasons: broken ones first, then unknown ones, warnings, and what is met.
        obligations: of the licences, to be kept when the version is used.
        digest: of policies, evidence and time.
    """

    verdict: Verdict
    subject: str
    subject_digest: str
    reasons: tuple[Reason, ...]
    licence: Compatibility
    obligations: tuple[Obligation, ...]
    decided_at: AwareDatetime
    policy_digest: str
    evidence_digest: str
    digest: str

    def deciding(self) -> tuple[Reason, ...]:
        """The reasons that made the verdict what it is."""
        wanted = {"pass": "met", "fail": "broken", "insufficient evidence": "unknown"}[self.verdict]
        return tuple(reason for reason in self.reasons if reason.outcome == wanted)


class _Cited(Frozen):
    policy: str
    evidence: str
    decided_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class _Case:
    evidence: Evidence
    licence: Compatibility
    now: datetime


def decide(policies: PolicySet, evidence: Evidence, now: datetime) -> GateResult:
    """The verdict on a version. Never raises for evidence that is valid.

    Args:
        now: with its time zone; ages are counted to it.
    """
    lineage = evidence.lineage
    licence = compatibility(
        evidence.licences,
        evidence.purpose,
        evidence.region,
        users=evidence.users,
        quantised=lineage is not None and bool(lineage.quantisation),
        adapted=lineage is not None and bool(lineage.adapter),
    )
    case = _Case(evidence, licence, now)
    reasons = [_licence_reason(licence), *_lineage_reasons(evidence), *_identity_reasons(evidence)]
    reasons += [reason for policy in policies.policies for reason in _of_policy(policy, case)]
    reasons += _freezes(policies, case)
    reasons += _coverage(policies, case, reasons)
    order = ("broken", "unknown", "warning", "met")
    ranked = tuple(sorted(reasons, key=lambda reason: order.index(reason.outcome)))
    evidence_digest = unordered_digest(evidence)
    return GateResult(
        verdict=_verdict(ranked),
        subject=evidence.subject,
        subject_digest=evidence.digest,
        reasons=ranked,
        licence=licence,
        obligations=licence.obligations,
        decided_at=now,
        policy_digest=policies.digest,
        evidence_digest=evidence_digest,
        digest=unordered_digest(_Cited(policy=policies.digest, evidence=evidence_digest, decided_at=now)),
    )


def _verdict(reasons: Sequence[Reason]) -> Verdict:
    outcomes = {reason.outcome for reason in reasons}
    if "broken" in outcomes:
        return "fail"
    return "insufficient evidence" if "unknown" in outcomes else "pass"


def _licence_reason(licence: Compatibility) -> Reason:
    outcomes: dict[str, Outcome] = {"yes": "met", "conditional": "warning", "unsure": "unknown", "no": "broken"}
    purpose = licence.purpose.replace("_", " ")
    texts = {
        "yes": f"The licences allow {purpose} in {licence.region}.",
        "conditional": f"The licences allow {purpose} in {licence.region} under conditions.",
        "unsure": f"Whether the licences allow {purpose} in {licence.region} is unsure.",
        "no": f"The licences do not allow {purpose} in {licence.region}.",
    }
    deciding = [reason for reason in licence.reasons if reason.value == licence.verdict]
    facts = tuple(f"{one.text} Source: {one.source}." if one.source else one.text for one in deciding)
    return Reason(rule="licence", outcome=outcomes[licence.verdict], text=texts[licence.verdict], facts=facts)


def _lineage_reasons(evidence: Evidence) -> Iterator[Reason]:
    """Everything that the version is made of must have its terms among the evidence."""
    if evidence.lineage is None:
        return
    stated = {(part.part, part.name) for part in evidence.licences}
    made_of = [("base", evidence.lineage.base), ("adapter", evidence.lineage.adapter)]
    made_of += [("dataset", name) for name in evidence.lineage.datasets]
    missing = tuple(
        f"no licence of the {part} {name} is recorded" for part, name in made_of if name and (part, name) not in stated
    )
    if missing:
        text = "The lineage names parts whose terms are not known."
        yield Reason(rule="licence", outcome="unknown", text=text, facts=missing)


def _identity_reasons(evidence: Evidence) -> Iterator[Reason]:
    """What is served must be what the version claims to be; evidence about what nobody here can look at is weaker."""
    served = evidence.served
    if served is None:
        return
    if served.serves and served.claims and served.serves != served.claims:
        text = f"{served.reference} serves {served.serves}, and the version claims to be {served.claimed}."
        yield Reason(rule=IDENTITY, outcome="broken", text=text)
    elif served.remote:
        named = served.reference.partition(":")[2].lower()
        known = served.claims and served.serves == served.claims
        if not known and served.claimed.lower() not in {named, served.reference.lower()}:
            text = f"Nobody knows that {served.reference} serves {served.claimed}, which the version claims to be."
            yield Reason(rule=IDENTITY, outcome="unknown", text=text)
        else:
            pinned = f"pinned to the fingerprint {served.fingerprint}" if served.fingerprint else "by its name alone"
            text = f"Weaker evidence: {served.reference} is served elsewhere, {pinned}, and may change unseen."
            yield Reason(rule=IDENTITY, outcome="warning", text=text)
    if served.otherwise:
        text = f"It is served otherwise here than it was measured: {', '.join(served.otherwise)}."
        yield Reason(rule=IDENTITY, outcome="warning", text=text)


def _of_policy(policy: Policy, case: _Case) -> Iterator[Reason]:
    facts = Facts(case.evidence, case.licence, case.now, policy.max_age_days)
    for rule in policy.rules:
        holds = _holds(policy, rule, facts)
        if holds is not False:
            reason = _of_rule(policy, rule, facts, holds)
            if reason is not None:
                yield reason


def _holds(policy: Policy, rule: Rule, facts: Facts) -> Truth:
    return all_of(when.evaluate(facts) for when in (policy.when, rule.when) if when is not None)


def _of_rule(policy: Policy, rule: Rule, facts: Facts, holds: Truth) -> Reason | None:
    truth = rule.condition.evaluate(facts)
    if rule.kind == "warn":
        if truth is False:
            return None
        return _reason(policy, rule, facts, "warning", "cannot be told" if truth is None else "holds")
    met = truth if rule.kind == "require" else negation(truth)
    if met is True:
        # Where it is not known whether the rule holds, its being met is no more than nothing said.
        return _reason(policy, rule, facts, "met", "is met") if holds else None
    if met is False and holds and rule.condition.evaluate_without_ages(facts) is not None:
        return _reason(policy, rule, facts, "broken", "is not met")
    if met is False and holds:
        return _reason(policy, rule, facts, "unknown", "is met by no evidence that is new enough: it is stale")
    what = "cannot be decided: evidence is missing" if holds else "may hold here: the stage is not said"
    return _reason(policy, rule, facts, "unknown", what)


def _reason(policy: Policy, rule: Rule, facts: Facts, outcome: Outcome, what: str) -> Reason:
    why = f" {rule.why}" if rule.why and outcome != "met" else ""
    return Reason(
        rule=f"{policy.id}/{rule.id}",
        outcome=outcome,
        text=f"{rule.kind} {rule.condition.text} {what}.{why}",
        condition=rule.condition.text,
        facts=tuple(_field_facts(rule.condition, facts)),
    )


def _field_facts(condition: Expression, facts: Facts) -> Iterator[str]:
    """One line for each field that the condition names."""
    for name, dataset in dict.fromkeys((field.name, field.dataset) for field in fields_of(condition.tree)):
        readings = facts.about(name, dataset)
        known = [
            f"{name} is {_value(name, reading.value)}" + (f" ({reading.source})" if reading.source else "")
            for reading in readings.values
        ]
        missing = [f"{name} is unknown: {readings.why}"] if readings.why and not known else []
        left_out = [f"not counted: {readings.why}"] if readings.why and known else []
        yield "; ".join([*known, *missing, *left_out])


def _value(name: str, value: Value | None) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, frozenset):
        shown = sorted(value)
        return ", ".join(shown[:8]) + (", …" if len(shown) > 8 else "") if shown else "empty"
    if isinstance(value, str):
        return value
    return f"{round(value, 2):g}" if name.endswith("age_days") else f"{value:.6g}"


def _freezes(policies: PolicySet, case: _Case) -> Iterator[Reason]:
    """In a freeze nothing is bad, and nothing passes."""
    facts = Facts(case.evidence, case.licence, case.now, max_age_days=1)
    for freeze in policies.freezes:
        holds = freeze.when is None or freeze.when.evaluate(facts) is not False
        if holds and freeze.since <= case.now < freeze.until:
            why = f" {freeze.why}" if freeze.why else ""
            text = f"The freeze {freeze.id} holds until {freeze.until:%Y-%m-%d %H:%M %Z}.{why}"
            yield Reason(rule="freeze", outcome="unknown", text=text)


def approvers(policies: PolicySet, evidence: Evidence, now: datetime) -> int:
    """How many people must agree, besides whoever asks: the most that a policy wants which may hold here."""
    terms = compatibility(evidence.licences, evidence.purpose, evidence.region, users=evidence.users)
    facts = Facts(evidence, terms, now, max_age_days=1)
    held = (one for one in policies.policies if one.when is None or one.when.evaluate(facts) is not False)
    return max((one.approvers for one in held), default=1)


def _coverage(policies: PolicySet, case: _Case, reasons: Sequence[Reason]) -> Iterator[Reason]:
    """A version that nothing was required of has not passed anything."""
    required = {
        f"{policy.id}/{rule.id}" for policy in policies.policies for rule in policy.rules if rule.kind == "require"
    }
    if not any(reason.rule in required for reason in reasons):
        evidence = case.evidence
        stage = f" at stage {evidence.stage}" if evidence.stage else ""
        text = f"No policy requires anything for {evidence.purpose} in {evidence.region}{stage}."
        yield Reason(rule="coverage", outcome="unknown", text=text)
