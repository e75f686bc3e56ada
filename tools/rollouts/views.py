"""Rollouts as the tools show them."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from memory.ledger import Unit
from tools.rollouts.ledger_store import read_target
from tools.rollouts.plans import Plan
from tools.rollouts.rollout import Rollout

__all__ = ["RolloutEventView", "RolloutList", "RolloutStatus", "RolloutView", "view_of"]


class RolloutView(BaseModel):
    """A rollout as it stands. `serves` is percent by version; `shadow` the version that gets copies."""

    id: str
    target: str
    strategy: str
    state: str
    reason: str
    version: str
    former_version: str | None
    step: int
    steps: list[str]
    serves: dict[str, int]
    shadow: str | None
    requested_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    retry_of: str | None


class RolloutEventView(BaseModel):
    """One thing that happened; `sequence` counts from 1. `data` is for programs: a gate's verdict and reasons."""

    sequence: int
    at: AwareDatetime
    kind: str
    text: str
    data: dict[str, Any] = Field(default_factory=dict[str, Any])


class RolloutStatus(BaseModel):
    """A rollout with what happened to it."""

    rollout: RolloutView
    plan: Plan
    events: list[RolloutEventView]


class RolloutList(BaseModel):
    """Rollouts, newest first."""

    rollouts: list[RolloutView]


def view_of(unit: Unit, rollout: Rollout) -> RolloutView:
    """A rollout, with what its target serves now."""
    serves = read_target(unit, rollout.target)[0]
    return RolloutView(
        id=rollout.id,
        target=rollout.target,
        strategy=rollout.plan.strategy.kind,
        state=rollout.state,
        reason=rollout.standing,
        version=rollout.candidate.version,
        former_version=rollout.before.arms[0].version if rollout.before.arms else None,
        step=rollout.step,
        steps=[step.name for step in rollout.plan.steps],
        serves={arm.version: arm.weight for arm in serves.arms},
        shadow=serves.shadow.version if serves.shadow else None,
        requested_by=rollout.requested_by,
        created_at=rollout.created_at,
        updated_at=rollout.updated_at,
        retry_of=rollout.retry_of,
    )
