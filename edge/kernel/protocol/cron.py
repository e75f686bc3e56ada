"""Cron expressions of five fields: minute, hour, day of the month, month, day of the week.

Fields hold numbers, names (`mon`, `jan`), ranges, lists, steps and `*`. Where both days are restricted, either will do.
What they mean is cronsim's business, which keeps to Debian's cron; how local times become moments is decided here.

Times are local. When clocks go forward, a time that does not exist comes as much later as the clock was put forward
(02:30 becomes 03:30). When they go back, a time that comes twice counts once, the first time, unless the hour is `*`:
what runs every so many minutes goes on through both hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from cronsim import CronSim, CronSimError

from edge.kernel.errors import InvalidInput

__all__ = ["Cron", "parse_cron"]

_CLOCK_CHANGE = timedelta(hours=3)
"""No clock is put forward or back by more."""


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that was read. `any_hour`: the hour is `*`."""

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
