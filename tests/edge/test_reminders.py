"""Reminders are said when they are due, once or again and again, whatever happened meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.database import Database
from edge.kernel.errors import InvalidInput
from edge.reminders import TABLES, Reminders, reminder_tools
from edge.tools.registry import Toolbox
from tests.fakes.device_journals import MemoryJournal
from tests.fakes.plain_databases import plain_database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = {"tools": ["reminder_set", "reminder_list", "reminder_remove"]}


class Day:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with plain_database(tmp_path / "edge.db", TABLES) as database:
        yield database


def boxed(database: Database, day: Day) -> tuple[Toolbox, Reminders, MemoryJournal]:
    journal = MemoryJournal()
    reminders = Reminders(database, journal, day)
    return Toolbox(reminder_tools(reminders, day, UTC), journal, lambda: POLICY), reminders, journal


def test_it_is_said_once_when_it_is_due(database: Database) -> None:
    day = Day()
    toolbox, reminders, journal = boxed(database, day)
    toolbox.call("reminder_set", {"text": "check the oil", "minutes": 120}, by="person:a")
    assert reminders.remind() == 0
    day.now = NOON + timedelta(hours=5)
    assert (reminders.remind(), reminders.remind()) == (1, 0)
    assert [body["message"] for body in journal.of("alert")] == ["Reminder: check the oil"]


def test_one_that_repeats_is_said_once_for_all_that_were_missed(database: Database) -> None:
    day = Day()
    toolbox, reminders, _ = boxed(database, day)
    toolbox.call("reminder_set", {"text": "walk round", "at": "8:00", "every": "day"}, by="p")
    assert reminders.all()[0].due == NOON.replace(hour=8) + timedelta(days=1)
    day.now = NOON + timedelta(days=5)
    assert (reminders.remind(), reminders.remind()) == (1, 0)
    assert reminders.all()[0].due == NOON.replace(hour=8) + timedelta(days=6)


def test_it_stays_over_a_restart_and_can_be_removed(database: Database) -> None:
    toolbox, _, _ = boxed(database, Day())
    told = toolbox.call("reminder_set", {"text": "x", "at": "08:00", "day": "tomorrow"}, by="p")["reminder"]
    again, _, _ = boxed(database, Day())
    assert again.call("reminder_list", {}, by="p")["reminders"] == [told]
    again.call("reminder_remove", {"reminder": told["id"]}, by="p")
    assert again.call("reminder_list", {}, by="p")["reminders"] == []


@pytest.mark.parametrize("when", [{}, {"minutes": 5, "at": "08:00"}, {"at": "08:00", "day": "today"}])
def test_an_unclear_time_is_refused(database: Database, when: dict[str, object]) -> None:
    toolbox, _, _ = boxed(database, Day())
    with pytest.raises(InvalidInput):
        toolbox.call("reminder_set", {"text": "x", **when}, by="p")
