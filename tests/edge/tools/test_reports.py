"""Notes and alerts."""

from typing import Any

import pytest

from edge.kernel.errors import InvalidInput
from edge.tools.registry import Toolbox
from edge.tools.reports import REPEAT_AFTER_S, report_tools
from tests.fakes.device_journals import MemoryJournal


class Clock:
    """Set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def toolbox(journal: MemoryJournal, clock: Clock) -> Toolbox:
    return Toolbox(report_tools(journal, clock), journal, monotonic=clock)


def test_a_note_is_recorded_with_who_took_it(toolbox: Toolbox, journal: MemoryJournal) -> None:
    assert toolbox.call("note_take", {"text": " 3 号泵有异响 ", "about": "pump-3"}, by="person:anna") == {"noted": 2}
    assert journal.of("note") == [{"text": "3 号泵有异响", "about": "pump-3", "by": "person:anna"}]
    assert [kind for kind, _ in journal.events] == ["audit", "note", "audit"]


def test_an_alert_is_recorded(toolbox: Toolbox, journal: MemoryJournal) -> None:
    toolbox.call(
        "alert_raise", {"message": "Pressure falls", "severity": "critical", "subject": "line"}, by="job:watch"
    )
    assert journal.of("alert") == [
        {"severity": "critical", "message": "Pressure falls", "subject": "line", "by": "job:watch"}
    ]


def test_an_alert_that_says_the_same_again_soon_is_not_raised_again(
    toolbox: Toolbox, journal: MemoryJournal, clock: Clock
) -> None:
    first = toolbox.call("alert_raise", {"message": "hot"}, by="x")
    again = toolbox.call("alert_raise", {"message": "hot"}, by="x")
    assert (first["raised_before"], again) == (False, {"alert": first["alert"], "raised_before": True})
    toolbox.call("alert_raise", {"message": "hot", "severity": "critical"}, by="x")
    clock.now += REPEAT_AFTER_S
    toolbox.call("alert_raise", {"message": "hot"}, by="x")
    assert [body["severity"] for body in journal.of("alert")] == ["warning", "critical", "warning"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("note_take", {}),
        ("note_take", {"text": ""}),
        ("note_take", {"text": " \n\t"}),
        ("note_take", {"text": "x" * 20_001}),
        ("note_take", {"text": "x", "about": "y" * 101}),
        ("note_take", {"text": "x", "kind": "alert"}),
        ("alert_raise", {"message": "x", "severity": "mild"}),
        ("alert_raise", {"severity": "critical"}),
        ("alert_raise", {"message": 5}),
    ],
)
def test_what_says_nothing_or_too_much_is_refused(
    toolbox: Toolbox, journal: MemoryJournal, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        toolbox.call(name, arguments, by="x")
    assert {kind for kind, _ in journal.events} == {"audit"}


def test_control_characters_do_not_get_into_the_record(toolbox: Toolbox, journal: MemoryJournal) -> None:
    toolbox.call("note_take", {"text": "a\x00\x1b[2J\u202eb"}, by="x\x07y")
    assert journal.of("note") == [{"text": "a\ufffd\ufffd[2J\ufffdb", "about": "", "by": "x\ufffdy"}]
