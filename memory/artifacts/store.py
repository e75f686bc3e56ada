"""The artifact store: contents by digest, in a folder or at any address that fsspec opens; garbage collection."""

import errno
import os
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from edge.kernel.errors import InvalidInput, NotFound, StorageFailed, Unavailable
from memory.artifacts.pieces import PIECE_BYTES, Pieces, PieceTables, hex_of, measure, pieces_of
from memory.home import Home, storage_errors

_GRACE = timedelta(days=1)
"""So long a content may lie there before the ledger knows of it."""
_ADVICE = "Set CHARGEHAND_ARTIFACTS to a folder or an address such as s3://BUCKET/FOLDER, or leave it out."


@dataclass(frozen=True, slots=True)
class Stored:
    """A content that is kept. `url` is where, for people and for `fsspec.open`."""

    digest: str
    size_bytes: int
    url: str


class ArtifactStore:
    """Contents by digest. Safe to use from several threads and processes.

    Every method raises `StorageFailed` (the disk is full or broken, or a content was altered), `Unavailable` (the
    store does not answer) and `InvalidInput` (what should be a digest is none).

    Args:
        files: a file system of fsspec's.
        root: path of the store in it.
        copies: folder on this machine for what must be a file and lies elsewhere, and for tables of pieces.
        guard: turns the file system's errors into ours.
        local: `root` is a folder of this machine.
        folders: they must be made before files can lie in them.
    """

    def __init__(
        self,
        files: Any,
        root: str,
        copies: Path,
        guard: Callable[[], AbstractContextManager[None]],
        *,
        local: bool,
        folders: bool = True,
    ) -> None:
        self._files = files
        self._root = root.rstrip("/")
        self._copies = copies
        self._guard = guard
        self._local = local
        self._folders = folders
        self._tables = PieceTables(copies)
        self._seen: dict[str, tuple[int, int]] = {}

    @property
    def url(self) -> str:
        """Where the store is."""
        return str(self._files.unstrip_protocol(self._root))

    def put(self, source: IO[bytes]) -> Stored:
        """Keep what the stream gives until its end; the digest is computed from what was written.

        A content is there as a whole or not at all, however this ends. What is there already is written anew, which
        mends it where it was altered.
        """
        incoming = f"{self._root}/incoming/{uuid.uuid4().hex}"
        with self._guard():
            try:
                if self._folders:
                    self._files.makedirs(f"{self._root}/incoming", exist_ok=True)
                with self._files.open(incoming, "wb") as out:
                    measured = measure(_written(pieces_of(source), out))
                    if self._local:
                        out.flush()
                        os.fsync(out.fileno())
                self._tables.save(measured.digest, measured.pieces)
                self._move(incoming, self._path(measured.digest))
            except BaseException:
                with suppress(StorageFailed, Unavailable, OSError), self._guard():  # what stays is collected later
                    self._files.rm_file(incoming)
                raise
        return Stored(measured.digest, measured.pieces.size_bytes, self.url_of(measured.digest))

    def exists(self, digest: str) -> bool:
        with self._guard():
            return bool(self._files.exists(self._path(digest)))

    def size(self, digest: str) -> int:
        """In bytes. Raises NotFound: it is not kept."""
        with self._guard(), _found(digest):
            return int(self._files.info(self._path(digest))["size"])

    def url_of(self, digest: str) -> str:
        """Where the content is, or would be."""
        return str(self._files.unstrip_protocol(self._path(digest)))

    def open_range(self, digest: str, offset: int, length: int) -> bytes:
        """A part of a content, checked; shorter than `length` at its end, empty behind it.

        Raises:
            NotFound: it is not kept.
            InvalidInput: `offset` or `length` is negative.
            StorageFailed: the content was altered.
        """
        if offset < 0 or length < 0:
            raise InvalidInput("A range has no negative offset or length.", "Count bytes from 0.")
        with self._guard(), _found(digest):
            pieces = self._tables.find(digest) or self._measured(digest)
            found = self._checked(digest, pieces, offset, length)
            if found is None:  # the table may be what is wrong: then the content is, by its digest, still itself
                found = self._checked(digest, self._measured(digest), offset, length)
            if found is None:
                raise _altered(digest)
            return found

    def read(self, digest: str) -> Iterator[bytes]:
        """The whole content, piece by piece, each checked before it is given. Raises as `open_range`."""
        size_bytes = self.size(digest)
        if not size_bytes:
            self.verify(digest)
        for offset in range(0, size_bytes, PIECE_BYTES):
            yield self.open_range(digest, offset, PIECE_BYTES)

    def verify(self, digest: str) -> None:
        """Read all of it and compare. Raises NotFound, StorageFailed: as `open_range`."""
        with self._guard(), _found(digest):
            self._measured(digest)

    def path_of(self, digest: str) -> Path:
        """Where `fetch` puts the content on this machine; it asks nobody."""
        return Path(self._path(digest)) if self._local else self._copies / hex_of(digest)

    def fetch(self, digest: str) -> Path:
        """The content as a file of this machine, checked when it is first asked for and after each change of the file.

        Raises:
            NotFound: it is not kept.
            StorageFailed: the content was altered, or there is no room for a copy.
        """
        path = self.path_of(digest)
        with self._guard(), _found(digest):
            if not self._local and not path.is_file():
                self._copy(digest, path)
            found = path.stat()
            state = (found.st_size, found.st_mtime_ns)
            if self._seen.get(digest) != state:
                with path.open("rb") as file:
                    measured = measure(pieces_of(file))
                if measured.digest != digest:
                    if not self._local:
                        path.unlink()  # the copy alone; the next call makes another
                    raise _altered(digest)
                self._seen[digest] = state
        return path

    def delete(self, digest: str) -> bool:
        """Remove a content and all that was made of it here; whether it was there."""
        with self._guard():
            self._tables.forget(digest)
            if not self._local:
                self.path_of(digest).unlink(missing_ok=True)
            if not self._files.exists(self._path(digest)):  # S3 removes what is not there without a word
                return False
            try:
                self._files.rm_file(self._path(digest))
            except FileNotFoundError:
                return False
            return True

    def digests(self) -> list[str]:
        """Of everything that is kept, sorted."""
        with self._guard():
            names = (path.rsplit("/", 1)[-1] for path in self._files.find(f"{self._root}/sha256"))
            return sorted(f"sha256:{name}" for name in names)

    def modified(self, digest: str) -> datetime:
        """When it was last put. Raises NotFound: it is not kept."""
        with self._guard(), _found(digest):
            return self._files.modified(self._path(digest))

    def collect(self, kept: frozenset[str], now: datetime) -> list[Stored]:
        """Remove what is not in `kept` and was put over a day ago, and what puts that broke off left.

        Args:
            now: with a time zone.

        Returns:
            What was removed.
        """
        removed: list[Stored] = []
        for digest in self.digests():
            if digest in kept or self.modified(digest) > now - _GRACE:
                continue
            found = Stored(digest, self.size(digest), self.url_of(digest))
            if self.delete(digest):
                removed.append(found)
        self._sweep(now - _GRACE)
        return removed

    def _sweep(self, before: datetime) -> None:
        """Remove what puts that broke off before this moment left."""
        with self._guard():
            for path in self._files.find(f"{self._root}/incoming"):
                if self._files.modified(path) <= before:
                    self._files.rm_file(path)

    def _path(self, digest: str) -> str:
        name = hex_of(digest)
        return f"{self._root}/sha256/{name[:2]}/{name}"

    def _move(self, source: str, target: str) -> None:
        """Within the store. In a folder it survives a power cut; elsewhere the store answers for that."""
        if not self._local:
            self._files.mv(source, target)
            return
        folder = Path(target).parent
        folder.mkdir(parents=True, exist_ok=True)
        Path(source).replace(target)
        for one in (folder, folder.parent):
            entries = os.open(one, os.O_RDONLY)
            try:
                os.fsync(entries)
            finally:
                os.close(entries)

    def _measured(self, digest: str) -> Pieces:
        """The pieces as they are in the store. Raises StorageFailed: they are not what the digest says."""
        with self._files.open(self._path(digest), "rb") as file:
            measured = measure(pieces_of(file))
        if measured.digest != digest:
            raise _altered(digest)
        self._tables.save(digest, measured.pieces)
        return measured.pieces

    def _checked(self, digest: str, pieces: Pieces, offset: int, length: int) -> bytes | None:
        """The range, read in whole pieces; None where one is not as the table says."""
        end = min(offset + length, pieces.size_bytes)
        if offset >= end:
            return b""
        first, last = offset // PIECE_BYTES, (end - 1) // PIECE_BYTES
        start = first * PIECE_BYTES
        with self._files.open(self._path(digest), "rb") as file:
            file.seek(start)
            read = file.read(min((last + 1) * PIECE_BYTES, pieces.size_bytes) - start)
        parts = (read[at : at + PIECE_BYTES] for at in range(0, len(read), PIECE_BYTES))
        if measure(parts).pieces.digests != pieces.digests[first : last + 1]:
            return None
        return read[offset - start : end - start]

    def _copy(self, digest: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{uuid.uuid4().hex}.new")
        try:
            with fresh.open("wb") as out:
                for piece in self.read(digest):
                    out.write(piece)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def _written(pieces: Iterator[bytes], out: Any) -> Iterator[bytes]:
    for piece in pieces:
        out.write(piece)
        yield piece


@contextmanager
def _found(digest: str) -> Generator[None]:
    """Raises NotFound: a file is not there."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"The content {digest} is not kept here.", "Put it again.") from error


def _altered(digest: str) -> StorageFailed:
    return StorageFailed(f"The content of {digest} was altered: it has another digest now.", "Put the file again.")


def open_artifacts(home: Home, url: str | None = None) -> ArtifactStore:
    """The store at an address that fsspec opens, else in the home's own folder. Opening asks nobody.

    Raises:
        InvalidInput: fsspec does not know the kind of address, or its package is not installed.
    """
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    try:
        # What other processes put is seen at once, and a store that is gone is not taken for one that answers.
        files, root = fsspec.url_to_fs(url or str(home.artifacts), use_listings_cache=False)
    except ImportError as error:
        raise InvalidInput(
            f"Artifacts cannot be kept in {shown(url)}: a package is missing. {error}.",
            "Install it beside the hub: for s3:// that is `pip install s3fs`.",
        ) from error
    except ValueError as error:
        raise InvalidInput(f"Artifacts cannot be kept in {shown(url)}: {error}.", _ADVICE) from error
    copies = home.cache / "artifacts"
    if isinstance(files, LocalFileSystem):
        folder = Path(root)
        return ArtifactStore(files, root, copies, lambda: storage_errors(folder), local=True)
    kinds = _errors_of(files)
    return ArtifactStore(
        files, root, copies, lambda: _store_errors(shown(url), copies, kinds), local=False, folders=not _buckets(files)
    )


def shown(url: str | None) -> str:
    """The address without user and password."""
    parts = urlsplit(url or "")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _protocols(files: Any) -> set[str]:
    named: str | tuple[str, ...] = files.protocol
    return {named} if isinstance(named, str) else set(named)


def _buckets(files: Any) -> bool:
    """Whether it has no folders, and making one would make a bucket of a name that may be a slip."""
    return not _protocols(files).isdisjoint({"s3", "gs", "abfs"})


def _errors_of(files: Any) -> tuple[type[Exception], ...]:
    """What its library raises where it cannot do what it is told."""
    if "s3" not in _protocols(files):
        return (OSError,)
    from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingImports]

    return (OSError, BotoCoreError)


@contextmanager
def _store_errors(where: str, copies: Path, kinds: tuple[type[Exception], ...]) -> Generator[None]:
    """Raises StorageFailed: this machine has no room, or the store no right for us. Unavailable: it does not answer."""
    try:
        yield
    except PermissionError as error:
        raise StorageFailed(f"{where} does not let us in: {error}.", "Check the rights of its key.") from error
    except kinds as error:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            raise StorageFailed(f"There is no room under {copies}: {error.strerror}.", "Free some space.") from error
        raise Unavailable(f"The artifact store {where} does not answer: {error}.", _ADVICE) from error
