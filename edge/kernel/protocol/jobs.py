"""What runs on a device, and when. Jobs are signed by the hub; a device runs no other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Annotated, Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.errors import InvalidInput
from edge.kernel.protocol.events import EventKind

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
        wall_s, cpu_s: seconds; processor time is that of all processes together.
        memory_mb: of all processes of the run together, beyond what the agent itself has, MiB.
        tasks: processes and threads at a time.
    """

    wall_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    cpu_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    memory_mb: Annotated[int, Field(ge=16, le=65_536)] = 512
    tasks: Annotated[int, Field(ge=4, le=4096)] = 64


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


_CLOCK_CHANGE = timedelta(hours=3)
"""No clock is put forward or back by more."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression that was read: minute, hour, day of the month, month, day of the week.

    Fields hold numbers, names (`mon`, `jan`), ranges, lists, steps and `*`. Where both days are restricted, either will
    do. What they mean is cronsim's business, which keeps to Debian's cron; how local times become moments is decided
    here. When clocks go forward, a time that does not exist comes as much later as the clock was put forward (02:30
    becomes 03:30). When they go back, a time that comes twice counts once, the first time, unless the hour is `*`
    (`any_hour`): what runs every so many minutes goes on through both hours.
    """

    expression: str
    any_hour: bool

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first due time after a moment, in UTC; None where there is none, as on 30 February."""
        return min((due for due in self._near(moment, zone, reverse=False) if due > moment), default=None)

    def last_until(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The last due time not after a moment, in UTC; None where there is none."""
        return max((due for due in self._near(moment, zone, reverse=True) if due <= moment), default=None)

    def _near(self, moment: datetime, zone: tzinfo, *, reverse: bool) -> Iterator[datetime]:
        """Due times on both sides of a moment, in UTC, far enough for the nearest on the wanted side to be among them.

        A clock change alone makes the order of local times another one than that of moments.
        """
        margin = -_CLOCK_CHANGE if reverse else _CLOCK_CHANGE
        ends: datetime | None = None
        try:
            start = moment.astimezone(zone).replace(tzinfo=None) - margin
            for local in CronSim(self.expression, start, reverse=reverse):
                first, again = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
                yield first
                if self.any_hour and again > first:  # it comes twice; in a gap the second is the earlier one
                    yield again
                if ends is None and (first <= moment if reverse else first > moment):
                    ends = local + margin
                if ends is not None and (local < ends if reverse else local > ends):
                    return
        except (CronSimError, OverflowError, ValueError):  # no such day ever, or none that a calendar has
            return


@lru_cache(256)
def parse_cron(expression: str) -> Cron:
    """Read an expression. Raises InvalidInput: says which field is wrong."""
    given = expression.split()
    if len(given) != 5:
        raise InvalidInput(f"The cron expression {expression!r} has {len(given)} fields.", "It takes five.")
    minute, hour, day, month, weekday = given
    try:
        for part in (f"{minute} {hour} {day} * {weekday}", f"* * * {month} *"):  # 30 February may be written
            CronSim(part, datetime(2000, 1, 1))  # noqa: DTZ001  # local times have no zone here
    except (CronSimError, ValueError) as error:
        raise _wrong(expression, str(error)) from error
    if not expression.isascii() or "#" in weekday or "L" in f"{day}{weekday}".upper():
        raise _wrong(expression, "bad day")  # cronsim knows "the last Friday", which other crons do not
    return Cron(expression, hour.startswith("*"))


def _wrong(expression: str, why: str) -> InvalidInput:
    return InvalidInput(f"The cron expression {expression[:80]!r} has a {why.lower()}.", "Correct the expression.")
