"""Reminders: what a person wants to hear again later, once or every day; when one is due an alert says it.

Due times are the device's wall clock. One that fell due while the device was off is said at the next look; of one that
repeats, only the last that was missed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.database import Database
from edge.kernel.errors import InvalidInput, NotFound
from edge.outbox import Journal
from edge.tools.deadline import caller
from edge.tools.tool import DeviceTool, device_tool, plain

TABLES = """
CREATE TABLE IF NOT EXISTS reminders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, due TEXT NOT NULL, every_minutes REAL, by TEXT NOT NULL
);
"""
MOST = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One; `due` has its zone, `every_minutes` is None for one that comes once."""

    id: int
    text: str
    due: datetime
    every_minutes: float | None
    by: str


class Reminders:
    """The table above.

    Args:
        clock: the time of day, with its zone.
    """

    def __init__(self, database: Database, journal: Journal, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock

    def all(self) -> list[Reminder]:
        """The next first. Raises StorageFailed."""
        with self._database.read() as rows:
            found = rows.execute("SELECT id, text, due, every_minutes, by FROM reminders ORDER BY due, id").fetchall()
        return [Reminder(one, text, datetime.fromisoformat(due), every, by) for one, text, due, every, by in found]

    def add(self, text: str, due: datetime, every_minutes: float | None, by: str) -> Reminder:
        """Raises InvalidInput: there are too many; StorageFailed."""
        with self._database.transaction() as rows:
            (count,) = rows.execute("SELECT count(*) FROM reminders").fetchone()
            if count >= MOST:
                raise InvalidInput(f"There are {MOST} reminders already.", "Remove one first.")
            row = rows.execute(
                "INSERT INTO reminders (text, due, every_minutes, by) VALUES (?, ?, ?, ?)",
                (text, due.isoformat(timespec="seconds"), every_minutes, by),
            )
            return Reminder(int(row.lastrowid or 0), text, due, every_minutes, by)

    def remove(self, reminder: int) -> None:
        """Raises NotFound: there is none of this id; StorageFailed."""
        with self._database.transaction() as rows:
            if not rows.execute("DELETE FROM reminders WHERE id = ?", (reminder,)).rowcount:
                raise NotFound(f"There is no reminder {reminder}.", "List them.")

    def remind(self) -> int:
        """Say what is due, each with its change in one transaction; how many. Raises StorageFailed, OutboxFull."""
        now = self._clock()
        due = [one for one in self.all() if one.due <= now]
        for one in due:
            with self._database.transaction() as rows:
                if one.every_minutes is None:
                    rows.execute("DELETE FROM reminders WHERE id = ?", (one.id,))
                else:
                    rows.execute("UPDATE reminders SET due = ? WHERE id = ?", (_next(one, now), one.id))
                body = {"severity": "info", "message": f"Reminder: {one.text}", "subject": "reminder", "by": one.by}
                self._journal.record("alert", body)
        return len(due)


def _next(reminder: Reminder, now: datetime) -> str:
    every = timedelta(minutes=reminder.every_minutes or 0)
    return (reminder.due + every * ((now - reminder.due) // every + 1)).isoformat(timespec="seconds")


def reminder_tools(reminders: Reminders, clock: Callable[[], datetime], zone: tzinfo) -> list[DeviceTool]:
    """The tools over reminders."""

    def reminder_set(
        text: Annotated[str, Field(min_length=1, max_length=2000)],
        minutes: Annotated[float | None, Field(gt=0, le=527_040)] = None,
        at: Annotated[str | None, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")] = None,
        day: Literal["today", "tomorrow"] | None = None,
        every: Literal["day", "minutes"] | None = None,
    ) -> dict[str, Any]:
        """Remind of something in so many minutes, at a time of day, or again and again; an alert then says it."""
        if (minutes is None) == (at is None):
            raise InvalidInput("When is not clear.", "Say in how long, or at what time.")
        now = clock().astimezone(zone)
        if minutes is not None:
            due, again = now + timedelta(minutes=minutes), minutes if every == "minutes" else None
        else:
            hour, _, minute = str(at).partition(":")
            due = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            if day == "tomorrow" or (due <= now and day is None):
                due += _DAY
            if due <= now:
                raise InvalidInput(f"{at} today is over.", "Name a later time.")
            again = 1440.0 if every == "day" else None
        kept = reminders.add(plain(text), due, again, plain(caller.get()))
        return {"reminder": _shown(kept)}

    def reminder_list() -> dict[str, Any]:
        """List the reminders, the next first."""
        return {"reminders": [_shown(one) for one in reminders.all()]}

    def reminder_remove(reminder: Annotated[int, Field(ge=1)]) -> dict[str, Any]:
        """Remove a reminder by its number."""
        reminders.remove(reminder)
        return {"removed": reminder}

    return [
        device_tool(reminder_set, effect="write"),
        device_tool(reminder_list),
        device_tool(reminder_remove, effect="write"),
    ]


def _shown(reminder: Reminder) -> dict[str, Any]:
    return {
        "id": reminder.id,
        "text": reminder.text,
        "due": reminder.due.isoformat(timespec="minutes"),
        "every_minutes": reminder.every_minutes,
    }
