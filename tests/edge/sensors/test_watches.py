"""Standing alerts: raised when a number is crossed, once, and again after it was back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.database import Database
from edge.kernel.errors import NotFound
from edge.sensors.board import SensorBoard, SensorSample
from edge.sensors.configuration import FromFile, Sensor
from edge.sensors.watches import TABLES, Watches, watch_tools
from edge.tools.registry import Toolbox
from tests.fakes.device_journals import MemoryJournal
from tests.fakes.plain_databases import plain_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with plain_database(tmp_path / "edge.db", TABLES) as database:
        yield database


def sample(value: float | None, state: str = "good") -> SensorSample:
    return SensorSample("inlet", "°C", value, state)  # type: ignore[arg-type]


def test_it_is_raised_once_and_again_after_it_was_back(database: Database) -> None:
    journal = MemoryJournal()
    watches = Watches(database, journal)
    watches.set("inlet", "above", 60.0, "critical", "person:a")
    raised = [watches.look([sample(value)]) for value in (50, 61, 70, 59, 62)]
    assert raised == [0, 1, 0, 0, 1]
    assert journal.of("alert")[0] == {
        "severity": "critical", "message": "inlet: 61 °C, above 60 °C", "subject": "inlet", "by": "watch:1 of person:a",
    }  # fmt: skip


def test_a_dead_or_implausible_reading_changes_nothing(database: Database) -> None:
    watches = Watches(database, MemoryJournal())
    watches.set("inlet", "above", 60.0, "warning", "p")
    assert watches.look([sample(None, "dead"), sample(9999, "implausible")]) == 0
    assert watches.look([sample(70)]) == 1
    assert watches.look([sample(9999, "implausible")]) == 0
    assert watches.all()[0].beyond


def test_the_tools_set_list_and_remove(database: Database, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("70")
    board = SensorBoard([Sensor(name="inlet", unit="°C", source=FromFile(path=tmp_path / "value"))])
    journal = MemoryJournal()
    policy = {"tools": ["watch_set", "watch_list", "watch_remove"]}
    toolbox = Toolbox(watch_tools(Watches(database, journal), board), journal, lambda: policy)
    told = toolbox.call(
        "watch_set", {"sensor": "inlet", "compare": "above", "number": 140, "unit": "°F"}, by="person:a"
    )
    assert (told["watch"]["number"], told["beyond"], len(journal.of("alert"))) == (60.0, True, 1)
    assert [one["sensor"] for one in toolbox.call("watch_list", {}, by="p")["watches"]] == ["inlet"]
    toolbox.call("watch_remove", {"watch": told["watch"]["id"]}, by="p")
    assert toolbox.call("watch_list", {}, by="p")["watches"] == []
    with pytest.raises(NotFound):
        toolbox.call("watch_remove", {"watch": 9}, by="p")
