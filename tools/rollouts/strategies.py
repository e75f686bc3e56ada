"""Strategies, as people write them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from edge.kernel.errors import InvalidInput

__all__ = [
    "BlueGreen",
    "Canary",
    "CanaryStep",
    "Recreate",
    "Rolling",
    "Shadow",
    "Strategy",
    "parse_strategy",
    "strategy_of",
]

Seconds = Annotated[float, Field(ge=0, le=30 * 86400)]
Weight = Annotated[int, Field(ge=1, le=99)]
Samples = Annotated[int, Field(ge=1, le=10_000_000)]


class _Strategy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CanaryStep(_Strategy):
    """One share of the traffic, in percent, and what must be seen before the next.

    Attributes:
        judge: "evidence" waits until the new version is shown to be within the limits; "harm", for little traffic,
            goes on after `hold_s` and `minimum_samples` unless it is shown to be over one.
        minimum_samples: requests of the new version; fewer never promote.
        hold_s: shortest time.
        limit_s: longest time; what is inconclusive then pauses.
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
    """The new version is made ready beside the old one, gets all traffic at once, and is judged for a while."""

    kind: Literal["blue_green"] = "blue_green"
    ready_within_s: Annotated[float, Field(gt=0, le=86400)] = 600.0
    minimum_samples: Samples = 100
    hold_s: Seconds = 300.0
    limit_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 3600.0


class Rolling(_Strategy):
    """Equal parts one after the other; each goes on after `hold_s` unless it is seen to do harm."""

    kind: Literal["rolling"] = "rolling"
    part_percent: Annotated[int, Field(ge=1, le=100)] = 25
    hold_s: Seconds = 60.0


class Recreate(_Strategy):
    """The old version is taken away and the new one put in its place; seen to do harm, it goes back."""

    kind: Literal["recreate"] = "recreate"
    ready_within_s: Annotated[float, Field(gt=0, le=86400)] = 600.0
    hold_s: Seconds = 0.0


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


def strategy_of(
    kind: str,
    percentages: Sequence[int] | None,
    *,
    hold_s: float | None = None,
    limit_s: float | None = None,
    minimum_samples: int | None = None,
) -> Strategy:
    """A strategy from the few things that people say of one; what they leave out has the strategy's default.

    Args:
        percentages: of canary, its steps; of rolling and shadow, one.

    Raises:
        InvalidInput: it is not one, or the strategy takes none of what was given.
    """
    times = {"hold_s": hold_s, "limit_s": limit_s, "minimum_samples": minimum_samples}
    given = {name: value for name, value in times.items() if value is not None}
    if kind == "canary":
        steps = [{"weight": weight, **given} for weight in percentages or [step.weight for step in Canary().steps]]
        return parse_strategy({"kind": kind, "steps": steps})
    if percentages:
        name = {"rolling": "part_percent", "shadow": "percent"}.get(kind)
        if name is None or len(percentages) > 1:
            raise InvalidInput(
                f"{kind} does not take the percentages {', '.join(map(str, percentages))}.",
                "Canary takes several, rolling and shadow take one, blue_green and recreate none.",
            )
        given[name] = percentages[0]
    return parse_strategy({"kind": kind, **given})
