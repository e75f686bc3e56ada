"""Artifacts, content by its digest: fetched in parts, resumed after any break, evicted when room is needed.

A part that was fetched is in a file of its own, under "partial"; whatever a crash leaves there, the digest of the whole
decides: nothing is used before that is checked. Content that is complete lies beside it under its digest, read-only.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from pathlib import Path

from pydantic import ValidationError

from edge.files import disk_errors, file_digest, sync_folder
from edge.kernel.errors import LinkFailed, OutboxFull, StorageFailed, Untrusted
from edge.kernel.protocol.artifacts import LONGEST_RANGE, ArtifactRange, ArtifactRef, unpack_range
from edge.outbox import Journal
from edge.sync.transport import Transport

_SHORT = 64


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Artifacts:
    """The contents on a device.

    Args:
        budget_bytes: what they may take together; the least recently used go first when another needs room.
        reserve_bytes: of the disk, left free for everything else.
        range_bytes: how much one call asks for.
    """

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        *,
        budget_bytes: int,
        reserve_bytes: int = 64 << 20,
        range_bytes: int = LONGEST_RANGE // 2,
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        self._folder = folder
        self._partial = folder / "partial"
        self._journal = journal
        self._budget_bytes = budget_bytes
        self._reserve_bytes = reserve_bytes
        self._range_bytes = range_bytes
        self._free_bytes = free_bytes

    def find(self, ref: ArtifactRef) -> Path | None:
        """The content, if it is here whole; its digest was checked when it came."""
        path = self._path(ref)
        if not path.is_file() or path.stat().st_size != ref.size_bytes:
            return None
        with suppress(OSError):  # A disk that cannot be written to can be read.
            os.utime(path)  # It was used: others go first.
        return path

    def fetched_bytes(self, ref: ArtifactRef) -> int:
        """How much of it is here."""
        if self.find(ref) is not None:
            return ref.size_bytes
        partial = self._partial_of(ref)
        return partial.stat().st_size if partial.exists() else 0

    async def fetch(self, ref: ArtifactRef, transport: Transport, keep: Collection[str] = ()) -> Path:
        """Fetch what lacks, and check the whole.

        Args:
            keep: digests that must not go to make room.

        Raises:
            LinkFailed, HubRefused: as the transport does; what came before is kept.
            Untrusted: what came is not this content. It was thrown away, and that was recorded.
            StorageFailed: there is no room for it within the budget or on the disk, or the disk failed.
        """
        here = self.find(ref)
        if here is not None:
            return here
        with _disk_errors(ref):
            self._partial.mkdir(parents=True, exist_ok=True)
            self._make_room(ref, {*keep, ref.digest})
        return await self._fetch_rest(ref, transport)

    def forget(self, ref: ArtifactRef) -> None:
        """Remove it, whole or partial; nothing where there is none. Raises StorageFailed."""
        with _disk_errors(ref):
            for path in (self._path(ref), self._partial_of(ref)):
                path.unlink(missing_ok=True)

    async def _fetch_rest(self, ref: ArtifactRef, transport: Transport) -> Path:
        partial = self._partial_of(ref)
        with _disk_errors(ref):
            partial.touch()
            if partial.stat().st_size > ref.size_bytes:
                os.truncate(partial, 0)
            have = partial.stat().st_size
        while have < ref.size_bytes:
            content = await self._range(ref, transport, have)
            with _disk_errors(ref):
                _append(partial, have, content)
            have += len(content)
        with _disk_errors(ref):
            fits = file_digest(partial) == ref.digest
            if not fits:
                partial.unlink()
        if not fits:
            self._refuse(ref, "its digest does not fit")
            raise Untrusted(f"What came as {ref.digest} is something else; it was thrown away.")
        with _disk_errors(ref):
            partial.chmod(0o440)
            partial.replace(self._path(ref))
            sync_folder(self._folder)
        return self._path(ref)

    async def _range(self, ref: ArtifactRef, transport: Transport, offset: int) -> bytes:
        wanted = min(self._range_bytes, ref.size_bytes - offset)
        answer = await transport.call("edge_artifact", {"digest": ref.digest, "offset": offset, "length": wanted})
        try:
            part = ArtifactRange.model_validate(answer)
            content = unpack_range(part)
        except (ValidationError, Untrusted) as error:
            self._refuse(ref, "a part of it is malformed")
            raise Untrusted(f"A part of {ref.digest} is malformed.") from error
        if (part.digest, part.offset, part.total_bytes) != (ref.digest, offset, ref.size_bytes) or len(
            content
        ) > wanted:
            self._refuse(ref, "a part of it is not what was asked for")
            raise Untrusted(f"Another part came than the one of {ref.digest} from {offset} on.")
        if not content:
            raise LinkFailed(f"Nothing came of {ref.digest} from {offset} on.")
        return content

    def _make_room(self, ref: ArtifactRef, keep: Collection[str]) -> None:
        names = {_name(digest) for digest in keep}
        needed = ref.size_bytes - self.fetched_bytes(ref)
        disposable = sorted(
            (path for path in [*self._partials(), *self._whole()] if path.name not in names),
            key=lambda path: path.stat().st_mtime,
        )
        while self._lacks(needed):
            if not disposable:
                raise StorageFailed(
                    f"There is no room for {ref.digest[:_SHORT]} ({ref.size_bytes} bytes).",
                    "Free space on the disk, or allow the device more of it.",
                )
            disposable.pop(0).unlink(missing_ok=True)

    def _lacks(self, needed: int) -> bool:
        used = sum(path.stat().st_size for path in [*self._whole(), *self._partials()])
        return used + needed > self._budget_bytes or self._free_bytes(self._folder) - needed < self._reserve_bytes

    def _refuse(self, ref: ArtifactRef, why: str) -> None:
        with suppress(OutboxFull):  # It is thrown away, recorded or not.
            self._journal.record("refused", {"what": "artifact", "digest": ref.digest, "reason": why})

    def _whole(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.is_file()]

    def _partials(self) -> list[Path]:
        return list(self._partial.iterdir()) if self._partial.is_dir() else []

    def _path(self, ref: ArtifactRef) -> Path:
        return self._folder / _name(ref.digest)

    def _partial_of(self, ref: ArtifactRef) -> Path:
        return self._partial / _name(ref.digest)


class BlockingFetch:
    """Fetches in the thread that asks, as the model's life does (`edge.model_lifecycle.steps.Fetch`).

    Args:
        open_link: a fresh link to the hub, for the length of the block.
        keep: digests that must not go to make room, at that time.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        open_link: Callable[[], AbstractAsyncContextManager[Transport]],
        keep: Callable[[], Collection[str]],
    ) -> None:
        self._artifacts = artifacts
        self._open_link = open_link
        self._keep = keep

    def fetch(self, ref: ArtifactRef) -> Path:
        """As `Artifacts.fetch`; not to be called where an event loop runs."""
        return self._artifacts.find(ref) or asyncio.run(self._fetch(ref))

    def forget(self, ref: ArtifactRef) -> None:
        """As `Artifacts.forget`."""
        self._artifacts.forget(ref)

    async def _fetch(self, ref: ArtifactRef) -> Path:
        async with self._open_link() as link:
            return await self._artifacts.fetch(ref, link, self._keep())


def _disk_errors(ref: ArtifactRef) -> AbstractContextManager[None]:
    return disk_errors(f"The content {ref.digest[:_SHORT]} cannot be kept", "Check the disk.")


def _name(digest: str) -> str:
    return digest.replace(":", "-")


def _append(path: Path, offset: int, content: bytes) -> None:
    """Durable when it returns; on failure the file is as long as before."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], offset + written)
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):  # What failed is being raised.
            os.ftruncate(descriptor, offset)
        raise
    finally:
        os.close(descriptor)
