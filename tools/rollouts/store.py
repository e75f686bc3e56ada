"""What the reconciler needs: of the ledger, and of the world that it judges."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tools.rollouts.analysis import Observed, WaveReport
from tools.rollouts.rollout import GateAnswer, Rollout, Transition
from tools.rollouts.targets import Arm

__all__ = [
    "ApprovalAnswer",
    "Approvals",
    "Fleet",
    "Gate",
    "Metrics",
    "RolloutEvent",
    "RolloutStore",
    "Runtimes",
    "Window",
    "World",
]


@dataclass(frozen=True, slots=True)
class RolloutEvent:
    """One thing that happened to a rollout; `sequence` counts from 1 within it. Kinds: see `Tell`."""

    sequence: int
    rollout_id: str
    at: datetime
    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


class RolloutStore(Protocol):
    """The ledger as the reconciler sees it: all tenants. Safe to use from several threads and processes."""

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[Rollout]:
        """Active rollouts with due_at <= now, leased to `holder` until then. Reads no others.

        Tenants come in the order of what has waited longest in each, a tenant's rollouts the longest due first.

        Those that another holder has leased still are left out; those that `holder` itself has are leased anew. The
        lease only saves work: should two reconcilers have one rollout, `commit` lets one of them through.
        """
        ...

    def commit(self, changes: Sequence[Transition]) -> list[Rollout]:
        """Replace rollouts, append what they tell and set their targets, in one durable transaction of each tenant.

        Returns:
            Those that went through. One that is not at the revision before, or whose target is not as its actions
            expect, is left as it is, with all that belongs to it.
        """
        ...

    def postpone(self, rollouts: Sequence[Rollout]) -> None:
        """Save new values of `due_at`, `judged` and `not_ready` alone; those at another revision now are left."""
        ...

    def release(self, holder: str) -> None:
        """Give back every lease that `holder` has on an active rollout."""
        ...

    def get(self, tenant: str, rollout_id: str) -> Rollout:
        """Raises NotFound: there is no such rollout in this tenant."""
        ...

    def revisions(self, tenant: str, targets: Sequence[str]) -> dict[str, int]:
        """Of each of these targets of the tenant's; 0 where there is no such target."""
        ...

    def events(self, tenant: str, rollout_id: str, after: int, limit: int = 500) -> list[RolloutEvent]:
        """The rollout's events with a sequence over `after`, in order."""
        ...


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
