"""How far hub and device have come with each other: the device's key, its streams of events, what it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["Stream", "Streams", "Uplink", "Uplinks"]

_links, _streams = schema.uplinks, schema.device_streams


@dataclass(frozen=True, slots=True)
class Uplink:
    """What the hub knows of its exchange with one device.

    Attributes:
        public_key: Ed25519, base64; whoever signs with it is the device.
        facts: what the device said of itself when it enrolled; JSON.
        events: how many of its events are kept.
        stream_number: of the current stream; 0 before the first.
        reported_version: of the state that it reported, within that stream; -1 for none. `reported_digest` is of it.
        have_revision: of the desired state, as the device said last; -1 for none.
        refetch_below: a device that has less than this revision gets the whole.
        seen_at: when it synced last, by the hub's clock.
    """

    device: str
    public_key: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    events: int = 0
    stream_number: int = 0
    reported_version: int = -1
    reported_digest: str = ""
    have_revision: int = -1
    refetch_below: int = 0
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """One outbox of a device: one that lost its disk, or whose disk was set back, has a new one.

    Attributes:
        stream: the device's name for it.
        number: rises with each stream that begins, or goes on after another; the highest is the current one.
        cursor, chain: the hub's place: everything up to here is kept.
        thinned: class -> events that the device gave up before they were sent.
    """

    device: str
    stream: str
    number: int
    cursor: int
    chain: str
    begun_at: datetime
    thinned: Mapping[str, int] = field(default_factory=dict[str, int])


class Uplinks:
    """Reads and writes of one tenant's uplinks."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, _links, Uplink)

    def find(self, device: str) -> Uplink | None:
        return self._rows.one(device=device)

    def all(self) -> list[Uplink]:
        return self._rows.list(order=_links.c.device)

    def count(self) -> int:
        return int(self._scope.rows(sa.select(sa.func.count().label("count")).select_from(_links))[0]["count"])

    def some(self, devices: list[str]) -> list[Uplink]:
        """Of these devices, in any order."""
        parts = (devices[start : start + 500] for start in range(0, len(devices), 500))
        return [link for part in parts for link in self._rows.list(_links.c.device.in_(part))]

    def save(self, uplink: Uplink) -> None:
        """Insert or overwrite."""
        self._rows.put(uplink)

    def change(self, device: str, **values: Any) -> None:
        """Set these columns of one uplink."""
        self._scope.update_by(_links, values, {"device": device})

    def refetch(self, devices: list[str], below: int) -> None:
        """Send the whole to these devices where they have less than this revision."""
        for start in range(0, len(devices), 500):
            self._scope.update(_links, {"refetch_below": below}, _links.c.device.in_(devices[start : start + 500]))


class Streams:
    """Reads and writes of the streams of one tenant's devices."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, _streams, Stream)

    def find(self, device: str, stream: str) -> Stream | None:
        return self._rows.one(device=device, stream=stream)

    def of(self, device: str) -> list[Stream]:
        """Newest first."""
        return self._rows.list(_streams.c.device == device, order=_streams.c.number.desc())

    def add(self, stream: Stream) -> None:
        self._rows.add(stream)

    def advance(self, stream: Stream, **values: Any) -> None:
        """Set these columns of one stream."""
        self._scope.update_by(_streams, values, {"device": stream.device, "stream": stream.stream})
