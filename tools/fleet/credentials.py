"""Identity of the hub towards devices, and credentials of devices: signatures, enrolment tokens, their least scopes.

The hub signs everything that devices obey with its Ed25519 key.
"""

import hashlib
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from edge.kernel.errors import NotAllowed, StorageFailed, Untrusted
from edge.kernel.protocol.messages import DEVICE_SCHEME
from edge.kernel.protocol.signing import Signed, Signer, load_signer, request_statement, verify
from memory.home import storage_errors
from memory.ledger import Ledger
from tools.calling.context import ToolContext

TOKEN_PREFIX = "che_"  # noqa: S105 # nosec B105: what every enrolment token begins with
_DEVICE, _ENROLMENT = "device:", "enrolment:"
"""What a principal begins with; the names of people have no colon."""


class Identity:
    """The hub's id and key, read when first needed, made where there is none; hubs of one ledger share one key file.

    Whoever loses the key has to enrol all devices anew: they obey no other.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def signer(self) -> Signer:
        """Raises StorageFailed: the file cannot be read or made."""
        with storage_errors(self._path):
            try:
                return load_signer(self._path)
            except Untrusted as error:
                raise StorageFailed(f"{self._path} holds no key of a hub.", "Restore it from a backup.") from error

    @cached_property
    def hub_key(self) -> str:
        """The public key, base64. Raises StorageFailed: as `signer`."""
        return self.signer.public_key

    @cached_property
    def hub_id(self) -> str:
        """Made of the public key. Raises StorageFailed: as `signer`."""
        return f"hub-{hashlib.sha256(self.hub_key.encode()).hexdigest()[:32]}"

    def envelope(self, kind: str, body: dict[str, Any]) -> Signed:
        """The body, signed by the hub as of this kind. Raises StorageFailed: as `signer`."""
        return self.signer.envelope(kind, body)


def hash_of(token: str) -> str:
    """Under which a token is kept, and what a device signs to enrol with it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find_enroller(ledger: Ledger, token: str, now: datetime) -> ToolContext:
    """Who calls with this token: somebody who may enrol, and nothing else.

    One that was used is let in, so that a device whose answer was lost can ask again.

    Raises:
        NotAllowed: there is no such token, or it expired unused. Both are told alike.
    """
    found = ledger.find_enrolment(hash_of(token))
    if found is None or (found[1].used_at is None and found[1].expires_at <= now):
        raise NotAllowed("The enrolment token is not valid.", "Ask for a new one.")
    tenant, kept = found
    return ToolContext(f"{_ENROLMENT}{kept.id}", tenant, frozenset({"edge:enrol"}))


def find_device(ledger: Ledger, identity: Identity, claim: str, body: bytes) -> ToolContext:
    """Which device makes a request: it may sync, and nothing else.

    Args:
        identity: the hub's.
        claim: `TENANT/DEVICE SIGNATURE`, as in the header.
        body: the request's, as it came.

    Raises:
        NotAllowed: the signature is not that device's, of this request to this hub, or the device is not enrolled.
            All are told alike.
    """
    refusal = NotAllowed("The device's signature is not valid.", "Enrol the device.")
    who, _, signature = claim.strip().partition(" ")
    tenant, _, device = who.partition("/")
    if not (tenant and device and signature) or len(claim) > 1000:
        raise refusal
    with ledger.view(tenant) as unit:
        session = unit.device_sessions.find(device, "")
    if session is None or session.state == "revoked":
        raise refusal
    try:
        verify(session.uplink.public_key, signature.strip(), request_statement(identity.hub_id, tenant, device, body))
    except Untrusted as error:
        raise refusal from error
    return ToolContext(f"{_DEVICE}{device}", tenant, frozenset({"edge:sync"}))


def claimed_by(ledger: Ledger, authorization: str) -> tuple[str, str] | None:
    """Tenant and principal that a header names, proved or not; None where there is no such device or token."""
    scheme, _, claim = authorization.strip().partition(" ")
    if scheme.lower() != DEVICE_SCHEME.lower():
        found = ledger.find_enrolment(hash_of(claim.strip()))
        return (found[0], f"{_ENROLMENT}{found[1].id}") if found is not None else None
    tenant, _, device = claim.strip().partition(" ")[0].partition("/")
    with ledger.view(tenant) as unit:
        return (tenant, f"unproved:{device}") if unit.devices.find(device) is not None else None


def device_of(context: ToolContext) -> str:
    """The device that calls. Raises NotAllowed: it is no device."""
    return _named(context, _DEVICE, "a device that signs its requests")


def not_enrolled(device: str) -> NotAllowed:
    """What is raised for a device that is not, or not any more."""
    return NotAllowed(f"The device {device!r} is not enrolled.", "Enrol it.")


def token_of(context: ToolContext) -> str:
    """Id of the enrolment token that is called with. Raises NotAllowed: there is none."""
    return _named(context, _ENROLMENT, "whoever holds an enrolment token")


def _named(context: ToolContext, prefix: str, who: str) -> str:
    if not context.principal.startswith(prefix):
        raise NotAllowed(f"{context.principal} may not call this: it is for {who}.", "")
    return context.principal.removeprefix(prefix)
