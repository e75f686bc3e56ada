"""The world of the rollouts as far as the ledger knows it: gates, approvals and devices."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from edge.kernel.errors import NotFound
from memory.ledger import Ledger, Unit
from memory.ledger.approvals import Approval
from tools.consent import current
from tools.rollouts.analysis import WaveReport
from tools.rollouts.approval import LASTS, approval_id, bound_digest, request_for
from tools.rollouts.rollout import GateAnswer, Rollout
from tools.rollouts.store import ApprovalAnswer
from tools.rollouts.targets import Arm, wave

__all__ = ["LedgerApprovals", "LedgerFleet", "LedgerGate"]

_TOLD = 5


class LedgerGate:
    """Takes the newest gate result of the version.

    Args:
        lasts: how old it may be; older evidence is stale.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime], lasts: timedelta = timedelta(days=7)) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lasts = lasts

    def judge(self, rollout: Rollout) -> GateAnswer:
        version = rollout.candidate.version
        with self._ledger.view(rollout.tenant) as unit:
            found = unit.gates.of(version, limit=1)
        if not found:
            return GateAnswer("insufficient_evidence", (f"no gate has judged {version}; check the gate, then resume",))
        result = found[0]
        reasons = (
            f"{result.gate} of {result.at:%Y-%m-%d %H:%M}",
            *(_told(reason) for reason in result.reasons[:_TOLD]),
        )
        if self._clock() - result.at > self._lasts:
            return GateAnswer(
                "insufficient_evidence", (f"its evidence is older than {self._lasts.days} days", *reasons)
            )
        match result.verdict:
            case "pass":
                return GateAnswer("pass", reasons)
            case "fail":
                return GateAnswer("fail", reasons)
            case _:
                return GateAnswer("insufficient_evidence", reasons)


class LedgerApprovals:
    """Asks for an approval bound to exactly this rollout: its target, what it serves, the candidate and the plan.

    Args:
        lasts: until when it must be given.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime], lasts: timedelta = LASTS) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lasts = lasts

    def ask(self, rollout: Rollout) -> ApprovalAnswer:
        now = self._clock()
        with self._ledger.view(rollout.tenant) as view:
            if (known := _known(view, rollout)) is not None and current(known, now).state == "requested":
                return ApprovalAnswer("open", known.id)  # looking takes no lock
        with self._ledger.unit(rollout.tenant) as unit:
            known = _known(unit, rollout)
            if known is None:
                unit.approvals.save(request_for(rollout, now, self._lasts))
                return ApprovalAnswer("open", approval_id(rollout))
            approval = current(known, now)
            if approval.digest == bound_digest(rollout) and approval.state == "approved":
                unit.approvals.save(replace(approval, state="used", used_at=now))
        return _answer(approval, rollout)


class LedgerFleet:
    """Devices of the group that the target names, by what they reported.

    A device that runs a version reports `{"version": KEY}`; one that failed to, `{"failed": KEY}`; KEY is `Arm.key`.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def report(self, tenant: str, target: str, arm: Arm, percent: int) -> WaveReport:
        with self._ledger.view(tenant) as unit:
            devices = {one.id: one for one in unit.devices.all(target) if one.state == "enrolled"}
        reached = [devices[name].reported for name in wave(devices, percent, target)]
        failed = sum(reported.get("failed") == arm.key for reported in reached)
        runs = sum(reported.get("version") == arm.key and reported.get("failed") != arm.key for reported in reached)
        return WaveReport(len(reached), runs, failed)


def _known(unit: Unit, rollout: Rollout) -> Approval | None:
    try:
        return unit.approvals.get(approval_id(rollout))
    except NotFound:
        return None


def _answer(approval: Approval, rollout: Rollout) -> ApprovalAnswer:
    by = f"by {approval.decided_by}" + (f": {approval.comment}" if approval.comment else "")
    if approval.digest != bound_digest(rollout):
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


def _told(reason: object) -> str:
    return str(reason.get("text", reason)) if isinstance(reason, Mapping) else str(reason)
