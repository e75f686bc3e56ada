"""What a target serves. A version and its configuration are one arm: they come and go together."""

import hashlib
import json
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

TargetKind = Literal["serving", "devices"]
"""A name that the gateway answers for, or a group of devices."""

Percent = Annotated[int, Field(ge=0, le=100)]


class Arm(BaseModel):
    """One version with its configuration, and its share.

    Attributes:
        version: name of a version in the roster.
        configuration: how it is served (prompt, limits, sampling); whoever serves the arm uses it.
        weight: whole percent of the requests, or of the devices; at 0 it is kept warm.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    configuration: dict[str, Any] = Field(default_factory=dict)
    weight: Percent = 100

    @property
    def key(self) -> str:
        """Names the version in its configuration: what is measured is measured under this name."""
        if not self.configuration:
            return self.version
        text = json.dumps(self.configuration, sort_keys=True, separators=(",", ":"))
        return f"{self.version}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"


class TargetState(BaseModel):
    """Everything that a target serves at one time; replaced as a whole.

    Attributes:
        arms: their weights sum to 100; none where nothing is served yet.
        shadow: gets a copy of `weight` percent of the requests; its answers are thrown away.
    """

    model_config = ConfigDict(frozen=True)

    arms: tuple[Arm, ...] = ()
    shadow: Arm | None = None

    @model_validator(mode="after")
    def _sums_to_100(self) -> "TargetState":
        total = sum(arm.weight for arm in self.arms)
        if self.arms and total != 100:
            raise ValueError(f"the weights of a target sum to 100, not {total}")
        return self


def wave(devices: Collection[str], percent: int, target: str) -> frozenset[str]:
    """The devices that a wave of so many percent reaches: at least one for more than 0, and all of smaller waves.

    Which come first is decided by a hash of target and device, so that not the same devices are always the first.
    """
    ranked = sorted(devices, key=lambda device: hashlib.sha256(f"{target}\0{device}".encode()).digest())
    return frozenset(ranked[: -(-len(ranked) * percent // 100)])
