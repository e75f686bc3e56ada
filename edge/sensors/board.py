"""All sensors of the device together."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from edge.kernel.errors import NotFound, ToolFailed
from edge.sensors.configuration import FromFile, Sensor, Simulated
from edge.sensors.file import FileDriver
from edge.sensors.modbus import ModbusDriver
from edge.sensors.port import Driver
from edge.sensors.simulator import Simulator

__all__ = ["Reading", "SensorBoard", "State"]

State = Literal["good", "low", "high", "implausible", "dead"]
"""Within its alarms; below or above them; beyond what the sensor can measure; no value at all."""


@dataclass(frozen=True, slots=True)
class Reading:
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

    def read(self, name: str, timeout_s: float = 5.0) -> Reading:
        """Read a sensor; a dead one is a reading, too. Raises NotFound: there is no such sensor."""
        if name not in self._sensors:
            known = ", ".join(sorted(self._sensors)) or "none"
            raise NotFound(f"This device has no sensor {name[:64]!r}.", f"It has: {known}.")
        sensor, driver = self._sensors[name]
        try:
            value = driver.read(timeout_s)
        except ToolFailed as error:
            return Reading(name, sensor.unit, None, "dead", error.message)
        return _judged(sensor, value)


def _driver(sensor: Sensor, monotonic: Callable[[], float], wall: Callable[[], float]) -> Driver:
    source = sensor.source
    if isinstance(source, Simulated):
        return Simulator(source, monotonic)
    return FileDriver(source, wall) if isinstance(source, FromFile) else ModbusDriver(source)


def _judged(sensor: Sensor, value: float) -> Reading:
    if not math.isfinite(value):
        return Reading(sensor.name, sensor.unit, None, "dead", "The sensor gave no finite number.")
    value = float(f"{value:.7g}")
    if not sensor.minimum <= value <= sensor.maximum:
        told = f"Beyond what the sensor can measure ({sensor.minimum:g} to {sensor.maximum:g}): do not believe it."
        return Reading(sensor.name, sensor.unit, value, "implausible", told)
    if sensor.alarm_below is not None and value < sensor.alarm_below:
        return Reading(sensor.name, sensor.unit, value, "low", f"Below {sensor.alarm_below:g}.")
    if sensor.alarm_above is not None and value > sensor.alarm_above:
        return Reading(sensor.name, sensor.unit, value, "high", f"Above {sensor.alarm_above:g}.")
    return Reading(sensor.name, sensor.unit, value, "good")
