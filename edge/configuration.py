"""The device's configuration: the hub's values and what was changed on the device, merged."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from edge.database import Database
from edge.kernel.canonical import canonical_json
from edge.kernel.protocol.desired import Item
from edge.merge import Conflict, check_rules, merge

__all__ = ["TABLES", "Configuration"]

TABLES = """
CREATE TABLE IF NOT EXISTS configuration (key TEXT PRIMARY KEY, base TEXT, value TEXT);
"""
# base: the hub's value when they were last merged; value: the device's. NULL where there is none.


class Configuration:
    """Values by key; keys are flat, such as "alerts.temperature.largest"."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def values(self) -> dict[str, Any]:
        """What holds on this device. Raises StorageFailed."""
        with self._database.read() as rows:
            return _column(rows, "value")

    def change(self, key: str, value: Any) -> None:
        """Change a value on the device. Raises StorageFailed; ValueError, TypeError: it is not JSON."""
        self._write(key, canonical_json(value).decode())

    def remove(self, key: str) -> None:
        """Remove a value on the device. Raises StorageFailed."""
        self._write(key, None)

    def take(self, items: Iterable[Item]) -> tuple[Conflict, ...]:
        """Merge the hub's items of the kind "configuration"; of items that name the same key, the last name's holds.

        Raises:
            InvalidInput: a rule is not known; nothing was changed.
            StorageFailed: nothing was changed.
        """
        values, rules = dict[str, Any](), dict[str, Any]()
        for item in sorted(items, key=lambda item: item.name):
            body = item.body or {}
            values |= _mapping(body.get("values"))
            rules |= _mapping(body.get("rules"))
        checked = check_rules(rules)
        with self._database.transaction() as rows:
            merged = merge(_column(rows, "base"), _column(rows, "value"), values, checked)
            rows.execute("DELETE FROM configuration")
            rows.executemany(
                "INSERT INTO configuration VALUES (?, ?, ?)",
                [
                    (key, _spelled(values, key), _spelled(merged.values, key))
                    for key in sorted(values.keys() | merged.values.keys())
                ],
            )
        return merged.conflicts

    def _write(self, key: str, spelled: str | None) -> None:
        with self._database.transaction() as rows:
            rows.execute(
                "INSERT INTO configuration VALUES (?, NULL, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, spelled),
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _spelled(values: Mapping[str, Any], key: str) -> str | None:
    return canonical_json(values[key]).decode() if key in values else None


def _column(rows: sqlite3.Connection, name: str) -> dict[str, Any]:
    place = ("base", "value").index(name)
    found = [(row[0], row[1 + place]) for row in rows.execute("SELECT key, base, value FROM configuration")]
    return {key: json.loads(value) for key, value in found if value is not None}
