"""The arguments and results of `edge_enroll`, `edge_sync` and `edge_artifact`.

`edge_artifact(digest, offset, length)` gives an `ArtifactRange`. A device proves who it is by signing each request:

    Authorization: Device TENANT/DEVICE SIGNATURE

where SIGNATURE is of `request_statement(hub_id, tenant, device, body)` by the key it enrolled with.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from edge.protocol.events import FIRST_CHAIN
from edge.protocol.signing import Signed

__all__ = ["DEVICE_SCHEME", "LARGEST_BATCH", "EnrolRequest", "Enrolled", "RejectedEvent", "SyncRequest", "SyncResponse"]

DEVICE_SCHEME = "Device"
LARGEST_BATCH = 500
"""Events in one request."""

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
        events: with after < seq <= through, ascending; numbers that lack were thinned.
        through: nothing up to here is still to come; equal to `after` where there is nothing to tell.
        thinned: how many events between `after` and `through` gave way, by class.
        reported_version: rises by one with each change of `reported`, within the stream.
        reported: what the device is now, {"version": key of the model that runs, "failed": key of one that could not,
            "packs", "jobs", "configuration", "health", ...}; None where the hub has `reported_version` already.
        have_revision, have_digest: the desired state that it has taken; -1 for none. `whole` asks for all of it.
    """

    stream: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    after: Annotated[int, Field(ge=0, le=2**53)]
    after_chain: Chain = FIRST_CHAIN
    through: Annotated[int, Field(ge=0, le=2**53)]
    events: Annotated[list[dict[str, Any]], Field(max_length=LARGEST_BATCH)] = []
    """As `Event`; each is checked by itself, so that one bad event does not hold up the others."""
    thinned: dict[str, int] = {}
    reported_version: Annotated[int, Field(ge=0)] = 0
    reported: dict[str, Any] | None = None
    have_revision: int = -1
    have_digest: str = ""
    whole: bool = False


class RejectedEvent(_Frozen):
    """An event that the hub set aside: it can never be taken. The device records that, and goes on."""

    seq: int
    reason: str


class SyncResponse(_Frozen):
    """The hub's answer; what it acknowledges is durable.

    Attributes:
        cursor: everything of the stream up to here is kept. Lower than what was acknowledged before: the hub was
            restored from an older backup, and the device sends again what it still has.
        forked: the hub knows another history of this stream (the device's disk was set back): begin a new stream, and
            send in it all that was not acknowledged.
        reported_version: the newest that the hub has; -1 for none.
        desired: signed `Desired`; None where the device has it all.
        next_s: when to come back, seconds.
    """

    cursor: int
    forked: bool = False
    rejected: list[RejectedEvent] = []
    reported_version: int = -1
    desired: Signed | None = None
    next_s: float = 60.0
