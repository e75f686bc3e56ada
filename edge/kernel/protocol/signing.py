"""Ed25519 keys (RFC 8032), signed envelopes and signed requests.

No signature here depends on a clock: a gateway that was off for a year may believe any date.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from edge.kernel.canonical import canonical_json
from edge.kernel.errors import Untrusted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


_REQUEST = b"chargehand-edge-request-1\n"
_BODY = b"chargehand-edge-body-1\n"


class Signed(BaseModel):
    """A JSON value with the signature of who stands for it.

    Attributes:
        kind: what the value is; part of what is signed, so that one kind cannot be shown as another.
        body: the value.
        signature: of `kind` and `body` in canonical JSON, base64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    body: dict[str, Any]
    signature: str

    def open(self, kind: str, public_key: str) -> dict[str, Any]:
        """The body, once its signature is checked. Raises Untrusted: another kind, or not signed by this key."""
        if self.kind != kind:
            raise Untrusted(f"This is signed as {self.kind!r}, not as {kind!r}.")
        verify(public_key, self.signature, _signed_bytes(kind, self.body))
        return self.body


class Signer:
    """Holds a private key. It is never shown, logged or sent."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> str:
        """32 bytes, base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, statement: bytes) -> str:
        """64 bytes, base64."""
        return base64.b64encode(self._key.sign(statement)).decode()

    def envelope(self, kind: str, body: dict[str, Any]) -> Signed:
        """The body, signed as of this kind. Raises ValueError, TypeError: it is not JSON."""
        return Signed(kind=kind, body=body, signature=self.sign(_signed_bytes(kind, body)))


def verify(public_key: str, signature: str, statement: bytes) -> None:
    """Raises Untrusted: the signature is not of this statement by this key, or one of them is malformed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), statement)
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise Untrusted("The signature does not fit.") from error


def load_signer(path: Path) -> Signer:
    """The key in this file, which is made, readable by its owner alone, where it does not exist.

    Raises:
        Untrusted: the file holds no Ed25519 key.
        OSError: it cannot be read or written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was faster: its key counts
            path.hardlink_to(fresh)
        fresh.unlink()
    try:
        return Signer(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
    except ValueError as error:
        raise Untrusted(f"{path} holds no Ed25519 key.") from error


def request_statement(hub_id: str, tenant: str, device: str, body: bytes) -> bytes:
    """What a device signs of a request: to whom, from whom, and the exact bytes of the request's body.

    A copy of a signed request can only be played again to the same hub, where every request is idempotent.
    """
    return _REQUEST + canonical_json([hub_id, tenant, device, hashlib.sha256(body).hexdigest()])


def _signed_bytes(kind: str, body: dict[str, Any]) -> bytes:
    return _BODY + canonical_json([kind, body])
