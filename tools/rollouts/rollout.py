"""A rollout: its persistent state, observations, actions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.rollouts.canary_analysis import Analysis, CachedVerdict, Evidence
from tools.rollouts.plans import Plan, Step
from tools.rollouts.targets import Arm, TargetState

State = Literal[
    "pending",
    "waiting_for_gate",
    "waiting_for_approval",
    "progressing",
    "analysing",
    "paused",
    "promoting",
    "rolling_back",
    "promoted",
    "rolled_back",
    "aborted",
    "failed",
]
"""pending -> waiting_for_gate -> waiting_for_approval -> progressing <-> analysing -> promoting -> promoted.

progressing: the next step is to be taken. analysing: a step is taken and judged. paused: waits for a person.
rolling_back: the target is to be restored, then rolled_back (by a verdict) or aborted (by a person).
failed: refused by the gate or an approver before anything was changed.
"""

TERMINAL: frozenset[State] = frozenset({"promoted", "rolled_back", "aborted", "failed"})


class Rollout(BaseModel):
    """One move of one target.

    Attributes:
        revision: grows by one with each change; a change that expects another one is refused.
        before: what the target served when the rollout was made; what rolling back restores.
        target_revision: of the target, as this rollout left or found it last.
        step: number of the step that was taken last, from 1; 0 before the first.
        step_since, step_until: when it was taken, and when its limit is reached.
        lost_s: time since the step was taken in which nobody looked, seconds: it counts neither as held nor as waited.
        carried: what the steps before the one that is under way found.
        resume_to: where a paused rollout goes on.
        ends_as: what it becomes once it is rolled back.
        due_at: when to look at it next; None where nobody needs to until a person acts.
        judged: the newest verdict on the step that is under way.
        failures: how many looks at it failed in a row.
        reason: why it is in this state.
        not_ready: why the new version could not serve at the last look; empty where it could.
        approvers: how many others have to agree, as the gate said.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    target: str
    plan: Plan
    before: TargetState
    candidate: Arm
    target_revision: int
    requested_by: str
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    state: State = "pending"
    revision: int = 0
    step: int = 0
    step_since: datetime | None = None
    step_until: datetime | None = None
    lost_s: float = 0.0
    carried: dict[str, Evidence] = Field(default_factory=dict[str, Evidence])
    resume_to: State | None = None
    ends_as: Literal["rolled_back", "aborted"] = "rolled_back"
    judged: CachedVerdict | None = None
    failures: int = 0
    reason: str = "waiting to be looked at"
    not_ready: str = ""
    retry_of: str | None = None
    approvers: int = 1

    @property
    def active(self) -> bool:
        """Whether it still holds its target."""
        return self.state not in TERMINAL

    @property
    def standing(self) -> str:
        """Why it is in this state, and what the step that is under way waits for, where that is the new version."""
        return f"{self.reason}; {self.not_ready}" if self.not_ready else self.reason

    @property
    def current(self) -> Step | None:
        """The step that was taken last."""
        return self.plan.steps[self.step - 1] if self.step else None


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """Verdict of the gate on the version; evidence that is missing or stale is insufficient.

    Attributes:
        reasons: a sentence each.
        gate: what it was judged for, such as product/EU/production.
        result: id under which the verdict is kept; both are empty where none is.
        approvers: how many others have to agree.
    """

    verdict: Literal["pass", "fail", "insufficient_evidence"]
    reasons: tuple[str, ...] = ()
    gate: str = ""
    result: str = ""
    approvers: int = 1


@dataclass(frozen=True, slots=True)
class Observation:
    """What the reconciler observed; only what the rollout's state asks for is filled in.

    Attributes:
        target_revision: of the target as it is.
        approval: None where it is not yet asked for.
        not_ready: why the new version cannot serve; empty where it can.
        analysis: of the current step.
        judged: the same, to be remembered; None where asking again costs nothing.
    """

    target_revision: int
    gate: GateAnswer | None = None
    approval: Literal["open", "approved", "rejected", "expired"] | None = None
    approval_reason: str = ""
    not_ready: str = ""
    analysis: Analysis | None = None
    judged: CachedVerdict | None = None


@dataclass(frozen=True, slots=True)
class SetTarget:
    """Replace what the target serves, if it still has this revision; that grows by one."""

    state: TargetState
    expected_revision: int


@dataclass(frozen=True, slots=True)
class AppendEvent:
    """Append to the rollout's events.

    Attributes:
        kind: "state", "step", "analysis", "target", "command" or "trouble".
        data: JSON.
    """

    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


Action = SetTarget | AppendEvent
Transition = tuple[Rollout, tuple[Action, ...]]
"""The rollout as it is next, and what is to be done with that; nothing where all stays but when to look next."""
