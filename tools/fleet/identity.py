"""Identity of the hub towards devices: an id and an Ed25519 key, which signs everything that they obey."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

from edge.kernel.errors import StorageFailed, Untrusted
from edge.kernel.protocol.signing import Signed, Signer, load_signer
from memory.home import storage_errors

__all__ = ["Identity"]


class Identity:
    """Read when it is first needed, and made where there is none. Hubs that share one ledger share one key file.

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
