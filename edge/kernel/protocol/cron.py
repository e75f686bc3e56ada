"""Cron expressions of five fields: minute, hour, day of the month, month, day of the week.

Fields hold numbers, names (`mon`, `jan`), ranges, lists, steps and `*`. Where both days are restricted, either will do.

Times are local. When clocks go forward, a time that does not exist comes as much later as the clock was put forward
(02:30 becomes 03:30). When they go back, a time that comes twice counts once, the first time, unless the hour is `*`:
what runs every so many minutes goes on through both hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from edge.kernel.errors import InvalidInput

__all__ = ["Cron", "parse_cron"]

_DAYS_SEARCHED = 366 * 8 + 2
"""29 February comes after eight years at the latest."""
_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_WEEKDAYS = {name: n for n, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression; days of the week from 0, Sunday. `any_hour`, `any_day`, `any_weekday`: the field is `*`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_hour: bool
    any_day: bool
    any_weekday: bool

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first due time after a moment, in UTC; None where there is none, as on 30 February."""
        day = moment.astimezone(zone).date()
        for _ in range(_DAYS_SEARCHED):
            if day > date.max - timedelta(days=2):
                return None
            for due in self._times_of(day, zone):
                if due > moment:
                    return due
            day += timedelta(days=1)
        return None

    def last_until(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The last due time not after a moment, in UTC; None where there is none."""
        day = moment.astimezone(zone).date()
        for _ in range(_DAYS_SEARCHED):
            if day < date.min + timedelta(days=2):
                return None
            for due in reversed(list(self._times_of(day, zone))):
                if due <= moment:
                    return due
            day -= timedelta(days=1)
        return None

    def _times_of(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        """Due times of a local day, ascending."""
        if day.month not in self.months or not self._fits(day):
            return
        times = set[datetime]()
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute), zone)
                times.add(local.astimezone(UTC))
                if self.any_hour:
                    again = local.replace(fold=1).astimezone(UTC)
                    if again > local.astimezone(UTC):  # it comes twice; in a gap the second is the earlier one
                        times.add(again)
        yield from sorted(times)

    def _fits(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month and in_week if self.any_day or self.any_weekday else in_month or in_week


@lru_cache(256)
def parse_cron(expression: str) -> Cron:
    """Read an expression. Raises InvalidInput: says which field is wrong."""
    given = expression.split()
    if len(given) != len(_FIELDS):
        raise InvalidInput(f"The cron expression {expression!r} has {len(given)} fields.", "It takes five.")
    parsed = [_parse_field(text, *field) for text, field in zip(given, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = parsed
    any_hour, any_day, any_weekday = (given[n].startswith("*") for n in (1, 2, 4))
    weekdays = frozenset(day % 7 for day in weekdays)
    return Cron(minutes, hours, days, months, weekdays, any_hour, any_day, any_weekday)


def _parse_field(text: str, name: str, least: int, most: int, names: Mapping[str, int]) -> frozenset[int]:
    values = set[int]()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            every = int(step) if step else 1
            if span == "*":
                low, high = least, min(most, 6) if names is _WEEKDAYS else most
            else:
                low = names[first] if first in names else int(first)
                high = (names[last] if last in names else int(last)) if last else (most if step else low)
        except ValueError as error:
            raise _wrong(part, name) from error
        ok = part.isascii() and least <= low <= high <= most and every >= 1
        if not ok or part.endswith(("/", "-")) or "+" in part or "_" in part:
            raise _wrong(part, name)
        values.update(range(low, high + 1, every))
    return frozenset(values)


def _wrong(part: str, name: str) -> InvalidInput:
    return InvalidInput(f"{part[:40]!r} is no {name} of a cron expression.", "Correct the expression.")
