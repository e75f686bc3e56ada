"""The readings of the last days, in the device's database. The oldest give way; nothing here is a record."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from edge.database import Database
from edge.sensors.board import Reading, State

__all__ = ["TABLES", "History", "Sample"]

KEPT = 20_000
"""Readings of all sensors together: two weeks of one a minute, or a day of fourteen."""

TABLES = """
CREATE TABLE IF NOT EXISTS readings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sensor TEXT NOT NULL, at TEXT NOT NULL, value REAL, state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS readings_of_sensor ON readings (sensor, id);
"""


@dataclass(frozen=True, slots=True)
class Sample:
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

    def keep(self, readings: Iterable[Reading]) -> None:
        """Keep readings, durably. Raises StorageFailed."""
        at = self._clock().isoformat(timespec="seconds")
        rows = [(reading.sensor, at, reading.value, reading.state) for reading in readings]
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO readings (sensor, at, value, state) VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM readings WHERE id <= (SELECT max(id) FROM readings) - ?", (self._kept,))

    def latest(self, sensor: str, limit: int, minutes: float | None = None) -> list[Sample]:
        """The last readings of a sensor, newest first.

        Args:
            minutes: only those of so many minutes, by the clock; readings behind one that is older are left out, too.

        Raises:
            StorageFailed.
        """
        query = "SELECT at, value, state FROM readings WHERE sensor = ? ORDER BY id DESC LIMIT ?"
        with self._database.read() as connection:
            samples = [Sample(*row) for row in connection.execute(query, (sensor, limit))]
        if minutes is None:
            return samples
        oldest = self._clock() - timedelta(minutes=minutes)
        return list(takewhile(lambda sample: datetime.fromisoformat(sample.at) >= oldest, samples))
