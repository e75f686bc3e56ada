"""What the hub allows this device to do: the desired item of the kind "policy".

A device that was told nothing may look at itself, take notes and raise alerts. It runs diagnostics only when the hub
named them.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.kernel.errors import NotAllowed

__all__ = ["DEFAULT_TOOLS", "Policy", "read_policy"]

DEFAULT_TOOLS = frozenset(
    "alert_raise knowledge_search log_search note_take sensor_history sensor_list sensor_read sensor_sample"
    " system_health".split()
)
"""What may be called where no policy was ever received."""

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class Policy(BaseModel):
    """A device's policy.

    Attributes:
        tools: which may be called.
        diagnostics: which `diagnostic_run` may run; they must also be known to the device.
        limits: narrow what the device would do by itself, never widen it: `timeout_s` of a call, `result_bytes`,
            `calls_per_minute`; others are for other parts of the device.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    tools: frozenset[_Name] = DEFAULT_TOOLS
    diagnostics: frozenset[_Name] = frozenset()
    limits: dict[_Name, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}

    def narrowed(self, name: str, limit: float) -> float:
        """The limit of this name, at most `limit`."""
        return min(limit, self.limits.get(name, limit))


def read_policy(body: Mapping[str, Any] | None) -> Policy:
    """The policy of a desired item's body; None where the device was told nothing.

    Raises:
        NotAllowed: it cannot be understood (it may be newer than this release): nothing is allowed by it.
    """
    if body is None:
        return Policy()
    try:
        return Policy.model_validate(dict(body))
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in entry["loc"]) for entry in error.errors())
        raise NotAllowed(
            f"This device does not understand its policy ({fields}), so nothing is allowed.",
            "Correct the policy on the hub, or update the device.",
        ) from error
