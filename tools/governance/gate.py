"""Gates over the ledger: a version is judged by the evidence and policies of this moment, and the verdict is kept."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import GateRefused, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.governance import GateResult as StoredResult
from memory.ledger.versions import Version
from tools.governance.evidence import Evidence, Purpose, Region
from tools.governance.evidence_store import EvidenceSource, Use
from tools.governance.policy_store import active_policies, known_stages
from tools.governance.verdict import GateResult, Reason, Verdict, approvers, decide
from tools.registry.versions import VersionName, find_version
from tools.spec import ToolContext, ToolSpec, View, tool

_MOST = 1000
"""Newest verdicts among which those on one use are looked for."""


class GateView(View):
    """One verdict; reasons are in the order in which they count.

    Attributes:
        gate: what it was judged for: purpose/region/stage.
        deciding: the reasons that made the verdict, in a sentence each.
        digest: of policies, evidence and time.
    """

    id: str
    gate: str
    version: str
    version_digest: str
    verdict: Verdict
    deciding: list[str]
    reasons: list[Reason]
    obligations: list[str]
    policy_digest: str
    evidence_digest: str
    digest: str
    at: AwareDatetime


class GateHistory(BaseModel):
    """Verdicts on one version, newest first; `about` is what was asked for, empty for all."""

    version: str
    about: str = ""
    results: list[GateView]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it was made of; `approvers` is how many others have to agree, besides."""

    use: Use
    evidence: Evidence
    result: GateResult
    approvers: int = 1


@dataclass(frozen=True, slots=True)
class Gates:
    """Judges versions.

    Attributes:
        use: what a version must be good for wherever nothing says what it is used for.
    """

    source: EvidenceSource
    use: Use = field(default_factory=Use)

    def judge(self, unit: Unit, version: Version, use: Use, requested_by: str, now: datetime) -> Judgement:
        """The verdict on what is known now. Raises InvalidInput: as `EvidenceSource.gather`."""
        evidence = self.source.gather(unit, version, use, requested_by)
        policies = active_policies(unit)
        return Judgement(use, evidence, decide(policies, evidence, now), approvers(policies, evidence, now))

    def require(self, unit: Unit, version: Version, use: Use, requested_by: str, now: datetime) -> Judgement:
        """The verdict, where it is a pass.

        Raises:
            GateRefused: it is not; the error carries the reasons.
        """
        found = self.judge(unit, version, use, requested_by, now)
        if found.result.verdict != "pass":
            raise refusal(found)
        return found

    def keep_production(self, context: ToolContext, version: Version) -> int:
        """The gatekeeper of `tools.registry.lifecycle`: production and champion take a pass. Raises GateRefused.

        Returns:
            How many others have to agree.
        """
        use = self.use.model_copy(update={"stage": "production"})
        return self.require(context.unit, version, use, context.principal, context.now).approvers

    def of_target(self, configuration: Mapping[str, Any]) -> Use:
        """What a target's versions are used for: its configuration's `use`, else that of all."""
        use = configuration.get("use")
        return self.use if use is None else Use.model_validate(use)


def refusal(found: Judgement) -> GateRefused:
    """The error for a verdict that is no pass."""
    reasons = reasons_of(found.result)
    return GateRefused(
        f"The gate for {found.use.gate} says {found.result.verdict} of {found.result.subject}: {' '.join(reasons)}",
        f"{advice_on(found.result)}, then check the gate again.",
        reasons,
    )


def advice_on(result: GateResult) -> str:
    """What helps against a verdict that is no pass: the beginning of a sentence."""
    about_licences = [reason.rule == "licence" or "licence." in reason.condition for reason in result.deciding()]
    if result.verdict == "fail" and any(about_licences):
        return (
            "No evidence changes what a licence forbids: take another version, purpose or region, or agree on other "
            "terms with whoever licenses it"
        )
    if result.verdict == "fail":
        return "Mend what it names or take another version, record the evidence"
    if all(about_licences):
        return "Register the version with the licences of its base, adapter and data sets"
    return "Record the evidence that it names"


def reasons_of(result: GateResult) -> list[str]:
    """The reasons that made the verdict, a sentence each, with the facts of the evidence."""
    return [_sentence(reason) for reason in result.deciding()]


def _sentence(reason: Reason) -> str:
    facts = "; ".join(fact.rstrip(".") for fact in reason.facts)
    return reason.text.rstrip(".") + (f" ({facts})." if facts else ".")


def record(unit: Unit, found: Judgement) -> StoredResult:
    """Keep a verdict with all that it was made of."""
    stored = StoredResult(
        id=f"gate-{uuid.uuid4().hex[:12]}",
        gate=found.use.gate,
        version=found.result.subject,
        verdict=found.result.verdict,
        reasons=[reason.model_dump(mode="json") for reason in found.result.reasons],
        evidence={
            "use": found.use.model_dump(mode="json"),
            "evidence": found.evidence.model_dump(mode="json"),
            "result": found.result.model_dump(mode="json"),
        },
        at=found.result.decided_at,
    )
    unit.gates.add(stored)
    return stored


def read_result(stored: StoredResult) -> GateResult | None:
    """The verdict as it was made; None for one that another kind of gate recorded."""
    result = stored.evidence.get("result")
    return None if result is None else GateResult.model_validate(result)


def gate_tools(gates: Gates) -> list[ToolSpec]:
    """The operations on gates."""

    def gate_check(
        context: ToolContext,
        version: VersionName,
        purpose: Annotated[Purpose, Field(description="what it is to be used for")] = gates.use.purpose,
        region: Annotated[
            Region, Field(description="a country by its two letters, EU, EEA or world")
        ] = gates.use.region,
        stage: Annotated[str | None, Field(max_length=64, description="to be promoted to, such as production")] = None,
        users: Annotated[int | None, Field(ge=0, description="expected monthly active users")] = None,
        tags: Annotated[tuple[str, ...], Field(max_length=20, description="such as edge")] = (),
    ) -> GateView:
        """Judge a version for a purpose, region and stage: pass, fail or insufficient evidence, with the reasons."""
        found = find_version(context.unit, version)
        require_stage(context.unit, stage)
        use = Use(purpose=purpose, region=region, stage=stage, users=users, tags=tags)
        judged = gates.judge(context.unit, found, use, context.principal, context.now)
        return _view(record(context.unit, judged), judged.result)

    return [
        tool(gate_check, scopes={"gates:write"}, effect="write"),
        tool(gate_history, scopes={"gates:read"}, ledger=True),
    ]


def require_stage(unit: Unit, stage: str | None) -> None:
    """Raises NotFound: rules ask for stages by name, so that one which nobody knows would be judged by none of them."""
    known = sorted(known_stages(unit))
    if stage is not None and stage not in known:
        advice = f"Known are {', '.join(known)}; a policy file declares others under stages."
        raise NotFound(f"There is no stage {stage!r}.", advice, nearest_names(stage, known))


def gate_history(
    context: ToolContext,
    version: VersionName,
    gate: Annotated[str | None, Field(max_length=200, description="only of this: purpose/region/stage")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="most entries in the answer")] = 20,
    purpose: Annotated[Purpose | None, Field(description="only verdicts on this use")] = None,
    region: Annotated[Region | None, Field(description="only verdicts on just this region: DE, EU, EEA, world")] = None,
) -> GateHistory:
    """List what gates found of a version, newest first, with the reasons of each verdict and what it is about."""
    found = find_version(context.unit, version)
    asked = purpose is not None or region is not None
    results = context.unit.gates.of(found.id, gate, _MOST if asked else limit)
    read = [(stored, result) for stored in results if (result := read_result(stored)) is not None]
    wanted = [(stored, result) for stored, result in read if _is_about(stored, purpose, region)]
    return GateHistory(
        version=found.id,
        about="/".join(part for part in (purpose, region) if part),
        results=[_view(stored, result) for stored, result in wanted[:limit]],
    )


def _is_about(stored: StoredResult, purpose: str | None, region: str | None) -> bool:
    """A verdict on another use or region is none on this one."""
    use = Use.model_validate(stored.evidence.get("use") or {})
    return purpose in {None, use.purpose} and region in {None, use.region}


def _view(stored: StoredResult, result: GateResult) -> GateView:
    return GateView.of(
        result,
        id=stored.id,
        gate=stored.gate,
        version=stored.version,
        version_digest=result.subject_digest,
        deciding=reasons_of(result),
        obligations=[f"{one.name}: {one.text}" for one in result.obligations],
        at=stored.at,
    )
