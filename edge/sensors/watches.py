"""Standing alerts: a sensor is compared with a number at every measurement, and an alert is raised when it crosses it.

It is raised once, and again only after the value was back on the other side. A reading that is dead or implausible
changes nothing. What was set stays over restarts.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.database import Database
from edge.kernel.errors import InvalidInput, NotFound
from edge.outbox import Journal
from edge.sensors.board import SensorBoard, SensorSample
from edge.sensors.configuration import SensorName
from edge.sensors.units import convert
from edge.tools.deadline import caller
from edge.tools.tool import DeviceTool, device_tool, plain

TABLES = """
CREATE TABLE IF NOT EXISTS watches (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sensor TEXT NOT NULL, compare TEXT NOT NULL, number REAL NOT NULL,
    severity TEXT NOT NULL, by TEXT NOT NULL, beyond INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sensor, compare, number)
);
"""
MOST = 100

Compare = Literal["above", "below"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Watch:
    """One standing alert; `beyond` says that the last reading was, and that this was raised."""

    id: int
    sensor: str
    compare: Compare
    number: float
    severity: Severity
    by: str
    beyond: bool

    def is_beyond(self, value: float) -> bool:
        return value > self.number if self.compare == "above" else value < self.number


class Watches:
    """The table above. Any thread may use it."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def all(self) -> list[Watch]:
        """By id. Raises StorageFailed."""
        query = "SELECT id, sensor, compare, number, severity, by, beyond FROM watches ORDER BY id"
        with self._database.read() as rows:
            return [Watch(*row[:6], beyond=bool(row[6])) for row in rows.execute(query).fetchall()]

    def set(self, sensor: str, compare: Compare, number: float, severity: Severity, by: str) -> Watch:
        """Keep one; the same again changes its severity. Raises InvalidInput: there are too many; StorageFailed."""
        with self._database.transaction() as rows:
            (count,) = rows.execute("SELECT count(*) FROM watches").fetchone()
            if count >= MOST:
                raise InvalidInput(f"There are {MOST} standing alerts already.", "Remove one first.")
            rows.execute(
                "INSERT INTO watches (sensor, compare, number, severity, by) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (sensor, compare, number) DO UPDATE SET severity = excluded.severity, by = excluded.by",
                (sensor, compare, number, severity, by),
            )
        return next(one for one in self.all() if (one.sensor, one.compare, one.number) == (sensor, compare, number))

    def remove(self, watch: int) -> None:
        """Raises NotFound: there is none of this id; StorageFailed."""
        with self._database.transaction() as rows:
            if not rows.execute("DELETE FROM watches WHERE id = ?", (watch,)).rowcount:
                raise NotFound(f"There is no standing alert {watch}.", "List them.")

    def look(self, readings: Iterable[SensorSample]) -> int:
        """Compare, raise what was crossed; how many alerts were raised. Raises StorageFailed, OutboxFull."""
        known = {
            one.sensor: one for one in readings if one.value is not None and one.state not in {"implausible", "dead"}
        }
        raised = 0
        for watch in self.all():
            reading = known.get(watch.sensor)
            if reading is None or reading.value is None:
                continue
            beyond = watch.is_beyond(reading.value)
            if beyond == watch.beyond:
                continue
            with self._database.transaction() as rows:
                rows.execute("UPDATE watches SET beyond = ? WHERE id = ?", (int(beyond), watch.id))
                if beyond:
                    raised += 1
                    self._journal.record("alert", _body(watch, reading))
        return raised


def _body(watch: Watch, reading: SensorSample) -> dict[str, Any]:
    unit = f" {reading.unit}" if reading.unit else ""
    told = f"{watch.sensor}: {reading.value:g}{unit}, {watch.compare} {watch.number:g}{unit}"
    return {
        "severity": watch.severity,
        "message": told,
        "subject": watch.sensor,
        "by": f"watch:{watch.id} of {watch.by}",
    }


def watch_tools(watches: Watches, board: SensorBoard) -> list[DeviceTool]:
    """The tools over standing alerts."""

    def watch_set(
        sensor: SensorName,
        compare: Compare,
        number: Annotated[float, Field(allow_inf_nan=False)],
        severity: Severity = "warning",
        unit: Annotated[str, Field(max_length=16)] | None = None,
    ) -> dict[str, Any]:
        """Raise an alert from now on whenever a sensor goes above or below a number; the unit is the number's."""
        reading = board.read(sensor)
        if unit is not None:
            number = convert(number, unit, reading.unit)
        kept = watches.set(sensor, compare, number, severity, plain(caller.get()))
        watches.look([reading])
        return {"watch": _shown(kept, board), "value": reading.value, "beyond": _beyond(kept, reading)}

    def watch_list() -> dict[str, Any]:
        """List the standing alerts: sensor, number, and whether it is beyond now."""
        return {"watches": [_shown(one, board) for one in watches.all()]}

    def watch_remove(watch: Annotated[int, Field(ge=1)]) -> dict[str, Any]:
        """Remove a standing alert by its number."""
        watches.remove(watch)
        return {"removed": watch}

    return [
        device_tool(watch_set, effect="write"),
        device_tool(watch_list),
        device_tool(watch_remove, effect="write"),
    ]


def _shown(watch: Watch, board: SensorBoard) -> dict[str, Any]:
    unit = next((sensor.unit for sensor in board.sensors if sensor.name == watch.sensor), "")
    return {**asdict(watch), "unit": unit}


def _beyond(watch: Watch, reading: SensorSample) -> bool:
    return reading.value is not None and reading.state != "implausible" and watch.is_beyond(reading.value)
