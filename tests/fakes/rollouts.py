"""A ledger of rollouts in memory, and a world that says what it is told to say."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge.kernel.errors import Conflict, NotFound
from memory.ledger.rollouts import RolloutEvent
from tools.rollouts.canary_analysis import Observed, WaveReport
from tools.rollouts.plans import Canary, CanaryStep, Strategy, make_plan
from tools.rollouts.response_times import Times
from tools.rollouts.rollout import Action, AppendEvent, GateAnswer, Rollout, SetTarget, Transition
from tools.rollouts.targets import Arm, TargetKind, TargetState
from tools.rollouts.world import ApprovalAnswer, Window, World

__all__ = ["NOON", "Clock", "MemoryStore", "ScriptedWorld", "a_rollout", "serving"]

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def serving(version: str, **configuration: object) -> TargetState:
    """A target that serves one version."""
    return TargetState(arms=(Arm(version=version, configuration=configuration),))


QUICK = Canary(steps=tuple(CanaryStep(weight=w, minimum_samples=10, hold_s=10, limit_s=100) for w in (10, 50)))


def a_rollout(
    rollout_id: str = "r1", *, target: str = "assistant", strategy: Strategy = QUICK, kind: TargetKind = "serving",
    before: TargetState | None = None, target_revision: int = 1, candidate: str = "new", **options: object
) -> Rollout:  # fmt: skip
    """A pending rollout from `old` to `new`, without gate and approval unless told otherwise."""
    former = serving("old", prompt="short") if before is None else before
    arm = Arm(version=candidate, configuration={"prompt": "long"})
    return Rollout(
        id=rollout_id,
        tenant="default",
        target=target,
        plan=make_plan(strategy, kind, former, arm, **{"gate": False, "approval": False, "interval_s": 5.0, **options}),
        before=former,
        target_revision=target_revision,
        candidate=arm,
        requested_by="ada",
        created_at=NOON,
        updated_at=NOON,
        due_at=NOON,
    )


class MemoryStore:
    """The port, in memory; `history` keeps each state that a target was set to."""

    def __init__(self) -> None:
        self.rollouts: dict[str, Rollout] = {}
        self.targets: dict[str, tuple[TargetState, int]] = {}
        self.told: dict[str, list[RolloutEvent]] = {}
        self.history: dict[str, list[TargetState]] = {}
        self.leases: dict[str, tuple[str, datetime]] = {}
        self.reads = 0

    def add(self, rollout: Rollout) -> None:
        if any(other.active and other.target == rollout.target for other in self.rollouts.values()):
            raise Conflict(f"{rollout.target} is in a rollout already.")
        self.targets.setdefault(rollout.target, (rollout.before, rollout.target_revision))
        self.rollouts[rollout.id] = rollout

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[Rollout]:
        due = [one for one in self.rollouts.values() if one.active and one.due_at is not None and one.due_at <= now]
        free = [
            one for one in due if self.leases.get(one.id, (holder, now))[0] == holder or self.leases[one.id][1] <= now
        ]
        chosen = sorted(free, key=lambda one: (one.due_at, one.id))[:limit]
        self.leases.update({one.id: (holder, until) for one in chosen})
        self.reads += len(chosen)
        return chosen

    def renew(self, holder: str, runs: Sequence[Rollout], until: datetime) -> set[str]:
        kept = {one.id for one in runs if self.leases.get(one.id, ("", until))[0] == holder}
        self.leases.update(dict.fromkeys(kept, (holder, until)))
        return kept

    def commit(self, steps: Sequence[Transition], holder: str | None = None) -> list[Rollout]:
        mine = [one for one in steps if holder is None or self.leases.get(one[0].id, (holder, NOON))[0] == holder]
        return [after for after, actions in mine if self._change(after, actions)]

    def _change(self, after: Rollout, actions: Sequence[Action]) -> bool:
        if self.rollouts[after.id].revision + 1 != after.revision:
            return False
        for action in actions:
            if isinstance(action, SetTarget) and self.targets[after.target][1] != action.expected_revision:
                return False
        self.rollouts[after.id] = after
        for action in actions:
            if isinstance(action, SetTarget):
                self.targets[after.target] = (action.state, action.expected_revision + 1)
                self.history.setdefault(after.target, []).append(action.state)
            if isinstance(action, AppendEvent):
                events = self.told.setdefault(after.id, [])
                event = RolloutEvent(
                    after.id, len(events) + 1, after.updated_at, action.kind, {"text": action.text, "data": action.data}
                )
                events.append(event)
        return True

    def postpone(self, runs: Sequence[Rollout]) -> None:
        for rollout in runs:
            if self.rollouts[rollout.id].revision == rollout.revision:
                self.rollouts[rollout.id] = rollout

    def release(self, holder: str) -> None:
        self.leases = {one: lease for one, lease in self.leases.items() if lease[0] != holder}

    def get(self, tenant: str, run_id: str) -> Rollout:
        if run_id not in self.rollouts or self.rollouts[run_id].tenant != tenant:
            raise NotFound(f"There is no rollout {run_id!r}.")
        return self.rollouts[run_id]

    def revisions(self, tenant: str, targets: Sequence[str]) -> dict[str, int]:
        return {name: self.targets[name][1] for name in targets}

    def events(self, tenant: str, run_id: str, after: int, limit: int = 500) -> list[RolloutEvent]:
        return [event for event in self.told.get(run_id, []) if event.sequence > after][:limit]


def traffic(requests: int, error_rate: float = 0.0, seconds: float = 0.1) -> Observed:
    """So many requests, of which just that share failed."""
    errors = round(requests * error_rate)
    random_ = random.Random(requests)
    taken = [seconds * random_.uniform(0.9, 1.1) for _ in range(requests - errors)]
    return Observed(requests, errors, times={"answer": Times.of(taken)})


@dataclass
class ScriptedWorld:
    """Answers by version."""

    seen: Mapping[str, Observed] = field(default_factory=dict)
    gate: GateAnswer = field(default_factory=lambda: GateAnswer("pass", ("all well",)))
    approval: ApprovalAnswer = field(default_factory=lambda: ApprovalAnswer("approved", "by grace"))
    wave: WaveReport = field(default_factory=lambda: WaveReport(10, 10, 0))
    unready: str = ""
    broken: str = ""

    def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
        if self.broken in {window.target for window in windows}:
            raise RuntimeError("the metrics are broken")
        return [self.seen.get(window.arm.version, Observed()) for window in windows]

    def report(self, tenant: str, target: str, arm: Arm, percent: int) -> WaveReport:
        return self.wave

    def judge(self, rollout: Rollout) -> GateAnswer:
        return self.gate

    def ask(self, rollout: Rollout) -> ApprovalAnswer:
        return self.approval

    def not_ready(self, tenant: str, target: str, arm: Arm) -> str:
        return self.unready

    def world(self) -> World:
        return World(self, self, self, self, self)
