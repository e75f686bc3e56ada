"""The arguments and results of `edge_enroll`, `edge_sync` and `edge_artifact`.

`edge_artifact(digest, offset, length)` gives an `ArtifactRange`. A device proves who it is by signing each request:

    Authorization: Device TENANT/DEVICE SIGNATURE

where SIGNATURE is of `request_statement(hub_id, tenant, device, body)` by the key it enrolled with.

What the hub does with a `SyncRequest`, in one transaction. It has a place in each stream, (cursor, cursor_chain), at
first (0, `FIRST_CHAIN`).

1. Where (after, after_chain) is its place, it keeps each event of `request.carried()` that it does not have yet. An
   event is known by its `chain`, which names it and all that came before it, in whatever stream it comes. What it can
   never keep, it sets aside. Then its place is (through, through_chain).
2. Otherwise it takes no events: the request is an old copy, or hub and device lost sight of each other.
3. It takes `reported` where `reported_version` is newer than what it has of this stream.
4. It answers with its place, sealed (`seal`). The device compares that with its own history, and goes on from there, or
   begins a new stream; in a new stream its numbers and chains go on, and it sends again all that it still has.
"""

import base64
import binascii
import json
import zlib
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.canonical import canonical_json
from edge.kernel.errors import Untrusted
from edge.kernel.protocol.events import FIRST_CHAIN
from edge.kernel.protocol.signing import Signed, Signer, verify

DEVICE_SCHEME = "Device"
LARGEST_BATCH = 500
"""Events in one request."""
LARGEST_EVENT = 65_536
"""Bytes of the canonical JSON of an event's body."""
_MOST_UNPACKED = 1 << 23
_SEAL = b"chargehand-edge-seal-1\n"

Chain = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EnrolRequest(_Frozen):
    """A device's first request, made with a one-time token (as the bearer of the HTTP request).

    The same device may repeat it (its answer may have been lost); another key cannot use the token again.

    Attributes:
        public_key: the device's, Ed25519, base64.
        proof: signature by that key of the token's SHA-256 (hexadecimal): whoever enrols holds the private key.
        facts: what the device is: hardware, memory, runtimes, version of the agent.
    """

    device: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")]
    public_key: str
    proof: str
    facts: dict[str, Any] = {}


class Enrolled(_Frozen):
    """What the device keeps: who the hub is. `hub_key` signs everything that the device will obey."""

    tenant: str
    device: str
    group: str
    hub_id: str
    hub_key: str


class SyncRequest(_Frozen):
    """Events up, and which desired state the device has.

    Attributes:
        stream: which outbox; a device that lost its disk has a new one, whose numbers begin again.
        after: events up to here were sent before, with `after_chain` as the chain there.
        through, through_chain: nothing up to here is still to come, and the chain there; equal to `after` and its chain
            where there is nothing to tell.
        events: with after < seq <= through, ascending; numbers that lack gave way.
        packed: the events as `pack_events` makes it, in place of `events`; read both by `carried`.
        thinned: how many events between `after` and `through` gave way, by class; "forgotten" counts those that a hub
            had acknowledged once and that the device no longer has.
        nonce: never used before; the answer is sealed for it.
        reported_version: rises by one with each change of `reported`, within the stream.
        reported: what the device is now, {"version": key of the model that runs, "failed": key of one that could not,
            "packs", "jobs", "configuration", "health", ...}; None where the hub has it already.
        have_revision, have_digest: the desired state that it has taken; -1 for none, and no digest where it
            trusts the revision. `whole` asks for all of it.
    """

    stream: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="which outbox")]
    after: Annotated[int, Field(ge=0, le=2**53, description="events up to here were sent before")]
    after_chain: Annotated[Chain, Field(description="chain of the events at `after`")] = FIRST_CHAIN
    through: Annotated[int, Field(ge=0, le=2**53, description="nothing up to here is still to come")]
    through_chain: Annotated[Chain, Field(description="chain of the events at `through`")] = FIRST_CHAIN
    events: Annotated[list[dict[str, Any]], Field(max_length=LARGEST_BATCH, description="ascending")] = []
    """As `Event`; each is checked by itself, so that one bad event does not hold up the others."""
    packed: Annotated[str, Field(max_length=1 << 23, description="events, deflated, in their place")] = ""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="the answer is sealed for it")] = "0" * 32
    thinned: Annotated[dict[str, int], Field(description="class -> events that gave way")] = {}
    reported_version: Annotated[int, Field(ge=0, le=2**53, description="of what the device reports")] = 0
    reported: Annotated[dict[str, Any] | None, Field(description="what the device is now")] = None
    have_revision: Annotated[int, Field(ge=-1, le=2**53, description="of the desired state it has")] = -1
    have_digest: Annotated[str, Field(max_length=64, description="of the desired state it has")] = ""
    whole: Annotated[bool, Field(description="send all of the desired state")] = False

    def carried(self) -> list[dict[str, Any]]:
        """The events, packed or not. Raises Untrusted: what is packed is malformed, or too much."""
        return _unpack_events(self.packed) if self.packed else self.events


class RejectedEvent(_Frozen):
    """An event that the hub set aside: it can never be taken. The device records that, and goes on."""

    seq: int
    reason: str


class SyncResponse(_Frozen):
    """The hub's answer; what it acknowledges is durable.

    Attributes:
        cursor, cursor_chain: the hub's place: everything of the stream up to here is kept, if this is the chain that
            the device has there. Lower than what was acknowledged before: the hub was restored from an older backup,
            and the device sends again what it still has. Another chain, or a place that the device never was at: its
            disk was set back, and it begins a new stream.
        forked: the hub saw that by itself: `after` is its place, but `after_chain` is not.
        rejected: those of the stream after the request's `after` that were set aside, now or before.
        reported_version, reported_digest: the newest that the hub has of this stream, and its `digest_of`; -1 and ""
            for none.
        desired: signed `Desired`; None where the device has it all.
        next_s: when to come back, seconds.
        seal: see `seal`.
    """

    cursor: int
    cursor_chain: Chain = FIRST_CHAIN
    forked: bool = False
    rejected: list[RejectedEvent] = []
    reported_version: int = -1
    reported_digest: str = ""
    desired: Signed | None = None
    next_s: float = 60.0
    seal: str = ""


def seal(response: SyncResponse, signer: Signer, hub_id: str, tenant: str, device: str, nonce: str) -> SyncResponse:
    """The response with the hub's signature: to whom, to which request (`nonce`), and all that it says.

    Without it, whoever can answer in the hub's place could make a device forget what no hub has.
    """
    statement = _seal_statement(response, hub_id, tenant, device, nonce)
    return response.model_copy(update={"seal": signer.sign(statement)})


def check_seal(response: SyncResponse, hub_key: str, hub_id: str, tenant: str, device: str, nonce: str) -> None:
    """Raises Untrusted: this is not the answer of the hub with this key to this request of this device."""
    verify(hub_key, response.seal, _seal_statement(response, hub_id, tenant, device, nonce))


def _seal_statement(response: SyncResponse, hub_id: str, tenant: str, device: str, nonce: str) -> bytes:
    said = response.model_dump(mode="json", exclude={"seal"})
    return _SEAL + canonical_json([hub_id, tenant, device, nonce, said])


def pack_events(events: list[dict[str, Any]]) -> str:
    """Events as deflated JSON in base64; about a fifth of their size."""
    return base64.b64encode(zlib.compress(canonical_json(events), 6)).decode() if events else ""


def _unpack_events(packed: str) -> list[dict[str, Any]]:
    try:
        inflater = zlib.decompressobj()
        content = inflater.decompress(base64.b64decode(packed, validate=True), _MOST_UNPACKED)
        if inflater.unconsumed_tail or not inflater.eof:
            raise Untrusted(f"The packed events are cut off, or more than {_MOST_UNPACKED} bytes.")
        events: Any = json.loads(content)
    except (binascii.Error, ValueError, zlib.error, RecursionError) as error:
        raise Untrusted("The packed events are malformed.") from error
    if not isinstance(events, list) or len(cast("list[Any]", events)) > LARGEST_BATCH:
        raise Untrusted(f"The packed events are not a list of at most {LARGEST_BATCH}.")
    if not all(isinstance(event, dict) for event in cast("list[Any]", events)):
        raise Untrusted("One of the packed events is not an object.")
    return cast("list[dict[str, Any]]", events)
