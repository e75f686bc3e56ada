"""All sensors of the device together: read now, and kept for some days. The oldest samples are evicted."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from edge.database import Database
from edge.kernel.errors import NotFound, ToolFailed
from edge.outbox import Journal
from edge.sensors.configuration import FromFile, FromMqtt, FromOpcUa, Sensor, SensorName, Simulated
from edge.sensors.drivers import FileDriver, ModbusDriver, Simulator
from edge.sensors.mqtt import MqttDriver
from edge.sensors.opcua import OpcUaDriver
from edge.sensors.units import convert
from edge.tools.deadline import check_time, time_left
from edge.tools.tool import DeviceTool, device_tool

State = Literal["good", "low", "high", "implausible", "dead"]
"""Within its alarms; below or above them; beyond what the sensor can measure; no value at all."""


@dataclass(frozen=True, slots=True)
class SensorSample:
    """What a sensor gave.

    Attributes:
        value: in the sensor's unit; None where it is dead.
        problem: empty where it is good.
    """

    sensor: str
    unit: str
    value: float | None
    state: State
    problem: str = ""


class SensorBoard:
    """Reads sensors by name. Any thread may."""

    def __init__(
        self,
        sensors: Iterable[Sensor],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._sensors = {sensor.name: (sensor, _driver(sensor, monotonic, wall)) for sensor in sensors}

    @property
    def sensors(self) -> list[Sensor]:
        """In the order of their names."""
        return [self._sensors[name][0] for name in sorted(self._sensors)]

    def read(self, name: str, timeout_s: float = 5.0) -> SensorSample:
        """Read a sensor; a dead one is a reading, too. Raises NotFound: there is no such sensor."""
        if name not in self._sensors:
            known = ", ".join(sorted(self._sensors)) or "none"
            raise NotFound(f"This device has no sensor {name[:64]!r}.", f"It has: {known}.")
        sensor, driver = self._sensors[name]
        try:
            value = driver.read(timeout_s)
        except ToolFailed as error:
            return SensorSample(name, sensor.unit, None, "dead", error.message)
        return _judged(sensor, value)


class Driver(Protocol):
    """Where a sensor's value comes from."""

    def read(self, timeout_s: float) -> float:
        """The value now, in the sensor's unit. Raises ToolFailed: it does not answer, or answers what is no number."""
        ...


def _driver(sensor: Sensor, monotonic: Callable[[], float], wall: Callable[[], float]) -> Driver:
    """Those that need a library import it at the first reading."""
    source = sensor.source
    if isinstance(source, Simulated):
        return Simulator(source, monotonic)
    if isinstance(source, FromFile):
        return FileDriver(source, wall)
    if isinstance(source, FromMqtt):
        return MqttDriver(source, monotonic)
    return OpcUaDriver(source) if isinstance(source, FromOpcUa) else ModbusDriver(source)


def _judged(sensor: Sensor, value: float) -> SensorSample:
    if not math.isfinite(value):
        return SensorSample(sensor.name, sensor.unit, None, "dead", "The sensor gave no finite number.")
    value = float(f"{value:.7g}")
    if not sensor.minimum <= value <= sensor.maximum:
        told = f"Beyond what the sensor can measure ({sensor.minimum:g} to {sensor.maximum:g}): do not believe it."
        return SensorSample(sensor.name, sensor.unit, value, "implausible", told)
    if sensor.alarm_below is not None and value < sensor.alarm_below:
        return SensorSample(sensor.name, sensor.unit, value, "low", f"Below {sensor.alarm_below:g}.")
    if sensor.alarm_above is not None and value > sensor.alarm_above:
        return SensorSample(sensor.name, sensor.unit, value, "high", f"Above {sensor.alarm_above:g}.")
    return SensorSample(sensor.name, sensor.unit, value, "good")


KEPT = 20_000
"""Readings of all sensors together: two weeks of one a minute, or a day of fourteen."""

TABLES = """
CREATE TABLE IF NOT EXISTS readings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sensor TEXT NOT NULL, at TEXT NOT NULL, value REAL, state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS readings_of_sensor ON readings (sensor, id);
"""


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A reading that was kept.

    Attributes:
        at: the device's clock then, ISO 8601; it may have been wrong.
    """

    at: str
    value: float | None
    state: State


@dataclass(frozen=True, slots=True)
class Summary:
    """Of readings that can be believed; `…_at` is when, by the device's clock."""

    count: int
    minimum: float
    minimum_at: str
    mean: float
    maximum: float
    maximum_at: str


class History:
    """Readings, in the order in which they were kept: the clock may jump.

    Args:
        clock: the time of day, with its zone.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], kept: int = KEPT) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept

    def now(self) -> datetime:
        """The time of day."""
        return self._clock()

    def keep(self, readings: Iterable[SensorSample]) -> None:
        """Keep readings, durably. Raises StorageFailed."""
        at = self._clock().isoformat(timespec="seconds")
        rows = [(reading.sensor, at, reading.value, reading.state) for reading in readings]
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO readings (sensor, at, value, state) VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM readings WHERE id <= (SELECT max(id) FROM readings) - ?", (self._kept,))

    def summary(self, sensor: str, since: datetime, until: datetime | None = None) -> Summary | None:
        """Over all kept readings of a sensor from a moment on that can be believed; None where there is none.

        Raises:
            StorageFailed.
        """
        query = (
            "SELECT value, at FROM readings WHERE sensor = ? AND value IS NOT NULL AND state != 'implausible'"
            " AND julianday(at) >= julianday(?) AND julianday(at) < julianday(?) ORDER BY id"
        )
        end = until or self._clock() + timedelta(days=1)
        with self._database.read() as connection:
            rows: list[tuple[float, str]] = connection.execute(
                query, (sensor, since.isoformat(), end.isoformat())
            ).fetchall()
        if not rows:
            return None
        least, most = min(rows, key=lambda row: row[0]), max(rows, key=lambda row: row[0])
        mean = float(f"{math.fsum(value for value, _ in rows) / len(rows):.7g}")
        return Summary(len(rows), *least, mean, *most)

    def latest(self, sensor: str, limit: int, minutes: float | None = None) -> list[StoredSample]:
        """The last readings of a sensor, newest first.

        Args:
            minutes: only those of so many minutes, by the clock; readings behind one that is older are left out, too.

        Raises:
            StorageFailed.
        """
        query = "SELECT at, value, state FROM readings WHERE sensor = ? ORDER BY id DESC LIMIT ?"
        with self._database.read() as connection:
            samples = [StoredSample(*row) for row in connection.execute(query, (sensor, limit))]
        if minutes is None:
            return samples
        oldest = self._clock() - timedelta(minutes=minutes)
        return list(takewhile(lambda sample: datetime.fromisoformat(sample.at) >= oldest, samples))


_SLOWEST_S = 5.0
"""What one sensor may take."""

UnitName = Annotated[str, Field(max_length=16)]


def sensor_tools(
    board: SensorBoard,
    journal: Journal,
    history: History | None = None,
    local_now: Callable[[], datetime] | None = None,
) -> list[DeviceTool]:
    """The tools over a board; without a history there is none to ask for.

    Args:
        local_now: the time of day where the device stands, by which "today" is meant; None for the history's clock.
    """

    def sensor_list() -> dict[str, Any]:
        """List the sensors of this device with unit, limits and alarms."""
        return {"sensors": [sensor.model_dump(exclude={"source"}, exclude_none=True) for sensor in board.sensors]}

    def sensor_read(sensor: SensorName, unit: UnitName | None = None) -> dict[str, Any]:
        """Read a sensor now. The state says whether the value is good, low, high or implausible."""
        reading = board.read(sensor, time_left(_SLOWEST_S))
        if reading.state == "dead":
            raise ToolFailed(f"The sensor {sensor} is dead: {reading.problem}", "Have the sensor looked at.")
        return asdict(reading if unit is None or reading.value is None else _in_unit(reading, unit))

    def sensor_sample(sensors: Annotated[list[SensorName], Field(max_length=100)] = []) -> dict[str, Any]:  # noqa: B006  # pydantic copies it
        """Read sensors (all, when none is named), keep the readings and report them to the hub."""
        readings: list[SensorSample] = []
        for name in sensors or [sensor.name for sensor in board.sensors]:
            check_time()
            readings.append(board.read(name, time_left(_SLOWEST_S)))
        if history is not None:
            history.keep(readings)
        journal.record("telemetry", {"sensors": {one.sensor: [one.value, one.state] for one in readings}})
        return {"readings": [asdict(reading) for reading in readings]}

    tools = [
        device_tool(sensor_list),
        device_tool(sensor_read),
        device_tool(sensor_sample, effect="write", timeout_s=60.0),
    ]
    return tools if history is None else [*tools, _history_tool(board, history, local_now or history.now)]


def _in_unit(reading: SensorSample, unit: str) -> SensorSample:
    """Raises InvalidInput: it is a unit of another quantity."""
    value = convert(reading.value, reading.unit, unit) if reading.value is not None else None
    return replace(reading, value=value, unit=unit)


def _history_tool(board: SensorBoard, history: History, local_now: Callable[[], datetime]) -> DeviceTool:
    def sensor_history(
        sensor: SensorName,
        limit: Annotated[int, Field(ge=1, le=200)] = 20,
        minutes: Annotated[float | None, Field(gt=0, le=1_000_000)] = None,
        day: Literal["today", "yesterday"] | None = None,
        figure: Literal["minimum", "mean", "maximum"] | None = None,
        unit: UnitName | None = None,
    ) -> dict[str, Any]:
        """Give a sensor's last kept readings, newest first, and least, mean and greatest of all that were meant."""
        own = next((one.unit for one in board.sensors if one.name == sensor), "")
        samples = history.latest(sensor, limit, minutes)
        if not samples:  # tells what sensors there are when there is none of this name
            board.read(sensor, time_left(_SLOWEST_S))
        summary = None
        if day is not None or minutes is not None:
            since, until = _period(local_now(), minutes, day)
            summary = history.summary(sensor, since, until)
            samples = [one for one in samples if since <= datetime.fromisoformat(one.at) and _before(one.at, until)]
        values = [sample.value for sample in samples if sample.value is not None and sample.state != "implausible"]
        told = asdict(summary) if summary is not None else _summary(values)
        rows = [asdict(sample) for sample in samples]
        if unit is not None:
            told = told and {
                key: _converted(value, own, unit) if key != "count" else value for key, value in told.items()
            }
            rows = [
                {**row, "value": row["value"] if row["value"] is None else convert(row["value"], own, unit)}
                for row in rows
            ]
        asked = {
            name: value for name, value in (("figure", figure), ("day", day), ("minutes", minutes)) if value is not None
        }
        return {"sensor": sensor, "unit": unit or own, **asked, "summary": told, "samples": rows}

    return device_tool(sensor_history, ends_itself=True)


def _converted(value: Any, own: str, unit: str) -> Any:
    return convert(value, own, unit) if isinstance(value, int | float) else value


def _period(now: datetime, minutes: float | None, day: str | None) -> tuple[datetime, datetime | None]:
    """From when until when; the day counts where both are named."""
    if day is None:
        return now - timedelta(minutes=minutes or 0), None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight, None) if day == "today" else (midnight - timedelta(days=1), midnight)


def _before(at: str, until: datetime | None) -> bool:
    return until is None or datetime.fromisoformat(at) < until


def _summary(values: Sequence[float]) -> dict[str, Any] | None:
    if not values:
        return None
    mean = float(f"{math.fsum(values) / len(values):.7g}")
    return {"count": len(values), "minimum": min(values), "mean": mean, "maximum": max(values)}
