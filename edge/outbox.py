"""The append-only record of what happens on a device, until the hub has it and a little longer: the outbox.

Each event has the next number and a digest over itself and all before it (`chain`, in the protocol). By that chain
the hub deduplicates events, so what is sent again is never kept twice. What is kept, at most, is stated for each class
of events in `Bounds`; what is evicted is counted in the event that follows it, so that no number ever lacks without a
reason.

The hub's place in the stream is always a mark: a place up to which something was sent (`edge.outbox_backlog`).
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from edge.database import Database
from edge.kernel.canonical import canonical_json
from edge.kernel.errors import InvalidInput, OutboxFull
from edge.kernel.protocol.events import FIRST_CHAIN, EventClass, EventKind, chain, class_of
from edge.kernel.protocol.messages import LARGEST_BATCH, LARGEST_EVENT
from edge.outbox_backlog import OVERHEAD_BYTES, TABLES, add_bytes, bytes_used, deliver, oldest_records, remove, thin

__all__ = ["TABLES", "Batch", "Bounds", "Journal", "Outbox", "OutboxStatus", "Recorded"]


class Journal(Protocol):
    """An append-only record that reaches the hub, once and in order. The outbox is one."""

    def record(self, kind: EventKind, body: Mapping[str, Any]) -> int:
        """Append an event; durable when it returns.

        Returns:
            Its sequence number, from 1.

        Raises:
            OutboxFull: there is no room for an event of a kind that must not be lost. Do not do what it tells of.
            StorageFailed: it could not be written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes on the device's disk that events may take, by class, as long as no hub has them.

    Attributes:
        delivered: of events that a hub has, kept so that they can be sent again to one that was restored.
    """

    audit: int = 64 << 20
    record: int = 32 << 20
    telemetry: int = 32 << 20
    delivered: int = 16 << 20

    def of(self, event_class: EventClass) -> int:
        return {"audit": self.audit, "record": self.record, "telemetry": self.telemetry}[event_class]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is kept; `body` is canonical JSON."""

    seq: int
    kind: EventKind
    at: str
    boot: str
    uptime_s: float
    body: str
    chain: str

    def on_wire(self) -> dict[str, Any]:
        """As a protocol `Event`. What the disk made unreadable goes as it is: the hub sets it aside."""
        try:
            body: Any = json.loads(self.body)
        except ValueError:
            body = {"unreadable": str(self.body)[:1000]}
        return {
            "seq": self.seq,
            "kind": self.kind,
            "at": self.at,
            "boot": self.boot,
            "uptime_s": self.uptime_s,
            "body": body,
            "chain": self.chain,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes up in one request; the fields are those of `SyncRequest`."""

    stream: str
    after: int
    after_chain: str
    through: int
    through_chain: str
    events: tuple[Recorded, ...]
    thinned: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """Where the outbox stands.

    Attributes:
        waiting: events that the hub does not have, as far as known.
        bytes_used: by class, and "delivered".
        forks: how often a new stream was begun.
    """

    stream: str
    last_seq: int
    acknowledged: int
    waiting: int
    bytes_used: Mapping[str, int]
    forks: int


@dataclass(frozen=True, slots=True)
class _Place:
    stream: str
    last_seq: int
    last_chain: str
    acknowledged: int
    delivered: int
    forks: int


class Outbox:
    """A `Journal`.

    Args:
        clock: wall time, which may jump; written down, never compared.
        monotonic: seconds since some moment of this boot.
        boot: names this start of the device; fresh for each.
        new_stream: 32 hexadecimal digits, never the same twice.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        boot: str,
        new_stream: Callable[[], str],
        bounds: Bounds | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._started = monotonic()
        self._boot = boot
        self._new_stream = new_stream
        self._bounds = bounds or Bounds()
        with database.read() as rows:
            begun = rows.execute("SELECT 1 FROM outbox_place").fetchone()
        if not begun:
            with database.transaction() as rows:
                rows.execute(
                    "INSERT OR IGNORE INTO outbox_place (id, stream, last_chain) VALUES (1, ?, ?)",
                    (new_stream(), FIRST_CHAIN),
                )

    def record(self, kind: EventKind, body: Mapping[str, Any]) -> int:
        """As `Journal.record`. Raises InvalidInput, too: the body is not JSON, or longer than `LARGEST_EVENT`."""
        return self.record_all([(kind, body)])[0]

    def record_all(self, events: Iterable[tuple[EventKind, Mapping[str, Any]]]) -> list[int]:
        """Append events with one write to the disk: all of them or none. Returns and raises as `record`."""
        with self._database.transaction() as rows:
            return [self._append(rows, kind, _spelled(kind, body)) for kind, body in events]

    def batch(self, most_events: int = LARGEST_BATCH, most_bytes: int = 256 << 10) -> Batch:
        """What is to be sent next, in order; a mark is made of where it ends.

        Args:
            most_bytes: of the events together; one goes whatever its size.

        Raises:
            StorageFailed: the mark could not be written.
        """
        with self._database.transaction() as rows:
            place = _place(rows)
            chosen = _next_rows(rows, place.acknowledged, most_events, most_bytes)
            after_chain = _chain_at(rows, place.acknowledged) or FIRST_CHAIN
            events = tuple(Recorded(*row[:7]) for row in chosen)
            through, through_chain = (events[-1].seq, events[-1].chain) if events else (place.acknowledged, after_chain)
            _mark(rows, through, through_chain)
        gone = {"record": sum(row[7] for row in chosen), "telemetry": sum(row[8] for row in chosen)}
        gone["forgotten"] = through - place.acknowledged - len(events) - sum(gone.values())
        thinned = {name: count for name, count in gone.items() if count > 0}
        return Batch(place.stream, place.acknowledged, after_chain, through, through_chain, events, thinned)

    def acknowledge(self, cursor: int, cursor_chain: str) -> Literal["same", "advanced", "rewound", "forked"]:
        """Take the hub's place in the stream for what it is.

        An acknowledgement counts only where the chain there is this outbox's own. Where it is not, or where the outbox
        does not know any more what it was, hub and device have different histories: a new stream is begun, in which all
        that is still here is sent again. The hub knows events by their chains, so it takes none twice.

        Raises:
            StorageFailed: nothing was changed.
        """
        with self._database.transaction() as rows:
            place = _place(rows)
            if cursor > place.last_seq or _chain_at(rows, cursor) != cursor_chain:
                self._fork(rows)
                return "forked"
            if cursor == place.acknowledged:
                return "same"
            _mark(rows, cursor, cursor_chain)
            rows.execute("UPDATE outbox_place SET acknowledged = ?", (cursor,))
            if cursor > place.delivered:
                deliver(rows, place.delivered, cursor, self._bounds.delivered)
            return "advanced" if cursor > place.acknowledged else "rewound"

    def fork(self) -> None:
        """Begin a new stream, whatever the hub says. Raises StorageFailed."""
        with self._database.transaction() as rows:
            self._fork(rows)

    def set_aside(self, seq: int) -> None:
        """Keep this event on the device for ever: no request with it can be made. Raises StorageFailed."""
        with self._database.transaction() as rows:
            rows.execute(
                "INSERT OR IGNORE INTO outbox_aside SELECT seq, kind, at, boot, uptime_s, body, chain FROM outbox"
                " WHERE seq = ?",
                (seq,),
            )
            found = rows.execute("SELECT size_bytes, class FROM outbox WHERE seq = ?", (seq,)).fetchone()
            if found is not None:
                remove(rows, {seq: found[0]}, "delivered" if seq <= _place(rows).delivered else found[1])

    def status(self) -> OutboxStatus:
        """Raises StorageFailed."""
        with self._database.read() as rows:
            place = _place(rows)
            (waiting,) = rows.execute("SELECT count(*) FROM outbox WHERE seq > ?", (place.acknowledged,)).fetchone()
            used = {name: bytes_used(rows, name) for name in ("audit", "record", "telemetry", "delivered")}
        return OutboxStatus(place.stream, place.last_seq, place.acknowledged, waiting, used, place.forks)

    def recent(self, kind: EventKind | None = None, limit: int = 50) -> list[Recorded]:
        """The newest events that are still here, oldest first; of one kind, or all. Raises StorageFailed."""
        return self._events("seq > 0", (), kind, f"seq DESC LIMIT {limit:d}")[::-1]

    def since(self, seq: int, kind: EventKind | None = None, limit: int = 100) -> list[Recorded]:
        """The first events after this one that are still here; of one kind, or all. Raises StorageFailed."""
        return self._events("seq > ?", (seq,), kind, f"seq LIMIT {limit:d}")

    def _events(self, where: str, values: tuple[int, ...], kind: str | None, order: str) -> list[Recorded]:
        if kind is not None:
            where += " AND kind = ?"
        with self._database.read() as rows:
            found = rows.execute(
                f"SELECT seq, kind, at, boot, uptime_s, body, chain FROM outbox WHERE {where} ORDER BY {order}",  # noqa: S608  # nosec: our own words
                (*values, *((kind,) if kind is not None else ())),
            ).fetchall()
        return [Recorded(*row) for row in found]

    def _append(self, rows: sqlite3.Connection, kind: EventKind, body: str) -> int:
        """Write first, then make room: what gives way is counted in the event that follows it."""
        place, event_class, size = _place(rows), class_of(kind), len(body.encode()) + OVERHEAD_BYTES
        seq, at = place.last_seq + 1, self._clock().isoformat()
        uptime_s = round(float(self._monotonic() - self._started), 3)
        sealed = chain(place.last_chain, seq, kind, at, self._boot, uptime_s, json.loads(body))
        rows.execute(
            "INSERT INTO outbox (seq, class, kind, at, boot, uptime_s, body, chain, size_bytes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, event_class, kind, at, self._boot, uptime_s, body, sealed, size),
        )
        rows.execute("UPDATE outbox_place SET last_seq = ?, last_chain = ?", (seq, sealed))
        add_bytes(rows, event_class, size)
        if kind != "gap":
            self._keep_within(rows, event_class, seq)
        return seq

    def _keep_within(self, rows: sqlite3.Connection, event_class: EventClass, newest: int) -> None:
        """Apply the policy of the class, sparing the newest event. Raises OutboxFull."""
        bound = self._bounds.of(event_class)
        while (used := bytes_used(rows, event_class)) > bound:
            if event_class == "telemetry" and thin(rows, newest):
                continue
            gap = oldest_records(rows, newest, used - bound, bound) if event_class == "record" else None
            if gap is None:
                raise OutboxFull(
                    f"The outbox has no room for more events of the class {event_class}: {bound} bytes are full.",
                    "Connect the device, so that the hub takes them.",
                )
            self._append(rows, "gap", _spelled("gap", gap.event_body()))
            remove(rows, gap.sizes, "record")

    def _fork(self, rows: sqlite3.Connection) -> None:
        rows.execute("UPDATE outbox_place SET stream = ?, acknowledged = 0, forks = forks + 1", (self._new_stream(),))


def _next_rows(rows: sqlite3.Connection, after: int, most_events: int, most_bytes: int) -> list[Any]:
    found, size = list[Any](), 0
    for row in rows.execute(
        "SELECT seq, kind, at, boot, uptime_s, body, chain, records_gone, telemetry_gone, size_bytes"
        " FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, most_events),
    ):
        size += row[-1]
        if found and size > most_bytes:
            break
        found.append(row)
    return found


def _place(rows: sqlite3.Connection) -> _Place:
    return _Place(
        *rows.execute(
            "SELECT stream, last_seq, last_chain, acknowledged, delivered, forks FROM outbox_place"
        ).fetchone()
    )


def _chain_at(rows: sqlite3.Connection, seq: int) -> str | None:
    """The chain there; None where it is not known any more."""
    if seq == 0:
        return FIRST_CHAIN
    found = rows.execute(
        "SELECT chain FROM outbox WHERE seq = ?1 UNION ALL SELECT chain FROM outbox_marks WHERE seq = ?1 LIMIT 1",
        (seq,),
    ).fetchone()
    return found[0] if found else None


def _mark(rows: sqlite3.Connection, seq: int, sealed: str) -> None:
    if seq:
        rows.execute("INSERT OR IGNORE INTO outbox_marks VALUES (?, ?)", (seq, sealed))


def _spelled(kind: EventKind, body: Mapping[str, Any]) -> str:
    """Canonical JSON that any database can keep; half characters, as in broken log lines, become U+FFFD."""
    try:
        spelled = canonical_json(dict(body)).decode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"The body of an event of the kind {kind} is not JSON: {error}.") from error
    if len(spelled.encode()) > LARGEST_EVENT:
        raise InvalidInput(
            f"The body of an event of the kind {kind} is longer than {LARGEST_EVENT} bytes.", "Record less of it."
        )
    return spelled
