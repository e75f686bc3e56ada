"""The steps that a strategy comes to, for one target and one version."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.kernel.errors import InvalidInput
from tools.rollouts.analysis import Limits
from tools.rollouts.strategies import BlueGreen, Canary, Recreate, Rolling, Shadow, Strategy
from tools.rollouts.targets import Arm, TargetKind, TargetState

__all__ = ["Plan", "Step", "make_plan", "state_at"]


class Step(BaseModel):
    """One step of a plan.

    Attributes:
        weight: of the new version, percent, 0 to 100.
        shadow: percent of the requests that are copied to the new version.
        keeps_former: the former version stays warm.
        judge: "evidence" goes on once the new version is shown to be within the limits, "harm" goes on after `hold_s`
            and `minimum_samples` unless it is shown to be over one, "ready" goes on once the new version can serve.
        baseline: what it is compared with: the former version "alongside", or as it was "before" the step.
        at_limit: what happens where nothing is decided after `limit_s`.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    weight: int
    shadow: int = 0
    keeps_former: bool = True
    judge: Literal["evidence", "harm", "ready"]
    baseline: Literal["alongside", "before"] = "alongside"
    minimum_samples: int = 0
    hold_s: float = 0.0
    limit_s: float
    at_limit: Literal["pause", "roll_back"] = "pause"


class Plan(BaseModel):
    """How a target is moved: the strategy, the steps it comes to, and what is allowed on the way.

    Attributes:
        error_threshold: for fleets: largest share of a wave's devices that may fail.
        interval_s: how often it is looked at.
        gate, approval: whether one is waited for before the first step.
    """

    model_config = ConfigDict(frozen=True)

    kind: TargetKind
    strategy: Strategy
    steps: tuple[Step, ...]
    limits: Limits = Limits()
    error_threshold: Annotated[float, Field(ge=0, lt=1)] = 0.1
    interval_s: Annotated[float, Field(ge=0, le=3600)] = 2.0
    gate: bool = True
    approval: bool = True

    @property
    def alpha(self) -> float:
        """What each judged step may err: all of them together err with `limits.alpha`."""
        return self.limits.alpha / max(1, sum(step.judge != "ready" for step in self.steps))


def make_plan(strategy: Strategy, kind: TargetKind, before: TargetState, candidate: Arm, **options: Any) -> Plan:
    """The plan that moves a target of this kind from what it serves to the candidate.

    Args:
        options: fields of Plan: limits, error_threshold, interval_s, gate, approval.

    Raises:
        InvalidInput: the strategy cannot move such a target, or the candidate is already what it serves.
    """
    if kind == "devices" and strategy.kind in {"blue_green", "shadow"}:
        raise InvalidInput(
            f"A fleet cannot be rolled out to by {strategy.kind}: a device holds one model at a time.",
            "Use canary, rolling or recreate: their percentages are waves of devices.",
        )
    if not before.arms and strategy.kind != "recreate":
        raise InvalidInput(
            f"The target serves nothing yet, so that {strategy.kind} has nothing to compare with.", "Use recreate."
        )
    if len(before.arms) > 1 or before.shadow is not None:
        raise InvalidInput("The target already serves more than one version.", "End the rollout that it is in first.")
    if before.arms and before.arms[0].key == candidate.key:
        raise InvalidInput(
            f"{candidate.version} in this configuration is what the target serves already: both sides are the same.",
            "Name another version or another configuration.",
        )
    try:
        return Plan(kind=kind, strategy=strategy, steps=_steps(strategy), **options)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error


def state_at(step: Step, before: TargetState, candidate: Arm) -> TargetState:
    """What the target serves during a step."""
    new = candidate.model_copy(update={"weight": step.weight})
    if step.shadow:
        return TargetState(arms=before.arms, shadow=candidate.model_copy(update={"weight": step.shadow}))
    if not before.arms or not step.keeps_former:
        return TargetState(arms=(new,))
    return TargetState(arms=(before.arms[0].model_copy(update={"weight": 100 - step.weight}), new))


def _steps(strategy: Strategy) -> tuple[Step, ...]:
    match strategy:
        case Canary():
            return tuple(
                Step(
                    name=f"canary {step.weight} %",
                    weight=step.weight,
                    judge=step.judge,
                    minimum_samples=step.minimum_samples,
                    hold_s=step.hold_s,
                    limit_s=step.limit_s,
                )
                for step in strategy.steps
            )
        case BlueGreen():
            return (
                Step(name="prepare", weight=0, judge="ready", limit_s=strategy.ready_within_s, at_limit="roll_back"),
                Step(
                    name="switch",
                    weight=100,
                    judge="evidence",
                    baseline="before",
                    hold_s=strategy.hold_s,
                    minimum_samples=strategy.minimum_samples,
                    limit_s=max(strategy.hold_s, strategy.limit_s),
                ),
            )
        case Rolling():
            part = strategy.part_percent
            return tuple(
                Step(
                    name=f"part to {weight} %",
                    weight=weight,
                    judge="harm",
                    hold_s=strategy.hold_s,
                    baseline="alongside" if weight < 100 else "before",
                    limit_s=strategy.hold_s + 3600.0,
                )
                for weight in (*range(part, 100, part), 100)
            )
        case Recreate():
            limit_s = strategy.ready_within_s + strategy.hold_s
            return (
                Step(
                    name="replace",
                    weight=100,
                    judge="harm",
                    baseline="before",
                    keeps_former=False,
                    hold_s=strategy.hold_s,
                    limit_s=limit_s,
                    at_limit="roll_back",
                ),
            )
        case Shadow():
            return (
                Step(
                    name=f"shadow {strategy.percent} %",
                    weight=0,
                    shadow=strategy.percent,
                    judge="evidence",
                    minimum_samples=strategy.minimum_samples,
                    hold_s=strategy.hold_s,
                    limit_s=max(strategy.hold_s, strategy.limit_s),
                ),
            )
