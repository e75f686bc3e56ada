"""The contents that devices fetch, as the fleet needs them; the artifact store is one."""

from datetime import datetime
from typing import IO, Protocol

from edge.kernel.protocol.artifacts import ArtifactRef
from memory.ledger import Unit
from memory.ledger.artifacts import Artifact

__all__ = ["Contents", "StoredContent", "keep"]


class StoredContent(Protocol):
    """A content that is kept."""

    @property
    def digest(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def url(self) -> str: ...


class Contents(Protocol):
    """Contents by digest, of all tenants; which tenant has which is the ledger's to know."""

    def put(self, source: IO[bytes]) -> StoredContent:
        """Keep what the stream gives until its end. Raises StorageFailed: it cannot be written."""
        ...

    def size(self, digest: str) -> int:
        """In bytes. Raises NotFound: it is not kept."""
        ...

    def open_range(self, digest: str, offset: int, length: int) -> bytes:
        """A part; shorter than `length` at its end, empty behind it. Raises NotFound: it is not kept."""
        ...


def keep(unit: Unit, contents: Contents, source: IO[bytes], media_type: str, now: datetime) -> ArtifactRef:
    """Put a content, and write down that the tenant has it. Raises as `Contents.put`."""
    stored = contents.put(source)
    unit.artifacts.save(Artifact(stored.digest, media_type, stored.size_bytes, stored.url, now))
    return ArtifactRef(digest=stored.digest, size_bytes=stored.size_bytes, media_type=media_type)
