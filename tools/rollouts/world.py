"""What rollouts observe: ports for metrics, waves of devices, gate, approvals, runtimes; ledger adapters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from edge.kernel.errors import CallerError
from memory.ledger import Ledger
from memory.ledger.approvals import Approval
from tools.calling.approval import ask, consume, find_requested
from tools.governance.evidence_store import Use
from tools.governance.gate import Gates, reasons_of, record
from tools.rollouts.canary_analysis import Observed, WaveReport
from tools.rollouts.rollout import GateAnswer, Rollout
from tools.rollouts.store import approval_request
from tools.rollouts.targets import Arm, wave


@dataclass(frozen=True, slots=True)
class Window:
    """Requests to one arm of a target that ended at `since` <= t < `until`."""

    target: str
    arm: Arm
    since: datetime
    until: datetime


class Metrics(Protocol):
    """What was measured of the arms of serving targets."""

    def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
        """What was measured in each window; of a shadow, the copies."""
        ...


class Fleet(Protocol):
    """The groups of devices."""

    def report(self, tenant: str, target: str, arm: Arm, percent: int) -> WaveReport:
        """How the devices in the wave of so many percent (`targets.wave`) stand with this arm."""
        ...


class Gate(Protocol):
    """Whether a version may go out."""

    def judge(self, rollout: Rollout) -> GateAnswer: ...


@dataclass(frozen=True, slots=True)
class ApprovalAnswer:
    """How the approval of a rollout stands; `reason` names who, and why."""

    standing: Literal["open", "approved", "rejected", "expired"]
    reason: str = ""


class Approvals(Protocol):
    """Four eyes."""

    def ask(self, rollout: Rollout) -> ApprovalAnswer:
        """How it stands; asks for it where nobody has. It binds to the rollout's plan, candidate and target."""
        ...


class Runtimes(Protocol):
    """What runs the versions."""

    def not_ready(self, tenant: str, target: str, arm: Arm) -> str:
        """Why the arm cannot serve now; empty where it can."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a rollout is judged by."""

    metrics: Metrics
    fleet: Fleet
    gate: Gate
    approvals: Approvals
    runtimes: Runtimes


@dataclass(frozen=True, slots=True)
class EvidenceGate:
    """`Gate`: judges the candidate for what its target is used for, and keeps the verdict.

    An older pass is not enough: it may have been for a lesser purpose, by other policies, or by evidence that is stale.
    """

    ledger: Ledger
    clock: Callable[[], datetime]
    gates: Gates

    def judge(self, rollout: Rollout) -> GateAnswer:
        with self.ledger.unit(rollout.tenant) as unit:
            try:
                version = unit.versions.get(rollout.candidate.version)
                target = unit.targets.find(rollout.target)
                use = self._use(rollout, self.gates.of_target(target.configuration if target else {}))
                found = self.gates.judge(unit, version, use, rollout.requested_by, self.clock())
            except CallerError as error:
                return GateAnswer("insufficient_evidence", (str(error),))
            kept = record(unit, found)
        found_verdict = found.result.verdict
        verdict = "insufficient_evidence" if found_verdict == "insufficient evidence" else found_verdict
        return GateAnswer(verdict, tuple(reasons_of(found.result)), kept.gate, kept.id, found.approvers)

    @staticmethod
    def _use(rollout: Rollout, use: Use) -> Use:
        tags = (*use.tags, "edge") if rollout.plan.kind == "devices" else use.tags
        otherwise = tuple(sorted(rollout.candidate.configuration))
        return use.model_copy(update={"stage": "production", "tags": tags, "otherwise": otherwise})


@dataclass(frozen=True, slots=True)
class LedgerApprovals:
    """`Approvals`: asks for one that is bound to exactly this rollout and its plan."""

    ledger: Ledger
    clock: Callable[[], datetime]

    def ask(self, rollout: Rollout) -> ApprovalAnswer:
        request, now = approval_request(rollout), self.clock()
        with self.ledger.view(rollout.tenant) as view:
            known = find_requested(view, request.id, now)
            if known is not None and known.state == "requested":
                return ApprovalAnswer("open", known.id)  # looking takes no lock
        with self.ledger.unit(rollout.tenant) as unit:
            approval = ask(unit, request, now)
            if approval.digest == request.digest and approval.state == "approved":
                consume(unit, approval, now)
        return _answer(approval, request.digest)


@dataclass(frozen=True, slots=True)
class LedgerFleet:
    """`Fleet`: devices of the group that the target names, by what they reported.

    A device that runs a version reports `{"version": KEY}`; one that failed to, `{"failed": KEY}`; KEY is `Arm.key`.
    """

    ledger: Ledger

    def report(self, tenant: str, target: str, arm: Arm, percent: int) -> WaveReport:
        with self.ledger.view(tenant) as unit:
            devices = {one.id: one for one in unit.devices.all(target) if one.state == "enrolled"}
        reached = [devices[name].reported for name in wave(devices, percent, target)]
        failed = sum(reported.get("failed") == arm.key for reported in reached)
        runs = sum(reported.get("version") == arm.key and reported.get("failed") != arm.key for reported in reached)
        return WaveReport(len(reached), runs, failed)


def _answer(approval: Approval, digest: str) -> ApprovalAnswer:
    by = f"by {approval.decided_by}" + (f": {approval.comment}" if approval.comment else "")
    if approval.digest != digest:
        return ApprovalAnswer("rejected", f"{approval.id} is of another plan")
    match approval.state:
        case "requested":
            return ApprovalAnswer("open", approval.id)
        case "approved" | "used":  # used by this rollout, should it have died the last time
            return ApprovalAnswer("approved", by)
        case "expired":
            return ApprovalAnswer("expired", f"{approval.id} was not decided in time")
        case _:
            return ApprovalAnswer("rejected", f"{approval.state} {by}")
