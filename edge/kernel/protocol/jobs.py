"""What runs on a device, and when. Jobs are signed by the hub; a device runs no other."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.protocol.events import EventKind

__all__ = [
    "JOB",
    "Action",
    "Ask",
    "CallTool",
    "Job",
    "Limits",
    "OnCron",
    "OnEvent",
    "OnInterval",
    "Once",
    "Retries",
    "Schedule",
]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OnCron(_Frozen):
    """At the minutes of a cron expression of five fields, in the device's local time."""

    on: Literal["cron"] = "cron"
    expression: str


class OnInterval(_Frozen):
    """Every so many seconds since the last start, by a clock that does not jump."""

    on: Literal["interval"] = "interval"
    every_s: Annotated[float, Field(ge=1, le=31_536_000)]


class OnEvent(_Frozen):
    """After each event of a kind; with `equals`, only where these fields of its body have these values."""

    on: Literal["event"] = "event"
    kind: EventKind
    equals: dict[str, Any] = {}


class Once(_Frozen):
    """As soon as it is known; never again for the same revision."""

    on: Literal["once"] = "once"


Schedule = Annotated[OnCron | OnInterval | OnEvent | Once, Field(discriminator="on")]


class CallTool(_Frozen):
    """Call a tool of the device."""

    do: Literal["tool"] = "tool"
    tool: str
    arguments: dict[str, Any] = {}


class Ask(_Frozen):
    """Put a question or an order to the device's assistant."""

    do: Literal["ask"] = "ask"
    text: Annotated[str, Field(min_length=1, max_length=2000)]


Action = Annotated[CallTool | Ask, Field(discriminator="do")]


class Retries(_Frozen):
    """How often a run that failed is tried again, with a delay that doubles."""

    times: Annotated[int, Field(ge=0, le=20)] = 2
    first_delay_s: Annotated[float, Field(ge=0, le=86_400)] = 5.0


class Limits(_Frozen):
    """What one run may use; it is killed beyond that.

    Attributes:
        wall_s, cpu_s: seconds.
        memory_mb: address space beyond what the agent itself has, MiB.
    """

    wall_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    cpu_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    memory_mb: Annotated[int, Field(ge=16, le=65_536)] = 512


JOB = "job"
"""Kind of the signed envelope of a job."""


class Job(_Frozen):
    """One job.

    Attributes:
        priority: 0 to 9; the larger goes first, but what has waited long is not passed over for ever.
        deadline_s: a run that has not begun so long after it was due is skipped, and that is recorded; None for never.
        missed: what happens to runs that fell due while the device was off: all but the last are skipped, or all are.
    """

    name: Name
    schedule: Schedule
    action: Action
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    deadline_s: Annotated[float | None, Field(gt=0)] = None
    retries: Retries = Retries()
    limits: Limits = Limits()
    missed: Literal["run_once", "skip"] = "run_once"
