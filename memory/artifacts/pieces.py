"""The digests of a content, whole and piece by piece, so that a part of it can be checked without reading the rest."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from edge.kernel.errors import InvalidInput

PIECE_BYTES = 1 << 20
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pieces:
    """Size of a content, and the SHA-256 of each `PIECE_BYTES` of it; the last piece may be shorter."""

    size_bytes: int
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a content is: `digest` is `sha256:` and 64 hexadecimal digits."""

    digest: str
    pieces: Pieces


def hex_of(digest: str) -> str:
    """The hexadecimal part. Raises InvalidInput: it is no digest, and so names no file."""
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise InvalidInput(f"{digest!r} is no digest.", "A digest is sha256: and 64 hexadecimal digits.")
    return found[1]


def pieces_of(source: IO[bytes]) -> Iterator[bytes]:
    """What a stream gives until its end, in pieces of `PIECE_BYTES`, however short its own reads are."""
    piece = bytearray()
    while True:
        read = source.read(PIECE_BYTES - len(piece))
        piece += read or b""
        if len(piece) == PIECE_BYTES or (not read and piece):
            yield bytes(piece)
            piece.clear()
        if not read:
            return


def measure(pieces: Iterable[bytes]) -> Measured:
    """The digests of a content that comes in whole pieces."""
    whole, digests, size_bytes = hashlib.sha256(), list[str](), 0
    for piece in pieces:
        whole.update(piece)
        digests.append(hashlib.sha256(piece).hexdigest())
        size_bytes += len(piece)
    return Measured(f"sha256:{whole.hexdigest()}", Pieces(size_bytes, tuple(digests)))


class PieceTables:
    """The pieces of contents that were measured once, as files of a folder. What is lost is measured again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Pieces] = {}

    def find(self, digest: str) -> Pieces | None:
        if digest not in self._known:
            read = _read(self._path(digest))
            if read is None:
                return None
            self._known[digest] = read
        return self._known[digest]

    def save(self, digest: str, pieces: Pieces) -> None:
        """Raises OSError: the folder cannot be written to."""
        self._known[digest] = pieces
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{uuid.uuid4().hex}.new"
        try:
            fresh.write_text(json.dumps({"size_bytes": pieces.size_bytes, "digests": pieces.digests}), encoding="ascii")
            fresh.replace(self._path(digest))
        finally:
            fresh.unlink(missing_ok=True)

    def forget(self, digest: str) -> None:
        self._known.pop(digest, None)
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / f"{hex_of(digest)}.json"


def _read(path: Path) -> Pieces | None:
    """None where there is none, or none that can be read: a crash may have left anything."""
    try:
        found: Any = json.loads(path.read_text(encoding="ascii"))
        return Pieces(int(found["size_bytes"]), tuple(str(digest) for digest in found["digests"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
