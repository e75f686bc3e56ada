"""Takes a run through its pipeline as far as it can go now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from edge.kernel.canonical import digest_of
from edge.kernel.errors import CallerError, NotFound
from memory.ledger.approvals import Approval
from memory.ledger.versions import Version
from tools.consent import current
from tools.governance.gate import Gates, record, told
from tools.pipeline_stages import OVER, PipelineStage, Run, RunEvent, RunState
from tools.rollouts.ledger_store import read_rollout
from tools.rollouts.rollout import TERMINAL
from tools.spec import ToolContext
from tools.starting import StartRollout
from tools.templates import RolloutChoice

__all__ = ["Advance"]

APPROVAL_LASTS = timedelta(days=1)


@dataclass(frozen=True)
class Advance:
    """One look at one run, in the transaction of `context`."""

    context: ToolContext
    gates: Gates
    start: StartRollout
    pipeline: str
    stages: Sequence[PipelineStage]

    def advance(self, run: Run) -> Run:
        """The run after everything that can be done now; where it waits or is over, its reasons say why."""
        while run.state not in OVER:
            moved = self._stage(run, self.stages[run.position])
            if moved.position == run.position or moved.state in OVER:
                return moved
            run = moved
        return run

    def _stage(self, run: Run, stage: PipelineStage) -> Run:
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

    def _judged(self, run: Run, stage: PipelineStage, version: Version) -> tuple[Run, bool]:
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
        return self._becomes(run, stage, state, *told(found.result)), False

    def _roll_out(self, run: Run, stage: PipelineStage, target: str) -> Run:
        """Starts it in the name of whoever started the run: nobody may approve its own by letting another advance."""
        choice = stage.strategy or RolloutChoice()
        asking = replace(self.context, principal=run.requested_by)
        try:
            rollout = self.start(asking, target, run.version, choice, None)
        except CallerError as error:
            return self._becomes(run, stage, "waiting_for_target", str(error))
        run = run.model_copy(update={"rollout": rollout.id})
        return self._becomes(run, stage, "rolling_out", f"{rollout.id} moves {target} by {choice.kind}")

    def _agreed(self, run: Run, stage: PipelineStage, version: Version) -> tuple[Run, bool]:
        """The run, and whether somebody else has agreed to exactly this stage, pipeline and content."""
        bound = {
            "run": run.id,
            "pipeline": self.pipeline,
            "stage": stage.model_dump(mode="json"),
            "version": version.id,
            "digest": version.digest,
        }
        name = f"ap-{run.id}-{run.position + 1}"
        waits = f"{name} has to be approved by somebody else than {run.requested_by}"
        try:
            approval = current(self.context.unit.approvals.get(name), self.context.now)
        except NotFound:
            self.context.unit.approvals.save(self._request(name, run, bound))
            run = run.model_copy(update={"approval": name})
            return self._becomes(run, stage, "waiting_for_approval", waits), False
        if approval.digest != digest_of(bound):
            return self._becomes(run, stage, "refused", f"{name} is of another run, stage or content"), False
        if approval.state == "requested":
            return self._becomes(run, stage, "waiting_for_approval", waits), False
        by = f" by {approval.decided_by}" if approval.decided_by else ""
        comment = f": {approval.comment}" if approval.comment else ""
        if approval.state != "approved":
            return self._becomes(run, stage, "refused", f"{name} is {approval.state}{by}{comment}"), False
        self.context.unit.approvals.save(replace(approval, state="used", used_at=self.context.now))
        return run, True

    def _request(self, name: str, run: Run, bound: dict[str, Any]) -> Approval:
        return Approval(
            id=name,
            tool="pipeline_run",
            arguments={"pipeline": self.pipeline, "version": run.version},
            plan={**bound, "gate_result": run.gate_result},
            digest=digest_of(bound),
            requester=run.requested_by,
            four_eyes=True,
            state="requested",
            requested_at=self.context.now,
            expires_at=self.context.now + APPROVAL_LASTS,
        )

    def _follow(self, run: Run, stage: PipelineStage, rollout_id: str) -> Run:
        rollout = read_rollout(self.context.unit, rollout_id)
        if rollout.state == "promoted":
            return self._enter(run, stage)
        state: RunState = "failed" if rollout.state in TERMINAL else "rolling_out"
        return self._becomes(run, stage, state, f"{rollout.id} is {rollout.state}: {rollout.standing}")

    def _enter(self, run: Run, stage: PipelineStage) -> Run:
        unit = self.context.unit
        version = unit.versions.save(replace(unit.versions.get(run.version), stage=stage.name))
        if stage.alias is not None:
            unit.aliases.point(stage.alias, version.id, run.requested_by, self.context.now)
        position = run.position + 1
        run = run.model_copy(update={"position": position, "gate_result": None, "approval": None, "rollout": None})
        last = position == len(self.stages)
        return self._becomes(run, stage, "done" if last else "running", f"{version.id} is in {stage.name}")

    def _becomes(self, run: Run, stage: PipelineStage, state: RunState, *reasons: str) -> Run:
        if (run.state, run.reasons) == (state, reasons):
            return run
        event = RunEvent(at=self.context.now, stage=stage.name, text=f"{state}: {' '.join(reasons)}")
        changed = {"state": state, "reasons": reasons, "updated_at": self.context.now, "events": (*run.events, event)}
        return run.model_copy(update=changed)
