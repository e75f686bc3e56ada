"""A hub in memory that obeys the protocol of `edge.kernel.protocol.messages`, and no more; what tests compare devices with."""

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from edge.kernel.canonical import digest_of
from edge.kernel.protocol.artifacts import ArtifactRef, pack_range
from edge.kernel.protocol.desired import DESIRED, Desired, Item, state_digest
from edge.kernel.protocol.events import FIRST_CHAIN, Event, chain
from edge.kernel.protocol.messages import Enrolled, RejectedEvent, SyncRequest, SyncResponse, seal
from edge.kernel.protocol.signing import Signer

__all__ = ["Kept", "ReferenceHub", "signer_of"]

HUB_ID = "hub-of-reference"
TENANT = "default"


def signer_of(name: str) -> Signer:
    """The same key for the same name."""
    return Signer(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


@dataclass
class _Stream:
    number: int
    cursor: int = 0
    chain: str = FIRST_CHAIN
    aside: dict[int, str] = field(default_factory=dict)
    thinned: dict[str, int] = field(default_factory=dict)
    reported_version: int = -1
    reported: dict[str, Any] | None = None


@dataclass
class Kept:
    """What the hub keeps of one device; events by chain, in the order in which they came."""

    streams: dict[str, _Stream] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    reported: dict[str, Any] | None = None

    def copied(self) -> "Kept":
        streams = {name: copy.copy(stream) for name, stream in self.streams.items()}
        for stream in streams.values():
            stream.aside, stream.thinned = dict(stream.aside), dict(stream.thinned)
        return Kept(streams, dict(self.events), dict(self.items), self.reported)


class ReferenceHub:
    """All of it is one value, so that a backup is a copy; `sync` changes it as a whole or not at all."""

    def __init__(self, next_s: float = 60.0) -> None:
        self.signer = signer_of("the hub")
        self.next_s = next_s
        self.kept: dict[str, Kept] = {}
        self.revision = 0
        self.contents: dict[str, bytes] = {}

    def enrolled(self, device: str) -> Enrolled:
        """What the device keeps of its enrolment."""
        self.kept.setdefault(device, Kept())
        return Enrolled(tenant=TENANT, device=device, group="all", hub_id=HUB_ID, hub_key=self.signer.public_key)

    def want(self, device: str, kind: str, name: str, body: Mapping[str, Any] | None) -> None:
        """Change the desired state of a device; None removes the item."""
        self.revision += 1
        value = None if body is None else dict(body)
        self.kept[device].items[kind, name] = Item(kind=kind, name=name, revision=self.revision, body=value)  # type: ignore[arg-type]

    def put(self, content: bytes) -> ArtifactRef:
        """Content that devices may fetch."""
        ref = ArtifactRef(digest=f"sha256:{hashlib.sha256(content).hexdigest()}", size_bytes=len(content))
        self.contents[ref.digest] = content
        return ref

    def backup(self) -> object:
        return {name: kept.copied() for name, kept in self.kept.items()}, self.revision

    def restore(self, backup: object) -> None:
        kept, self.revision = backup  # type: ignore[misc]
        self.kept = {name: one.copied() for name, one in kept.items()}

    def wanted(self, device: str) -> dict[tuple[str, str], dict[str, Any]]:
        """The desired state of a device."""
        return {key: item.body for key, item in self.kept[device].items.items() if item.body is not None}

    def received(self, device: str) -> list[Event]:
        """In the order in which they came."""
        return list(self.kept[device].events.values())

    def set_aside(self, device: str) -> set[int]:
        return {seq for stream in self.kept[device].streams.values() for seq in stream.aside}

    def sync(self, device: str, request: SyncRequest) -> SyncResponse:
        """`edge_sync`. Raises Untrusted: what is packed is malformed."""
        kept = self.kept[device].copied()
        stream = kept.streams.setdefault(request.stream, _Stream(_next_number(kept)))
        events = request.carried()
        forked = False
        if (request.after, request.after_chain) == (stream.cursor, stream.chain):
            newest = max(one.number for one in kept.streams.values())
            if events and stream.number < newest:  # A disk that was set back goes on in an earlier stream.
                stream.number = newest + 1
                stream.reported_version, stream.reported = -1, None
            _receive(kept, stream, request, events)
        else:
            forked = request.after == stream.cursor
        if request.reported is not None and request.reported_version > stream.reported_version:
            stream.reported_version, stream.reported = request.reported_version, request.reported
            if stream.number == max(one.number for one in kept.streams.values()):
                kept.reported = request.reported
        response = SyncResponse(
            cursor=stream.cursor,
            cursor_chain=stream.chain,
            forked=forked,
            rejected=[RejectedEvent(seq=seq, reason=why) for seq, why in stream.aside.items() if seq > request.after],
            reported_version=stream.reported_version,
            reported_digest="" if stream.reported is None else digest_of(stream.reported),
            desired=self._desired(device, kept, request),
            next_s=self.next_s,
        )
        self.kept[device] = kept
        return seal(response, self.signer, HUB_ID, TENANT, device, request.nonce)

    def artifact(self, digest: str, offset: int, length: int) -> dict[str, Any]:
        """`edge_artifact`."""
        content = self.contents[digest]
        return pack_range(digest, offset, len(content), content[offset : offset + length]).model_dump(mode="json")

    def _desired(self, device: str, kept: Kept, request: SyncRequest) -> Any:
        digest = state_digest(kept.items.values())
        if request.have_revision > self.revision:  # this hub was restored from an older backup
            self.revision = request.have_revision + 1
        newest = max((item.revision for item in kept.items.values()), default=0)
        if not request.whole and request.have_revision >= newest and request.have_digest in {"", digest}:
            return None
        whole = request.whole or request.have_revision >= newest or request.have_revision < 0
        items = [item for item in kept.items.values() if whole or item.revision > request.have_revision]
        if whole:
            items = [item for item in items if item.body is not None]
        since = None if whole else request.have_revision
        desired = Desired(device=device, since=since, revision=self.revision, items=tuple(items), digest=digest)
        return self.signer.envelope(DESIRED, desired.model_dump(mode="json"))


def _next_number(kept: Kept) -> int:
    return 1 + max((one.number for one in kept.streams.values()), default=0)


def _receive(kept: Kept, stream: _Stream, request: SyncRequest, events: list[dict[str, Any]]) -> None:
    before_seq, before = request.after, request.after_chain
    for raw in events:
        try:
            event = Event.model_validate(raw)
        except ValidationError as error:
            if isinstance(raw.get("seq"), int):
                stream.aside[raw["seq"]] = error.errors()[0]["msg"]
            continue
        made = chain(before, event.seq, event.kind, event.at, event.boot, event.uptime_s, event.body)
        if before_seq == event.seq - 1 and made != event.chain:
            stream.aside[event.seq] = "its chain does not fit"
        elif event.chain not in kept.events:
            kept.events[event.chain] = event
        before_seq, before = event.seq, event.chain
    for name, count in request.thinned.items():
        stream.thinned[name] = stream.thinned.get(name, 0) + count
    stream.cursor, stream.chain = request.through, request.through_chain
