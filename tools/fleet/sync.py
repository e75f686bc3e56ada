"""Sync of a device: events up, changed desired state down, acknowledged after the durable write; artifact ranges."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from edge.kernel.canonical import digest_of
from edge.kernel.errors import InvalidInput, NotAllowed, NotFound, Untrusted
from edge.kernel.protocol.artifacts import LONGEST_RANGE, ArtifactRange, Digest, pack_range
from edge.kernel.protocol.desired import DESIRED, Desired
from edge.kernel.protocol.messages import SyncRequest, SyncResponse, seal
from edge.kernel.protocol.signing import Signed
from memory.artifacts import ArtifactStore
from memory.ledger import Unit
from memory.ledger.desired import DesiredItem
from memory.ledger.devices import DeviceSession, Uplink
from tools.fleet.credentials import Identity, device_of, not_enrolled
from tools.fleet.desired_state import SharedStates, read_state
from tools.fleet.events import REPLY, Received, receive
from tools.spec import ToolContext, ToolSpec, tool

_COUNTED_FOR = timedelta(minutes=10)
_FARTHEST = 1_000_000
"""Revisions by which a device may be ahead; one that reports more is treated as one that reports none."""


@dataclass(frozen=True)
class Exchange:
    """What every exchange is made with.

    Attributes:
        every_s: when a device that has nothing to tell comes back.
        most_per_s: of a tenant's devices, on average; where there are more, they come less often.
    """

    identity: Identity
    every_s: float = 60.0
    most_per_s: float = 50.0
    shared: SharedStates = field(default_factory=SharedStates)
    _counts: dict[str, tuple[datetime, int]] = field(default_factory=dict[str, tuple[datetime, int]])

    def take(self, context: ToolContext, request: SyncRequest) -> SyncResponse:
        """Do one, within the open transaction. Raises NotAllowed, InvalidInput: it is no device, or cannot be read."""
        unit, now = context.unit, context.now
        device, session = _met(context, request.stream)
        uplink = session.uplink
        try:
            events = request.carried()
        except Untrusted as error:
            raise InvalidInput(error.message, "Pack the events as `pack_events` does.") from error
        received = receive(unit, session, request, events, now)
        version, digest = self._report(unit, uplink, received, request)
        if received.wants_changed:
            session = replace(session, head=unit.desired.head(), has_own=True)
        suspect = session.state == "suspect"  # nobody knows which of the two is the right one
        desired = None if suspect else self._desired(unit, session, request, now)
        current = received.stream.number >= uplink.stream_number
        have = (
            request.have_revision
            if desired is not None or suspect
            else max(request.have_revision, session.head.revision)
        )
        unit.uplinks.change(
            device,
            events=uplink.events + received.kept,
            stream_number=max(uplink.stream_number, received.stream.number),
            reported_version=version if current else uplink.reported_version,
            reported_digest=digest if current else uplink.reported_digest,
            have_revision=have,  # a device for which nothing changed has all of it
            seen_at=max(now, uplink.seen_at or now),
        )
        response = SyncResponse(
            cursor=received.stream.cursor,
            cursor_chain=received.stream.chain,
            forked=received.forked,
            rejected=list(received.rejected),
            reported_version=version,
            reported_digest=digest,
            desired=desired,
            next_s=self._next_s(unit, now),
        )
        return seal(response, self.identity.signer, self.identity.hub_id, context.tenant, device, request.nonce)

    def _next_s(self, unit: Unit, now: datetime) -> float:
        counted_at, count = self._counts.get(unit.tenant, (None, 0))
        if counted_at is None or not counted_at <= now < counted_at + _COUNTED_FOR:
            count = unit.uplinks.count()
            self._counts[unit.tenant] = (now, count)
        return max(self.every_s, count / self.most_per_s)

    def _report(self, unit: Unit, uplink: Uplink, received: Received, request: SyncRequest) -> tuple[int, str]:
        """Keep the reported state, unless it is older than what is kept; returns version and digest of what is kept."""
        if received.stream.number < uplink.stream_number:
            return -1, ""
        known = received.stream.number == uplink.stream_number
        version, digest = (uplink.reported_version, uplink.reported_digest) if known else (-1, "")
        if request.reported is None or request.reported_version <= version:
            return version, digest
        try:
            fresh = digest_of(request.reported)
        except (TypeError, ValueError) as error:
            raise InvalidInput("What the device reports is not JSON.", "Report finite numbers.") from error
        if fresh != digest:
            unit.devices.report(uplink.device, request.reported)
        return request.reported_version, fresh

    def _desired(self, unit: Unit, session: DeviceSession, request: SyncRequest, now: datetime) -> Signed | None:
        device, head, have = session.uplink.device, session.head, request.have_revision
        own = unit.desired.of_device(device) if session.has_own else []
        if any(item.kind == REPLY and item.body is not None and item.revision <= have for item in own):
            own = _retire_replies(unit, own, have, now)
            head = unit.desired.head()
        whole = request.whole or have < max(head.floor, session.uplink.refetch_below, 0)
        if have > head.revision:  # the hub was restored from an older backup
            whole = True
            if have - head.revision <= _FARTHEST:
                head = replace(head, revision=have + 1)
                unit.desired.set_head(head)
        state = read_state(unit, device, session.group, self.shared, head, own)
        items = state.whole() if whole else state.changed_since(have)
        if not whole and not items:
            if not request.have_digest or request.have_digest == state.digest:
                if state.own_tombstones:  # the device heard of its own
                    unit.desired.drop_tombstones(have, device)
                return None
            items, whole = state.whole(), True
        since = None if whole else have
        desired = Desired.model_construct(
            device=device, since=since, revision=head.revision, items=items, digest=state.digest
        )
        return self.identity.envelope(DESIRED, desired.model_dump(mode="json"))


def _met(context: ToolContext, stream: str) -> tuple[str, DeviceSession]:
    """The device that calls, and what the hub has of it. Raises NotAllowed: it is no device, or is not enrolled."""
    device = device_of(context)
    session = context.unit.device_sessions.find(device, stream)
    if session is None or session.state == "revoked":
        raise not_enrolled(device)
    return device, session


def _retire_replies(unit: Unit, own: list[DesiredItem], have: int, now: datetime) -> list[DesiredItem]:
    """Replace the replies that the device has by tombstones: it has shown them."""
    revision = unit.desired.next_revision(shared=False)
    kept: list[DesiredItem] = []
    for item in own:
        taken = item.kind == REPLY and item.body is not None and item.revision <= have
        kept.append(replace(item, revision=revision, body=None, changed_at=now) if taken else item)
        if taken:
            unit.desired.put(kept[-1])
    return kept


def sync_tool(exchange: Exchange) -> ToolSpec:
    """The tool `edge_sync`."""

    def edge_sync(context: ToolContext, request: SyncRequest) -> SyncResponse:
        """Take a device's events and what it reports, and give it what changed of its desired state."""
        if request.through < request.after:
            raise InvalidInput("`through` is before `after`.", "Send what comes behind `after`.")
        return exchange.take(context, request)

    return tool(edge_sync, scopes={"edge:sync"}, effect="write", idempotent=True, grouped=True)


def fetch_tool(artifacts: ArtifactStore, shared: SharedStates) -> ToolSpec:
    """The tool `edge_artifact`."""

    def edge_artifact(
        context: ToolContext,
        digest: Annotated[Digest, Field(description="of the artifact")],
        offset: Annotated[int, Field(ge=0, le=2**53, description="first byte")] = 0,
        length: Annotated[int, Field(ge=1, le=LONGEST_RANGE, description="bytes, at most")] = LONGEST_RANGE,
    ) -> ArtifactRange:
        """Give the calling device a part of an artifact that its desired state refers to."""
        unit = context.unit
        name = device_of(context)
        device = unit.devices.find(name)
        if device is None or device.state != "enrolled":
            raise not_enrolled(name)
        state = read_state(unit, device.id, device.group, shared, unit.desired.head())
        if digest not in state.artifacts:
            raise NotAllowed(f"{device.id} is not to have {digest}.", "Sync first: what it shall have has changed.")
        size_bytes = unit.artifacts.get(digest).size_bytes
        content = artifacts.open_range(digest, offset, length)
        if len(content) < min(length, size_bytes - offset):
            raise NotFound(f"The content {digest} is not whole here.", "Put it again.")
        return pack_range(digest, offset, size_bytes, content)

    return tool(edge_artifact, scopes={"edge:sync"}, ledger=True)
