"""The tools that read sensors, sample them all, and give their history."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from edge.kernel.errors import ToolFailed
from edge.outbox import Journal
from edge.sensors.board import History, SensorBoard, SensorSample
from edge.sensors.configuration import SensorName
from edge.tools.deadline import check_time, time_left
from edge.tools.registry import DeviceTool, device_tool

__all__ = ["sensor_tools"]

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
