"""What devices recorded, in the order in which it was received; and what they sent that can never be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from memory.ledger.database import batches
from memory.ledger.repository import Rows
from memory.ledger.scope import TenantScope
from memory.ledger.tables import BigInt, Key, Max16, Max32, Max40, Max64, Name, map_table

__all__ = ["DeviceEvent", "DeviceEvents", "Rejected"]


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """One event; `at` is the device's clock, for people alone.

    Attributes:
        position: counts the device's events from 1, in the order in which they were received.
        stream, seq: where it stood when it was received.
        chain: digest over it and all events before it; names it, in whatever stream it comes.
    """

    device: Key[Name]
    position: Key[BigInt]
    stream: Max32[str]
    seq: BigInt
    kind: Max16[str]
    at: Max40[str]
    boot: Max40[str]
    uptime_s: float
    body: Mapping[str, Any]
    chain: Max64[str]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """What came in an event's place, and why it was set aside. `key` names it; `text` is it, as JSON."""

    device: Key[Name]
    key: Key[Max64[str]]
    stream: Max32[str]
    seq: BigInt
    reason: str
    text: str
    received_at: datetime


device_events = map_table(
    "device_events",
    DeviceEvent,
    sa.Index(None, "tenant", "device", "chain", unique=True),
    sa.Index(None, "tenant", "received_at"),
)
rejected_events = map_table("rejected_events", Rejected)


class DeviceEvents:
    """Reads of the events of one tenant's devices, and the one way to append to them."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, device_events, DeviceEvent)
        self._set_aside = Rows(scope, rejected_events, Rejected)

    def append(self, events: Sequence[DeviceEvent]) -> None:
        """Add events; that they are new is the caller's to know."""
        self._rows.add(*events)

    def set_aside(self, rejected: Rejected) -> None:
        """Insert or overwrite."""
        self._set_aside.put(rejected)

    def known(self, device: str, chains: Sequence[str]) -> frozenset[str]:
        """Which of these events are kept."""
        found: set[str] = set()
        for part in batches(chains):
            where = (device_events.c.device == device, device_events.c.chain.in_(part))
            found.update(row["chain"] for row in self._scope.find(device_events, ("chain",), where))
        return frozenset(found)

    def known_rejected(self, device: str, keys: Sequence[str]) -> dict[str, Rejected]:
        """Which of these were set aside, by key."""
        found: dict[str, Rejected] = {}
        for part in batches(keys):
            rejected = self._set_aside.list(rejected_events.c.device == device, rejected_events.c.key.in_(part))
            found.update({one.key: one for one in rejected})
        return found

    def of(
        self, device: str, *, kind: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[DeviceEvent]:
        """One device's, newest first.

        Args:
            before: a position; only what came before it.
        """
        where = [device_events.c.device == device]
        if kind is not None:
            where.append(device_events.c.kind == kind)
        if before is not None:
            where.append(device_events.c.position < before)
        return self._rows.list(*where, order=device_events.c.position.desc(), limit=limit)

    def newest(self, kind: str | None = None, limit: int = 100) -> list[DeviceEvent]:
        """Of all devices, newest received first."""
        where = [device_events.c.kind == kind] if kind is not None else []
        order = (device_events.c.received_at.desc(), device_events.c.device, device_events.c.position.desc())
        return self._rows.list(*where, order=order, limit=limit)

    def rejected(self, device: str, limit: int = 100) -> list[Rejected]:
        """Newest first."""
        order = (rejected_events.c.received_at.desc(), rejected_events.c.seq.desc())
        return self._set_aside.list(rejected_events.c.device == device, order=order, limit=limit)

    def rejected_after(self, device: str, stream: str, after: int, limit: int) -> list[Rejected]:
        """Those of one stream behind this number, ascending."""
        where = (rejected_events.c.device == device, rejected_events.c.stream == stream, rejected_events.c.seq > after)
        return self._set_aside.list(*where, order=(rejected_events.c.seq, rejected_events.c.key), limit=limit)
