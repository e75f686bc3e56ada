"""The outbox's backlog kept within its bounds: which events are evicted under back-pressure, and how that is recorded.

Marks are the places up to which something was sent. Events up to the newest mark, the watermark, may be with the hub
already: none of them is evicted.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edge.kernel.protocol.events import EventClass

TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY,
    class TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    boot TEXT NOT NULL,
    uptime_s REAL NOT NULL,
    body TEXT NOT NULL,
    chain TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    records_gone INTEGER NOT NULL DEFAULT 0,
    telemetry_gone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_class ON outbox (class, seq);
CREATE TABLE IF NOT EXISTS outbox_marks (seq INTEGER PRIMARY KEY, chain TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox_aside (
    seq INTEGER PRIMARY KEY, kind TEXT, at TEXT, boot TEXT, uptime_s REAL, body TEXT, chain TEXT
);
CREATE TABLE IF NOT EXISTS outbox_place (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    stream TEXT NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 0,
    last_chain TEXT NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    forks INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS outbox_bytes (name TEXT PRIMARY KEY, used INTEGER NOT NULL);
"""
# acknowledged: the hub's place in this stream. delivered: the furthest that any hub ever acknowledged; events up to
# there count as "delivered", those after it for their class.

OVERHEAD_BYTES = 220
"""Of an event's row, beside its body."""
_GAP_BYTES = 600
"""Of the event that tells of others that gave way, at most."""
_MARKS_KEPT = 10_000


@dataclass
class Gap:
    """Records that give way, and what the event that takes their place says.

    Attributes:
        sizes: number -> bytes.
    """

    sizes: dict[int, int] = field(default_factory=dict[int, int])
    bytes_freed: int = 0
    _kinds: dict[str, int] = field(default_factory=dict[str, int])
    _first: int = 0
    _last: int = 0

    def add(self, seq: int, kind: str, body: str, size: int) -> None:
        """An event; what an earlier gap told of is told of again."""
        self.sizes[seq] = size
        self.bytes_freed += size
        told: dict[str, Any] = json.loads(body) if kind == "gap" else {"kinds": {kind: 1}, "first": seq, "last": seq}
        for name, count in told["kinds"].items():
            self._kinds[name] = self._kinds.get(name, 0) + count
        self._first = min(self._first or told["first"], told["first"])
        self._last = max(self._last, told["last"])

    def event_body(self) -> dict[str, Any]:
        dropped = sum(self._kinds.values())
        return {"dropped": dropped, "first": self._first, "last": self._last, "kinds": self._kinds}


def oldest_records(rows: sqlite3.Connection, newest: int, excess: int, bound: int) -> Gap | None:
    """The oldest records before `newest`, a quarter of their room or more, and all earlier gaps.

    Returns:
        None where they are too few to win `excess` bytes.
    """
    gap, wanted = Gap(), max(excess + _GAP_BYTES, bound // 4)
    for seq, kind, body, size in rows.execute(
        "SELECT seq, kind, body, size_bytes FROM outbox WHERE class = 'record' AND seq > ? AND seq < ? ORDER BY seq",
        (_sent(rows), newest),
    ):
        if kind == "gap" or gap.bytes_freed < wanted:
            gap.add(seq, kind, body, size)
    return gap if gap.bytes_freed >= excess + _GAP_BYTES else None


def thin(rows: sqlite3.Connection, newest: int) -> bool:
    """Let every second of the oldest half of the telemetry before `newest` go; False where there is none."""
    span = (_sent(rows), newest)
    (count,) = rows.execute(
        "SELECT count(*) FROM outbox WHERE class = 'telemetry' AND seq > ? AND seq < ?", span
    ).fetchone()
    oldest = rows.execute(
        "SELECT seq, size_bytes FROM outbox WHERE class = 'telemetry' AND seq > ? AND seq < ? ORDER BY seq LIMIT ?",
        (*span, (count + 1) // 2),
    ).fetchall()
    remove(rows, dict(oldest[1::2] or oldest), "telemetry")
    return bool(oldest)


def remove(rows: sqlite3.Connection, sizes: Mapping[int, int], name: EventClass | Literal["delivered"]) -> None:
    """Remove events (number -> size) that use bytes as `name`; the event after each counts it and what it counted."""
    if not sizes:
        return
    counts, records, telemetry, last = list[tuple[int, int, int]](), 0, 0, max(sizes)
    for seq, records_gone, telemetry_gone in rows.execute(
        "SELECT seq, records_gone, telemetry_gone FROM outbox WHERE seq >= ? ORDER BY seq", (min(sizes),)
    ):
        if seq in sizes:
            records += records_gone + (name == "record")
            telemetry += telemetry_gone + (name == "telemetry")
        elif records or telemetry:
            counts.append((records, telemetry, seq))
            records = telemetry = 0
        if seq > last:
            break
    rows.executemany(
        "UPDATE outbox SET records_gone = records_gone + ?, telemetry_gone = telemetry_gone + ? WHERE seq = ?", counts
    )
    rows.executemany("DELETE FROM outbox WHERE seq = ?", [(seq,) for seq in sizes])
    add_bytes(rows, name, -sum(sizes.values()))


def deliver(rows: sqlite3.Connection, after: int, through: int, bound: int) -> None:
    """Count these events as delivered, and let go of the oldest of those beyond the bound (bytes)."""
    moved: list[tuple[str, int]] = rows.execute(
        "SELECT class, sum(size_bytes) FROM outbox WHERE seq > ? AND seq <= ? GROUP BY class", (after, through)
    ).fetchall()
    for event_class, size in moved:
        add_bytes(rows, event_class, -size)
        add_bytes(rows, "delivered", size)
    excess, freed, last = bytes_used(rows, "delivered") - bound, 0, 0
    for seq, size in rows.execute("SELECT seq, size_bytes FROM outbox WHERE seq <= ? ORDER BY seq", (through,)):
        if freed >= excess:
            break
        freed, last = freed + size, seq
    rows.execute("DELETE FROM outbox WHERE seq <= ?", (last,))
    add_bytes(rows, "delivered", -freed)
    rows.execute("UPDATE outbox_place SET delivered = ?", (through,))
    rows.execute(
        "DELETE FROM outbox_marks WHERE seq < (SELECT seq FROM outbox_marks ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (_MARKS_KEPT,),
    )


def bytes_used(rows: sqlite3.Connection, name: str) -> int:
    """By the events of a class that no hub has, or by those "delivered"."""
    found = rows.execute("SELECT used FROM outbox_bytes WHERE name = ?", (name,)).fetchone()
    return found[0] if found else 0


def add_bytes(rows: sqlite3.Connection, name: str, size: int) -> None:
    """Add to what `bytes_used` gives."""
    rows.execute(
        "INSERT INTO outbox_bytes VALUES (?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used", (name, size)
    )


def _sent(rows: sqlite3.Connection) -> int:
    """The newest mark."""
    return rows.execute("SELECT ifnull(max(seq), 0) FROM outbox_marks").fetchone()[0]
