"""The tools that read sensors."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.database import Database
from edge.kernel.errors import InvalidInput, NotFound, ToolFailed
from edge.sensors.board import TABLES, History, SensorBoard, SensorSample, sensor_tools
from edge.sensors.configuration import Sensor, Simulated
from edge.tools.registry import Toolbox
from tests.fakes.device_journals import MemoryJournal
from tests.fakes.plain_databases import plain_database

SENSORS = [
    Sensor(
        name="cabinet", unit="°C", minimum=-40, maximum=120, alarm_above=60, source=Simulated(base=21, swing=0, noise=0)
    ),
    Sensor(name="broken", source=Simulated(fault="dead")),
    Sensor(name="wild", maximum=100, source=Simulated(fault="wild")),
]


class Day:
    """A time of day that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with plain_database(tmp_path / "edge.db", TABLES) as database:
        yield database


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
def history(database: Database, day: Day) -> History:
    return History(database, day, kept=50)


@pytest.fixture
def toolbox(journal: MemoryJournal, history: History) -> Toolbox:
    return Toolbox(sensor_tools(SensorBoard(SENSORS), journal, history), journal)


def test_sensors_are_listed_without_where_they_are(toolbox: Toolbox) -> None:
    sensors = toolbox.call("sensor_list", {}, by="x")["sensors"]
    assert [sensor["name"] for sensor in sensors] == ["broken", "cabinet", "wild"]
    assert "source" not in sensors[0]


def test_a_sensor_is_read(toolbox: Toolbox) -> None:
    reading = toolbox.call("sensor_read", {"sensor": "cabinet"}, by="x")
    assert reading == {"sensor": "cabinet", "unit": "°C", "value": 21.0, "state": "good", "problem": ""}


def test_a_wild_value_comes_with_its_warning(toolbox: Toolbox) -> None:
    reading = toolbox.call("sensor_read", {"sensor": "wild"}, by="x")
    assert reading["state"] == "implausible"
    assert "do not believe" in reading["problem"]


def test_a_dead_sensor_is_a_failure(toolbox: Toolbox) -> None:
    with pytest.raises(ToolFailed, match="broken is dead"):
        toolbox.call("sensor_read", {"sensor": "broken"}, by="x")


@pytest.mark.parametrize(
    "arguments", [{}, {"sensor": "../x"}, {"sensor": "A"}, {"sensor": ""}, {"sensor": 3}, {"name": "cabinet"}]
)
def test_wrong_arguments_are_refused(toolbox: Toolbox, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        toolbox.call("sensor_read", arguments, by="x")


def test_unknown_sensors_are_told(toolbox: Toolbox) -> None:
    for name in ("sensor_read", "sensor_history"):
        with pytest.raises(NotFound, match="no sensor"):
            toolbox.call(name, {"sensor": "ghost"}, by="x")


def test_a_sample_is_kept_and_reported_with_what_is_wrong(toolbox: Toolbox, journal: MemoryJournal) -> None:
    readings = toolbox.call("sensor_sample", {}, by="job:minute")["readings"]
    assert [reading["state"] for reading in readings] == ["dead", "good", "implausible"]
    (body,) = journal.of("telemetry")
    assert body["sensors"]["cabinet"] == [21.0, "good"]
    assert body["sensors"]["broken"] == [None, "dead"]
    past = toolbox.call("sensor_history", {"sensor": "cabinet"}, by="x")
    assert past["summary"] == {"count": 1, "minimum": 21.0, "mean": 21.0, "maximum": 21.0}
    assert toolbox.call("sensor_history", {"sensor": "wild"}, by="x")["summary"] is None


def test_only_so_many_readings_are_kept_and_the_newest_come_first(history: History) -> None:
    for value in range(120):
        history.keep([SensorSample("a", "", float(value), "good")])
    kept = [sample.value for sample in history.latest("a", 1000)]
    assert kept == [float(value) for value in range(119, 69, -1)]


def test_the_last_minutes_are_asked_for_by_the_clock(history: History, day: Day) -> None:
    for minute in range(10):
        history.keep([SensorSample("a", "", float(minute), "good")])
        day.now += timedelta(minutes=1)
    assert [sample.value for sample in history.latest("a", 100, minutes=3)] == [9.0, 8.0, 7.0]


def test_a_clock_that_jumps_changes_no_order(history: History, day: Day) -> None:
    history.keep([SensorSample("a", "", 1.0, "good")])
    day.now -= timedelta(days=4000)
    history.keep([SensorSample("a", "", 2.0, "good")])
    assert [sample.value for sample in history.latest("a", 10)] == [2.0, 1.0]


def test_figures_are_of_all_that_was_meant_not_of_the_last_few(
    toolbox: Toolbox, history: History, day: Day, journal: MemoryJournal
) -> None:
    for hour, value in ((-20, 90.0), (-11, 40.0), (-2, 50.0), (-1, 20.0)):
        day.now = datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(hours=hour)
        history.keep([SensorSample("cabinet", "°C", value, "good")])
    day.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    asked = {"sensor": "cabinet", "limit": 1, "day": "today", "figure": "maximum"}
    told = toolbox.call("sensor_history", asked, by="p")["summary"]
    assert (told["count"], told["maximum"], told["maximum_at"]) == (3, 50.0, "2026-03-02T10:00:00+00:00")
    hours = toolbox.call("sensor_history", {"sensor": "cabinet", "minutes": 150, "limit": 1}, by="p")["summary"]
    assert (hours["count"], hours["minimum"]) == (2, 20.0)
    warmest = toolbox.call("sensor_history", {"sensor": "cabinet", "day": "yesterday", "unit": "°F"}, by="p")
    assert (warmest["summary"]["maximum"], warmest["unit"]) == (194.0, "°F")
    with pytest.raises(InvalidInput):
        toolbox.call("sensor_read", {"sensor": "cabinet", "unit": "bar"}, by="p")
