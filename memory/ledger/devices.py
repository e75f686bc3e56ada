"""Devices at the edge: enrolment tokens, uplinks (key, streams of events, revision of the desired state), sessions.

A device session, which a sync begins with, is all that the hub has of a device, read with one statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.database import batches
from memory.ledger.desired import DesiredHead, desired_heads, desired_items
from memory.ledger.device_events import rejected_events
from memory.ledger.repository import MutableRepository, Repository, RevisedRepository
from memory.ledger.scope import JoinedRow, TenantScope
from memory.ledger.tables import BigInt, Key, Max16, Max32, Max64, Name, map_table


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `reported` is JSON; `revision` counts changes, 0 for a new one.

    A "suspect" one has a clone: two use its key. What it tells is kept; it is told nothing until it is enrolled anew.
    """

    id: Key[Name]
    group: Name
    state: Max16[Literal["enrolled", "suspect", "revoked"]]
    enrolled_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    reported: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """One token, kept as its hash.

    Attributes:
        hash: SHA-256 of the token, hexadecimal.
        group: where the device comes to.
        device: it is good for this device alone, and may give it a new key; None for any that is new.
        public_key: of the first device that used it, to which it is bound then; empty before.
    """

    id: Key[Name]
    hash: Max64[str]
    group: Name
    device: Name | None
    created_at: datetime
    created_by: Name
    expires_at: datetime
    public_key: Max64[str] = ""
    used_by: Name | None = None
    used_at: datetime | None = None


devices = map_table("devices", Device, sa.Index(None, "tenant", "group"))
enrolment_tokens = map_table("enrolment_tokens", EnrolmentToken, unique=["hash"])


class Devices(RevisedRepository[Device]):
    """One tenant's devices."""

    table, row, noun = devices, Device, "device"

    def all(self, group: str | None = None) -> list[Device]:
        """By id; of all groups, or of one."""
        return self._rows.by("id") if group is None else self._rows.by("id", group=group)

    def groups_by_id(self) -> dict[str, str]:
        """The group of each, by id; cheaper than `all`, since nothing that they reported is read."""
        rows = self._scope.find_by(devices, ("id", "group"), {}, ("id",))
        return {str(row["id"]): str(row["group"]) for row in rows}

    def report(self, device_id: str, reported: Mapping[str, Any]) -> None:
        """Set the reported state; that is no change by people, and leaves the revision."""
        self._scope.update_by(devices, {"reported": dict(reported)}, {"id": device_id})


class Enrolments(MutableRepository[EnrolmentToken]):
    """One tenant's enrolment tokens."""

    table, row, noun = enrolment_tokens, EnrolmentToken, "enrolment token"

    def all(self) -> list[EnrolmentToken]:
        """Newest first."""
        return self._rows.list(order=(enrolment_tokens.c.created_at.desc(), enrolment_tokens.c.id))


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

    device: Key[Name]
    public_key: Max64[str]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    events: BigInt = 0
    stream_number: BigInt = 0
    reported_version: BigInt = -1
    reported_digest: Max64[str] = ""
    have_revision: BigInt = -1
    refetch_below: BigInt = 0
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

    device: Key[Name]
    stream: Key[Max32[str]]
    number: BigInt
    cursor: BigInt
    chain: Max64[str]
    begun_at: datetime
    thinned: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """A device that calls, and what the hub has of it.

    Attributes:
        stream: the one that it names; None where that is new.
        head: of the tenant's desired items.
        has_own: there are desired items for this device alone, tombstones too.
        has_rejected: something that it sent was set aside, in whatever stream.
    """

    group: str
    state: Literal["enrolled", "suspect", "revoked"]
    uplink: Uplink
    stream: Stream | None
    head: DesiredHead
    has_own: bool
    has_rejected: bool


uplinks = map_table("uplinks", Uplink, sa.ForeignKeyConstraint(["tenant", "device"], ["devices.tenant", "devices.id"]))
device_streams = map_table("device_streams", Stream)


class Uplinks(MutableRepository[Uplink]):
    """One tenant's uplinks, by device."""

    table, row, noun = uplinks, Uplink, "uplink"

    def count(self) -> int:
        return int(self._scope.rows(sa.select(sa.func.count().label("count")).select_from(uplinks))[0]["count"])

    def some(self, devices: list[str]) -> list[Uplink]:
        """Of these devices, in any order."""
        return [link for part in batches(devices) for link in self._rows.list(uplinks.c.device.in_(part))]

    def change(self, device: str, **values: Any) -> None:
        """Set these columns of one uplink."""
        self._scope.update_by(uplinks, values, {"device": device})

    def refetch(self, devices: list[str], below: int) -> None:
        """Send the whole to these devices where they have less than this revision."""
        for part in batches(devices):
            self._scope.update(uplinks, {"refetch_below": below}, uplinks.c.device.in_(part))


class Streams(Repository[Stream]):
    """The streams of one tenant's devices, by device and stream."""

    table, row, noun = device_streams, Stream, "stream"

    def of(self, device: str) -> list[Stream]:
        """Newest first."""
        return self._rows.list(device_streams.c.device == device, order=device_streams.c.number.desc())

    def advance(self, stream: Stream, **values: Any) -> None:
        """Set these columns of one stream."""
        self._scope.update_by(device_streams, values, {"device": stream.device, "stream": stream.stream})


class DeviceSessions:
    """Reads one tenant's device sessions, each at once: devices come often, and each read costs."""

    _PARTS = (
        JoinedRow(devices, ("group", "state"), (("id", "device"),)),
        JoinedRow(uplinks, tuple(field.name for field in fields(Uplink)), (("device", "device"),)),
        JoinedRow(
            device_streams,
            tuple(field.name for field in fields(Stream)),
            (("device", "device"), ("stream", "stream")),
        ),
        JoinedRow(desired_heads, tuple(field.name for field in fields(DesiredHead))),
        JoinedRow(desired_items, (), (("scope", "own"), ("subject", "device"))),
        JoinedRow(rejected_events, (), (("device", "device"),)),
    )

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope

    def find(self, device: str, stream: str) -> DeviceSession | None:
        """None where there is no such device, or it never had a key."""
        found = self._scope.find_joined(self._PARTS, {"device": device, "stream": stream, "own": "device"})
        if found is None:
            return None
        about, link, place, head, own, rejected = found
        if about is None or link is None:
            return None
        return DeviceSession(
            about["group"],
            about["state"],
            Uplink(**link),
            Stream(**place) if place is not None else None,
            DesiredHead(**head) if head is not None else DesiredHead(),
            own is not None,
            rejected is not None,
        )
