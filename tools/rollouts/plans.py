"""Strategies as people write them, and the steps that each comes to for one target and one version."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from edge.kernel.errors import InvalidInput
from tools.rollouts.canary_analysis import CanaryLimits
from tools.rollouts.targets import Arm, TargetKind, TargetState

Seconds = Annotated[float, Field(ge=0, le=30 * 86400)]
Weight = Annotated[int, Field(ge=1, le=99)]
Samples = Annotated[int, Field(ge=1, le=10_000_000)]


class _Strategy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CanaryStep(_Strategy):
    """One share of the traffic, in percent, and what must be seen before the next.

    Attributes:
        judge: "evidence" waits until the new version is shown to be within the limits; "harm", for little traffic,
            goes on after `hold_s` and `minimum_samples` unless it looks to be over one.
        minimum_samples: requests of the new version; fewer never promote.
        hold_s: shortest time.
        limit_s: longest time. What is inconclusive then goes on to the next share where nothing is shown to be worse,
            for the evidence goes on with it; in the last step, which decides, it pauses.
    """

    weight: Weight
    judge: Literal["evidence", "harm"] = "evidence"
    minimum_samples: Samples = 100
    hold_s: Seconds = 60.0
    limit_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 3600.0

    @model_validator(mode="after")
    def _holds_within_the_limit(self) -> "CanaryStep":
        if self.hold_s > self.limit_s:
            raise ValueError(f"hold_s {self.hold_s:g} is longer than limit_s {self.limit_s:g}")
        return self


class Canary(_Strategy):
    """Rising shares of the traffic, each judged."""

    kind: Literal["canary"] = "canary"
    steps: Annotated[tuple[CanaryStep, ...], Field(min_length=1, max_length=20)] = (
        CanaryStep(weight=5),
        CanaryStep(weight=25),
        CanaryStep(weight=50),
    )

    @field_validator("steps")
    @classmethod
    def _rises(cls, steps: tuple[CanaryStep, ...]) -> tuple[CanaryStep, ...]:
        for one, following in pairwise(steps):
            if following.weight <= one.weight:
                raise ValueError(f"the weights must rise, but {following.weight} follows {one.weight}")
        return steps


class BlueGreen(_Strategy):
    """The new version is made ready beside the old one, gets all traffic at once, and is judged for a while.

    What is undecided then goes back.
    """

    kind: Literal["blue_green"] = "blue_green"
    ready_within_s: Annotated[float, Field(gt=0, le=86400)] = 600.0
    minimum_samples: Samples = 100
    hold_s: Seconds = 300.0
    limit_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 3600.0


class Rolling(_Strategy):
    """Equal parts one after the other; each goes on after `hold_s` and `minimum_samples` unless it looks to do harm."""

    kind: Literal["rolling"] = "rolling"
    part_percent: Annotated[int, Field(ge=1, le=100)] = 25
    minimum_samples: Samples = 100
    hold_s: Seconds = 300.0
    limit_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 3600.0


class Recreate(_Strategy):
    """The old version is taken away and the new one put in its place; seen to do harm, or undecided, it goes back.

    The first version of a target has nothing to go back to, and is there as soon as it is ready.
    """

    kind: Literal["recreate"] = "recreate"
    ready_within_s: Annotated[float, Field(gt=0, le=86400)] = 600.0
    minimum_samples: Samples = 100
    hold_s: Seconds = 300.0
    limit_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 3600.0


class Shadow(_Strategy):
    """Copies of requests go to the new version, whose answers are thrown away; judged good, it takes over."""

    kind: Literal["shadow"] = "shadow"
    percent: Annotated[int, Field(ge=1, le=100)] = 100
    minimum_samples: Samples = 200
    hold_s: Seconds = 300.0
    limit_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 3600.0


Strategy = Annotated[Canary | BlueGreen | Rolling | Recreate | Shadow, Field(discriminator="kind")]
_strategy: TypeAdapter[Strategy] = TypeAdapter(Strategy)


def parse_strategy(given: object) -> Strategy:
    """A strategy from plain data. Raises InvalidInput: it is not one; the message says what is wrong, and where."""
    try:
        return _strategy.validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"This is no strategy: {where or 'strategy'}: {first['msg'].removeprefix('Value error, ')}.",
            "Kinds are canary, blue_green, rolling, recreate and shadow; weights are percent, 1 to 99, and rise.",
        ) from error


class RolloutChoice(_Strategy):
    """How a target is moved to a version. What is left out has the strategy's default.

    Raises:
        InvalidInput: the strategy does not take what is given.
    """

    kind: Literal["canary", "blue_green", "rolling", "recreate", "shadow"] = "canary"
    percentages: tuple[int, ...] | None = None
    hold_s: float | None = None
    limit_s: float | None = None
    minimum_samples: int | None = None

    @property
    def strategy(self) -> Strategy:
        """What the choice comes to."""
        times = {"hold_s": self.hold_s, "limit_s": self.limit_s, "minimum_samples": self.minimum_samples}
        given: dict[str, Any] = {name: value for name, value in times.items() if value is not None}
        percentages = list(self.percentages or ())
        if self.kind == "canary":
            weights = percentages or [step.weight for step in Canary().steps]
            return parse_strategy({"kind": self.kind, "steps": [{"weight": weight, **given} for weight in weights]})
        if percentages:
            name = {"rolling": "part_percent", "shadow": "percent"}.get(self.kind)
            if name is None or len(percentages) > 1:
                raise InvalidInput(
                    f"{self.kind} does not take the percentages {', '.join(map(str, percentages))}.",
                    "Canary takes several, rolling and shadow take one, blue_green and recreate none.",
                )
            given[name] = percentages[0]
        return parse_strategy({"kind": self.kind, **given})

    @model_validator(mode="after")
    def _possible(self) -> "RolloutChoice":
        _ = self.strategy
        return self


class Step(BaseModel):
    """One step of a plan.

    Attributes:
        weight: of the new version, percent, 0 to 100.
        shadow: percent of the requests that are copied to the new version.
        keeps_former: the former version stays warm.
        judge: "evidence" goes on once the new version is shown to be within the limits, "harm" goes on after `hold_s`
            and `minimum_samples` unless it looks to be over one, "ready" goes on once the new version can serve.
        baseline: what it is compared with: the former version "alongside", or as it was "before" the step.
        ready_within_s: longest time in which the new version may be unable to serve; then as at the limit.
        at_limit: what happens where nothing is decided after `limit_s`; what is shown to be worse then goes back.
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
    at_limit: Literal["pause", "roll_back", "next"] = "pause"
    ready_within_s: float | None = None


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
    limits: CanaryLimits = CanaryLimits()
    error_threshold: Annotated[float, Field(ge=0, lt=1)] = 0.1
    interval_s: Annotated[float, Field(ge=0, le=3600)] = 2.0
    gate: bool = True
    approval: bool = True

    @property
    def judged_steps(self) -> int:
        """Steps that are judged by what is measured: all of them together err with `limits.alpha`."""
        return max(1, sum(step.judge != "ready" for step in self.steps))


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
        return Plan(kind=kind, strategy=strategy, steps=_steps(strategy, kind, first=not before.arms), **options)
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


def _steps(strategy: Strategy, kind: TargetKind, *, first: bool) -> tuple[Step, ...]:
    match strategy:
        case Canary():
            last = len(strategy.steps) - 1
            return tuple(
                Step(
                    name=f"canary {step.weight} %",
                    weight=step.weight,
                    judge=step.judge,
                    minimum_samples=step.minimum_samples,
                    hold_s=step.hold_s,
                    limit_s=step.limit_s,
                    # a device that has not reported says nothing: a wave is never left behind
                    at_limit="next" if kind == "serving" and place < last else "pause",
                )
                for place, step in enumerate(strategy.steps)
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
                    at_limit="roll_back",
                ),
            )
        case Rolling():
            part = strategy.part_percent
            return tuple(
                Step(
                    name=f"part to {weight} %",
                    weight=weight,
                    judge="harm",
                    minimum_samples=strategy.minimum_samples,
                    hold_s=strategy.hold_s,
                    baseline="alongside" if weight < 100 else "before",
                    limit_s=max(strategy.hold_s, strategy.limit_s),
                )
                for weight in (*range(part, 100, part), 100)
            )
        case Recreate():
            return (_replacement(strategy, first=first),)
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


def _replacement(strategy: Recreate, *, first: bool) -> Step:
    """The one step of recreate: the first version of a target is served once it is ready, for nothing was before it."""
    return Step(
        name="replace",
        weight=100,
        judge="ready" if first else "harm",
        baseline="before",
        keeps_former=False,
        minimum_samples=0 if first else strategy.minimum_samples,
        hold_s=0.0 if first else strategy.hold_s,
        limit_s=strategy.ready_within_s + (0.0 if first else max(strategy.hold_s, strategy.limit_s)),
        at_limit="roll_back",
        ready_within_s=strategy.ready_within_s,
    )
