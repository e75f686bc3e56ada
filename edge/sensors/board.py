"""All sensors of the device together: read now, and kept for some days. The oldest samples are evicted."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.database import Database
from edge.kernel.errors import NotFound, ToolFailed
from edge.outbox import Journal
from edge.sensors.configuration import FromFile, Sensor, SensorName, Simulated
from edge.sensors.drivers import FileDriver, ModbusDriver, Simulator
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


def _driver(
    sensor: Sensor, monotonic: Callable[[], float], wall: Callable[[], float]
) -> Simulator | FileDriver | ModbusDriver:
    source = sensor.source
    if isinstance(source, Simulated):
        return Simulator(source, monotonic)
    return FileDriver(source, wall) if isinstance(source, FromFile) else ModbusDriver(source)


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


class History:
    """Readings, in the order in which they were kept: the clock may jump.

    Args:
        clock: the time of day, with its zone.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], kept: int = KEPT) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept

    def keep(self, readings: Iterable[SensorSample]) -> None:
        """Keep readings, durably. Raises StorageFailed."""
        at = self._clock().isoformat(timespec="seconds")
        rows = [(reading.sensor, at, reading.value, reading.state) for reading in readings]
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO readings (sensor, at, value, state) VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM readings WHERE id <= (SELECT max(id) FROM readings) - ?", (self._kept,))

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


def sensor_tools(board: SensorBoard, journal: Journal, history: History | None = None) -> list[DeviceTool]:
    """The tools over a board; without a history there is none to ask for."""

    def sensor_list() -> dict[str, Any]:
        """List the sensors of this device with unit, limits and alarms."""
        return {"sensors": [sensor.model_dump(exclude={"source"}, exclude_none=True) for sensor in board.sensors]}

    def sensor_read(sensor: SensorName) -> dict[str, Any]:
        """Read a sensor now. The state says whether the value is good, low, high or implausible."""
        reading = board.read(sensor, time_left(_SLOWEST_S))
        if reading.state == "dead":
            raise ToolFailed(f"The sensor {sensor} is dead: {reading.problem}", "Have the sensor looked at.")
        return asdict(reading)

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
    return tools if history is None else [*tools, _history_tool(board, history)]


def _history_tool(board: SensorBoard, history: History) -> DeviceTool:
    def sensor_history(
        sensor: SensorName,
        limit: Annotated[int, Field(ge=1, le=200)] = 20,
        minutes: Annotated[float | None, Field(gt=0, le=1_000_000)] = None,
    ) -> dict[str, Any]:
        """Give the last kept readings of a sensor, newest first, with their least, mean and greatest value."""
        samples = history.latest(sensor, limit, minutes)
        if not samples:  # tells what sensors there are when there is none of this name
            board.read(sensor, time_left(_SLOWEST_S))
        values = [sample.value for sample in samples if sample.value is not None and sample.state != "implausible"]
        return {"sensor": sensor, "summary": _summary(values), "samples": [asdict(sample) for sample in samples]}

    return device_tool(sensor_history, ends_itself=True)


def _summary(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    mean = float(f"{math.fsum(values) / len(values):.7g}")
    return {"count": len(values), "minimum": min(values), "mean": mean, "maximum": max(values)}
