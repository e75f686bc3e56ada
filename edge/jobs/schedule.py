"""When a job is due, whatever the clock does, and which of the waiting runs goes first.

Every rule is a pure function of what is remembered of the job and of the moment. None gives more than one due time, so
no jump of the clock makes a storm of runs: what fell due in between is missed, and reported as such.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.kernel.protocol.jobs import Cron, OnEvent, OnInterval


def local_zone(named: str = "", link: Path = Path("/etc/localtime")) -> tzinfo:
    """The zone with its rules for the clocks going forward and back, not just today's distance from UTC.

    Args:
        named: as in `Europe/Berlin`; else what `TZ` says, else the file that `link` leads to, else UTC.
    """
    name = named or os.environ.get("TZ", "").removeprefix(":")
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC
    try:
        with link.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC


AGEING_S = 60.0
"""Waiting so long is worth one step of priority: after ten minutes the least urgent run goes before any new one."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that could begin: its number, its job's priority (0 to 9), and how long it has waited, seconds."""

    run: int
    priority: int
    waited_s: float


def first_of(waiting: Iterable[Waiting]) -> Waiting | None:
    """The one to begin; of equals the one that came first. None where nothing waits."""
    return max(waiting, key=lambda one: (one.priority + one.waited_s / AGEING_S, -one.run), default=None)


GRACE_S = 120.0
"""A run that was due so long ago at most counts as on time."""
SMALL_STEP_BACK_S = 3 * 3600.0
"""A clock that is set back by so much at most does not make runs fall due again."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: by the wall clock (UTC), and by the clock of this boot that does not jump (seconds)."""

    wall: datetime
    monotonic: float
    boot: str


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What is remembered of a job between two looks.

    Attributes:
        seen: cron: due times up to here were dealt with.
        waited_s: interval: seconds since the last start, up to `mark`; None where it never started.
        mark: when `waited_s` was last counted up.
    """

    seen: datetime
    waited_s: float | None
    mark: Moment


@dataclass(frozen=True, slots=True)
class Due:
    """What a look found.

    Attributes:
        at: due time of the run that is to begin; None where there is none.
        missed: why due times went by without a run; empty where none did.
    """

    at: datetime | None
    memory: ScheduleState
    missed: str = ""


def cron_due(cron: Cron, zone: tzinfo, missed: Literal["run_once", "skip"], memory: ScheduleState, now: Moment) -> Due:
    """The last due time since `seen`, if there was one; the others are missed, and all old ones by "skip"."""
    back_s = (memory.seen - now.wall).total_seconds()
    if back_s > SMALL_STEP_BACK_S:
        return Due(None, replace(memory, seen=now.wall))
    if back_s >= 0:
        return Due(None, memory)
    first = _next_after(cron, memory.seen, zone)
    if first is None or first > now.wall:
        return Due(None, memory)
    last = cron.last_until(now.wall, zone) or first
    dealt = replace(memory, seen=now.wall)
    if missed == "skip" and (now.wall - last).total_seconds() > GRACE_S:
        return Due(None, dealt, f"What was due from {_shown(first)} to {_shown(last)} was missed.")
    if first < last:
        return Due(last, dealt, f"What was due from {_shown(first)} on, before {_shown(last)}, was missed.")
    return Due(last, dealt)


def interval_due(schedule: OnInterval, missed: Literal["run_once", "skip"], memory: ScheduleState, now: Moment) -> Due:
    """Due when so much time has gone by since the last start. Time with the device off counts by the wall clock.

    That clock may be wrong: it can make a run due once, or not count the time, and no more.
    """
    if memory.waited_s is None:
        return Due(now.wall, replace(memory, waited_s=0.0, mark=now))
    same_boot = memory.mark.boot == now.boot
    if same_boot:
        gone_s = max(0.0, now.monotonic - memory.mark.monotonic)
    else:
        gone_s = min(schedule.every_s, max(0.0, (now.wall - memory.mark.wall).total_seconds()))
    waited_s = memory.waited_s + gone_s
    if waited_s < schedule.every_s:
        worth_it = not same_boot or gone_s >= max(60.0, schedule.every_s / 8)
        return Due(None, replace(memory, waited_s=waited_s, mark=now) if worth_it else memory)
    dealt = replace(memory, waited_s=0.0, mark=now)
    if missed == "skip" and not same_boot:
        return Due(None, dealt, "A run was missed while the device was off.")
    return Due(now.wall - timedelta(seconds=min(waited_s - schedule.every_s, GRACE_S)), dealt)


def event_fits(schedule: OnEvent, job: str, kind: str, body: Mapping[str, Any]) -> bool:
    """Whether an event makes the job due. What jobs themselves do counts only where `equals` names that job.

    So jobs do not set each other off without end.
    """
    by = str(body.get("by", ""))
    doer = body.get("job") if kind == "job" else by.removeprefix("job:") if by.startswith("job:") else None
    named = schedule.equals.get("job", schedule.equals.get("by"))
    if doer is not None and (doer == job or named not in (doer, by)):
        return False
    return kind == schedule.kind and all(
        name in body and body[name] == value for name, value in schedule.equals.items()
    )


@lru_cache(256)
def _next_after(cron: Cron, moment: datetime, zone: tzinfo) -> datetime | None:
    return cron.next_after(moment, zone)


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
