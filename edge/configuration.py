"""The device's configuration: the hub's values and what was changed on the device, in a three-way merge.

The sides are what both had, what the device made of it, and what the hub made of it. Where only one of them changed a
value, that holds. Where both changed it to different values, the rule of the longest prefix of the key decides, and the
conflict is reported.
"""

import json
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard, get_args

from edge.database import Database
from edge.kernel.canonical import canonical_json
from edge.kernel.errors import InvalidInput
from edge.kernel.protocol.desired import Item

Rule = Literal["hub_wins", "device_wins", "union", "smallest", "largest", "sum"]
"""What decides where both changed a value.

- hub_wins, device_wins: that one's; "gone" where it removed it.
- union: of lists taken as sets: what either added, without what either removed.
- smallest, largest: of numbers, or false before true.
- sum: of numbers: what both had (0 where that was none), with both changes.

Where a rule cannot be applied to the values (one is gone, or of another type), the hub's holds.
"""

DEFAULT: Rule = "hub_wins"


_ABSENT: Final = object()
"""No value; JSON's null is a value."""
_UNDECIDED: Final = object()
"""The rule does not fit the values."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both changed a value, to different ones.

    Attributes:
        rule: which decided; "hub_wins" where the stated one could not be applied.
        base, device, hub, result: {"value": ...}, or {} where there was none.
    """

    key: str
    rule: Rule
    base: Mapping[str, Any]
    device: Mapping[str, Any]
    hub: Mapping[str, Any]
    result: Mapping[str, Any]

    def event_body(self) -> dict[str, Any]:
        """Body of an event of the kind "conflict"."""
        sides = {"base": self.base, "device": self.device, "hub": self.hub, "result": self.result}
        return {"key": self.key, "rule": self.rule, **{name: dict(side) for name, side in sides.items()}}


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome; conflicts in the order of their keys."""

    values: dict[str, Any]
    conflicts: tuple[Conflict, ...]


def check_rules(rules: Mapping[str, Any]) -> dict[str, Rule]:
    """Rules by prefix of the keys. Raises InvalidInput: there is no such rule."""
    for prefix, rule in rules.items():
        if rule not in get_args(Rule):
            raise InvalidInput(f"The rule {rule!r} of {prefix!r} is none of {', '.join(get_args(Rule))}.")
    return dict(rules)


def rule_for(key: str, rules: Mapping[str, Rule]) -> Rule:
    """The rule of the longest prefix that `key` begins with; `hub_wins` where there is none."""
    prefix = max((prefix for prefix in rules if key.startswith(prefix)), key=len, default=None)
    return DEFAULT if prefix is None else rules[prefix]


def merge(
    base: Mapping[str, Any], device: Mapping[str, Any], hub: Mapping[str, Any], rules: Mapping[str, Rule]
) -> Merged:
    """Merge what the device and the hub made of `base`; the values are any JSON."""
    values, conflicts = dict[str, Any](), list[Conflict]()
    for key in sorted(base.keys() | device.keys() | hub.keys()):
        sides = [side.get(key, _ABSENT) for side in (base, device, hub)]
        before, ours, theirs = sides
        if _same(ours, theirs) or _same(before, theirs):
            result = ours
        elif _same(before, ours):
            result = theirs
        else:
            rule = rule_for(key, rules)
            result = _decide(rule, before, ours, theirs)
            if result is _UNDECIDED:
                rule, result = DEFAULT, theirs
            conflicts.append(
                Conflict(key, rule, *({} if value is _ABSENT else {"value": value} for value in (*sides, result)))
            )
        if result is not _ABSENT:
            values[key] = result
    return Merged(values, tuple(conflicts))


def _decide(rule: Rule, base: Any, device: Any, hub: Any) -> Any:
    if rule == "hub_wins":
        return hub
    if rule == "device_wins":
        return device
    if rule == "union" and _is_list(device) and _is_list(hub):
        return _union(base if _is_list(base) else [], device, hub)
    if rule == "sum" and _is_number(device) and _is_number(hub):
        return _sum(base if _is_number(base) else 0, device, hub)
    if rule in {"smallest", "largest"} and (
        (_is_number(device) and _is_number(hub)) or (isinstance(device, bool) and isinstance(hub, bool))
    ):
        return min(hub, device) if rule == "smallest" else max(hub, device)
    return _UNDECIDED


def _sum(base: float, device: float, hub: float) -> Any:
    try:
        total = device + hub - base
    except OverflowError:
        return _UNDECIDED
    return total if math.isfinite(total) else _UNDECIDED


def _union(base: Sequence[Any], device: Sequence[Any], hub: Sequence[Any]) -> list[Any]:
    """In the order of their spelling, so that it does not matter who merges."""
    had, ours, theirs = ({canonical_json(value): value for value in side} for side in (base, device, hub))
    kept = {
        name: value for name, value in (ours | theirs).items() if name not in had or (name in ours and name in theirs)
    }
    return [kept[name] for name in sorted(kept)]


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is not true."""
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return canonical_json(one) == canonical_json(other)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
