"""What the life of a model asks of the rest of the device."""

from pathlib import Path
from typing import Protocol

from edge.kernel.protocol.artifacts import ArtifactRef

__all__ = ["Fetch"]


class Fetch(Protocol):
    """Brings artifacts from the hub."""

    def fetch(self, ref: ArtifactRef) -> Path:
        """The whole content. Blocks; goes on where an earlier call broke off; at once where all of it is here.

        Raises:
            LinkFailed: the hub was not reached, or not to the end: call again.
            Untrusted: what came has another digest; it was thrown away.
            StorageFailed: there is no room.
            HubRefused: the hub does not give it.
        """
        ...

    def forget(self, ref: ArtifactRef) -> None:
        """Remove what was fetched of it. Does nothing where there is nothing."""
        ...
