"""Events of devices in the order of their receipt, rejected events, and questions to and from devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.database import batches
from memory.ledger.repository import MutableRepository, Rows
from memory.ledger.scope import TenantScope
from memory.ledger.tables import BigInt, Key, Max8, Max16, Max32, Max40, Max64, Name, map_table


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
        where = [device_events.c.position < before] if before is not None else []
        order = device_events.c.position.desc()
        return self._rows.list(*where, order=order, limit=limit, device=device, kind=kind)

    def newest(self, kind: str | None = None, limit: int = 100) -> list[DeviceEvent]:
        """Of all devices, newest received first."""
        order = (device_events.c.received_at.desc(), device_events.c.device, device_events.c.position.desc())
        return self._rows.list(order=order, limit=limit, kind=kind)

    def rejected(self, device: str, limit: int = 100) -> list[Rejected]:
        """Newest first."""
        order = (rejected_events.c.received_at.desc(), rejected_events.c.seq.desc())
        return self._set_aside.list(rejected_events.c.device == device, order=order, limit=limit)

    def rejected_after(self, device: str, stream: str, after: int, limit: int) -> list[Rejected]:
        """Those of one stream behind this number, ascending."""
        where = (rejected_events.c.device == device, rejected_events.c.stream == stream, rejected_events.c.seq > after)
        return self._set_aside.list(*where, order=(rejected_events.c.seq, rejected_events.c.key), limit=limit)


@dataclass(frozen=True, slots=True)
class DeviceQuestion:
    """One question.

    Attributes:
        origin: who asks: somebody at the hub the device, or somebody at the device the hub.
        asked_by: a principal of the hub, or what the device calls who asked it.
        answer: JSON; None while there is none.
        details: JSON; what else the device said of it.
    """

    id: Key[Name]
    device: Name
    text: str
    asked_by: Name
    asked_at: datetime
    origin: Max8[Literal["hub", "device"]] = "hub"
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    answer: Mapping[str, Any] | None = None
    answered_at: datetime | None = None


device_questions = map_table("device_questions", DeviceQuestion, sa.Index(None, "tenant", "device"))


class DeviceQuestions(MutableRepository[DeviceQuestion]):
    """One tenant's questions to and from devices."""

    table, row, noun, advice = device_questions, DeviceQuestion, "question", "List the answers."

    def all(
        self, origin: str = "hub", device: str | None = None, *, open_only: bool = False, limit: int = 100
    ) -> list[DeviceQuestion]:
        """Newest first; of all devices, or of one."""
        where = [device_questions.c.answered_at.is_(None)] if open_only else []
        order = (device_questions.c.asked_at.desc(), device_questions.c.id)
        return self._rows.list(*where, order=order, limit=limit, origin=origin, device=device)
