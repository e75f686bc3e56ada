"""Deployment pipelines: their stages, a version's run through them, and how a run is advanced as far as can be now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from edge.kernel.errors import CallerError
from memory.ledger.versions import Version
from tools.calling.approval import ApprovalRequest, ask, consume, find_requested
from tools.factories import ShortName
from tools.governance.evidence import Frozen
from tools.governance.evidence_store import Use
from tools.governance.gate import Gates, reasons_of, record
from tools.rollouts.plans import RolloutChoice
from tools.rollouts.rollout import TERMINAL
from tools.rollouts.store import read_rollout
from tools.rollouts.tools import start_rollout
from tools.spec import ToolContext

RunState = Literal[
    "running",
    "waiting_for_evidence",
    "waiting_for_approval",
    "waiting_for_target",
    "rolling_out",
    "done",
    "refused",
    "failed",
    "cancelled",
]
OVER: frozenset[RunState] = frozenset({"done", "refused", "failed", "cancelled"})


class PipelineStage(Frozen):
    """One stage: its gate must pass, then it is approved or rolled out, then the version is in it.

    Attributes:
        name: the stage of the roster that the version enters.
        gate: what the version must be good for; None for no gate.
        approval: somebody else has to agree first. A rollout always waits for its own approval.
        alias: names the version once it is in the stage.
        target: is moved to the version, by `strategy`.
    """

    name: ShortName
    gate: Use | None = None
    approval: bool = False
    alias: ShortName | None = None
    target: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    strategy: RolloutChoice | None = None

    @model_validator(mode="after")
    def _agrees(self) -> "PipelineStage":
        serious = self.name == "production" or self.alias == "champion"
        if self.name == "retired":
            raise ValueError("a version is retired with a reason, not by a pipeline")
        if self.strategy is not None and self.target is None:
            raise ValueError(f"{self.name} has a strategy and no target")
        if (serious or self.target) and self.gate is None:
            raise ValueError(f"{self.name} needs a gate: production, champion and targets take no version without one")
        if serious and not self.approval and self.target is None:
            raise ValueError(f"{self.name} needs an approval: production and champion take four eyes")
        if serious and self.gate is not None and self.gate.purpose == "research":
            raise ValueError(f"{self.name} is not for research: judge it for what it will be used for")
        if self.gate is not None and self.gate.stage not in {None, self.name}:
            raise ValueError(f"the gate of {self.name} is for the stage {self.gate.stage}")
        return self

    @property
    def use(self) -> Use | None:
        """What the gate judges for."""
        return None if self.gate is None else self.gate.model_copy(update={"stage": self.name})


class RunEvent(BaseModel):
    """One thing that happened in a run."""

    at: AwareDatetime
    stage: str
    text: str


class PipelineRun(BaseModel):
    """One version on its way through a pipeline.

    Attributes:
        digest: of the version's content.
        position: index of the stage that is next; the number of stages when it is done.
        reasons: why it is where it is.
        gate_result, approval, rollout: ids, of the stage that is next.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    version: str
    digest: str
    requested_by: str
    started_at: AwareDatetime
    updated_at: AwareDatetime
    state: RunState = "running"
    position: int = 0
    reasons: tuple[str, ...] = ()
    gate_result: str | None = None
    approval: str | None = None
    rollout: str | None = None
    events: tuple[RunEvent, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it is still on its way."""
        return self.state not in OVER


@dataclass(frozen=True)
class Advance:
    """One look at one run, in the transaction of `context`."""

    context: ToolContext
    gates: Gates
    pipeline: str
    stages: Sequence[PipelineStage]

    def advance(self, run: PipelineRun) -> PipelineRun:
        """The run after everything that can be done now; where it waits or is over, its reasons say why."""
        while run.state not in OVER:
            moved = self._stage(run, self.stages[run.position])
            if moved.position == run.position or moved.state in OVER:
                return moved
            run = moved
        return run

    def _stage(self, run: PipelineRun, stage: PipelineStage) -> PipelineRun:
        if run.rollout is not None:
            return self._follow(run, stage, run.rollout)
        version = self.context.unit.versions.get(run.version)
        if version.stage == "retired":
            return self._becomes(run, stage, "refused", f"{version.id} is retired: {version.retired_reason}")
        run, passed = self._judged(run, stage, version)
        if not passed:
            return run
        if stage.target is not None:
            return self._roll_out(run, stage, stage.target)
        run, agreed = self._agreed(run, stage, version) if stage.approval else (run, True)
        return self._enter(run, stage) if agreed else run

    def _judged(self, run: PipelineRun, stage: PipelineStage, version: Version) -> tuple[PipelineRun, bool]:
        """The run, and whether the gate of the stage lets it go on; a verdict is kept when it is a new one."""
        if stage.use is None:
            return run, True
        unit = self.context.unit
        found = self.gates.judge(unit, version, stage.use, run.requested_by, self.context.now)
        states: dict[str, RunState] = {"fail": "refused", "pass": "waiting_for_approval"}
        state = states.get(found.result.verdict, "waiting_for_evidence")
        if run.state != state:
            run = run.model_copy(update={"gate_result": record(unit, found).id})
        if found.result.verdict == "pass":
            return run, True
        return self._becomes(run, stage, state, *reasons_of(found.result)), False

    def _roll_out(self, run: PipelineRun, stage: PipelineStage, target: str) -> PipelineRun:
        """Starts it in the name of whoever started the run: nobody may approve its own by letting another advance."""
        choice = stage.strategy or RolloutChoice()
        asking = replace(self.context, principal=run.requested_by)
        try:
            rollout = start_rollout(asking, target, run.version, choice.strategy)
        except CallerError as error:
            return self._becomes(run, stage, "waiting_for_target", str(error))
        run = run.model_copy(update={"rollout": rollout.id})
        return self._becomes(run, stage, "rolling_out", f"{rollout.id} moves {target} by {choice.kind}")

    def _agreed(self, run: PipelineRun, stage: PipelineStage, version: Version) -> tuple[PipelineRun, bool]:
        """The run, and whether somebody else has agreed to exactly this stage, pipeline and content."""
        unit, now = self.context.unit, self.context.now
        request = self._request(run, stage, version)
        if stage.use is not None and find_requested(unit, request.id, now) is None:
            judged = self.gates.judge(unit, version, stage.use, run.requested_by, now)
            request = replace(request, needed=judged.approvers)
        approval = ask(unit, request, now)
        name = approval.id
        if approval.digest != request.digest:
            return self._becomes(run, stage, "refused", f"{name} is of another run, stage or content"), False
        if approval.state == "requested":
            run = run.model_copy(update={"approval": name})
            waits = f"{name} has to be approved by somebody else than {run.requested_by}"
            return self._becomes(run, stage, "waiting_for_approval", waits), False
        by = f" by {approval.decided_by}" if approval.decided_by else ""
        comment = f": {approval.comment}" if approval.comment else ""
        if approval.state != "approved":
            return self._becomes(run, stage, "refused", f"{name} is {approval.state}{by}{comment}"), False
        consume(unit, approval, now)
        return run, True

    def _request(self, run: PipelineRun, stage: PipelineStage, version: Version) -> ApprovalRequest:
        bound = {
            "run": run.id,
            "pipeline": self.pipeline,
            "stage": stage.model_dump(mode="json"),
            "version": version.id,
            "digest": version.digest,
        }
        return ApprovalRequest(
            id=f"ap-{run.id}-{run.position + 1}",
            tool="pipeline_run",
            arguments={"pipeline": self.pipeline, "version": run.version},
            plan={**bound, "gate_result": run.gate_result},
            bound=bound,
            requester=run.requested_by,
        )

    def _follow(self, run: PipelineRun, stage: PipelineStage, rollout_id: str) -> PipelineRun:
        rollout = read_rollout(self.context.unit, rollout_id)
        if rollout.state == "promoted":
            return self._enter(run, stage)
        state: RunState = "failed" if rollout.state in TERMINAL else "rolling_out"
        return self._becomes(run, stage, state, f"{rollout.id} is {rollout.state}: {rollout.standing}")

    def _enter(self, run: PipelineRun, stage: PipelineStage) -> PipelineRun:
        unit = self.context.unit
        version = unit.versions.save(replace(unit.versions.get(run.version), stage=stage.name))
        if stage.alias is not None:
            unit.aliases.point(stage.alias, version.id, run.requested_by, self.context.now)
        position = run.position + 1
        run = run.model_copy(update={"position": position, "gate_result": None, "approval": None, "rollout": None})
        last = position == len(self.stages)
        return self._becomes(run, stage, "done" if last else "running", f"{version.id} is in {stage.name}")

    def _becomes(self, run: PipelineRun, stage: PipelineStage, state: RunState, *reasons: str) -> PipelineRun:
        if (run.state, run.reasons) == (state, reasons):
            return run
        event = RunEvent(at=self.context.now, stage=stage.name, text=f"{state}: {' '.join(reasons)}")
        changed = {"state": state, "reasons": reasons, "updated_at": self.context.now, "events": (*run.events, event)}
        return run.model_copy(update=changed)
