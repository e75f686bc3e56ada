"""Where the content of artifacts lies: a folder, by digest."""

import hashlib
import os
import re
import uuid
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from edge.protocol.artifacts import ArtifactRef
from memory.errors import InvalidInput, NotFound
from memory.home import storage_errors
from memory.ledger import Unit
from memory.ledger.artifacts import Artifact
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["Contents", "LocalContents", "StoredContent", "keep", "keeping_tool"]

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PIECE_BYTES = 1 << 20


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


class _Kept:
    def __init__(self, digest: str, size_bytes: int, url: str) -> None:
        self.digest, self.size_bytes, self.url = digest, size_bytes, url


class LocalContents:
    """A folder of this machine: `sha256/FIRST TWO/ALL 64`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, source: IO[bytes]) -> StoredContent:
        incoming = self._folder / "incoming" / uuid.uuid4().hex
        whole, size_bytes = hashlib.sha256(), 0
        with storage_errors(self._folder):
            incoming.parent.mkdir(parents=True, exist_ok=True)
            try:
                with incoming.open("wb") as out:
                    while piece := source.read(_PIECE_BYTES):
                        out.write(piece)
                        whole.update(piece)
                        size_bytes += len(piece)
                    out.flush()
                    os.fsync(out.fileno())
                path = self._path(f"sha256:{whole.hexdigest()}")
                path.parent.mkdir(parents=True, exist_ok=True)
                incoming.replace(path)
            finally:
                incoming.unlink(missing_ok=True)
        return _Kept(f"sha256:{whole.hexdigest()}", size_bytes, path.as_uri())

    def size(self, digest: str) -> int:
        with storage_errors(self._folder):
            return self._found(digest).stat().st_size

    def open_range(self, digest: str, offset: int, length: int) -> bytes:
        with storage_errors(self._folder), self._found(digest).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _found(self, digest: str) -> Path:
        path = self._path(digest)
        if not path.is_file():
            raise NotFound(f"The content {digest} is not kept here.", "Put it again.")
        return path

    def _path(self, digest: str) -> Path:
        found = _DIGEST.fullmatch(digest)
        if found is None:
            raise InvalidInput(f"{digest!r} is no digest.", "A digest is sha256: and 64 hexadecimal digits.")
        return self._folder / "sha256" / found[1][:2] / found[1]


def keep(unit: Unit, contents: Contents, source: IO[bytes], media_type: str, now: datetime) -> ArtifactRef:
    """Put a content, and write down that the tenant has it. Raises as `Contents.put`."""
    stored = contents.put(source)
    unit.artifacts.save(Artifact(stored.digest, media_type, stored.size_bytes, stored.url, now))
    return ArtifactRef(digest=stored.digest, size_bytes=stored.size_bytes, media_type=media_type)


def keeping_tool(contents: Contents, file: Path, media_type: str) -> ToolSpec:
    """An operation that keeps one file of this machine; for its command line alone, since it reads what it is told."""

    def artifact_keep(context: ToolContext) -> ArtifactRef:
        """Keep a file, so that devices can fetch it."""
        with storage_errors(file), file.open("rb") as source:
            return keep(context.unit, contents, source, media_type, context.now)

    return tool(artifact_keep, scopes={"fleet:write"}, effect="write", timeout_s=3600.0, idempotent=True)
