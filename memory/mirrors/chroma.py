"""A Chroma folder that several processes use: one writes, any read, each may be killed at any instruction.

Chroma 1.5 in process asks for care:

- Readers see nothing new until they open the folder anew (`close`, then the next use).
- It overwrites its graph's files in place. A lock keeps readers from loading them meanwhile; a mark tells that a
  writer died or failed in between, and what is there then is not to be trusted.
- Overwriting a vector that is in the graph can deadlock (its `updatePoint` locks nodes in any order): `put` deletes
  first, and one thread adds.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from edge.kernel.errors import Conflict, StorageFailed
from memory.home import is_full, storage_errors

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection


_WAIT_S = 30.0
_NOT_THE_FILES = re.compile(
    r"disk is full|no space|quota|read-?only|unable to open|open files|permission|locked|disk I/O|out of memory",
    re.IGNORECASE,
)
"""Failures of the surroundings, in the words of SQLite and the operating system."""
_REPAIR = "Run `chargehand ingest` again, or start `chargehand up`: the index is then made again from the ledger."


class ChromaFolder:
    """Collections of unit vectors under string keys. Not for several threads at once: the caller serialises."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._folder = folder
        self._mark = folder.with_suffix(".writing")
        self._file_lock = FileLock(folder.with_suffix(".lock"))
        self._probe = np.full((1, dimensions), dimensions**-0.5, dtype=np.float32)
        self._client: Client | None = None
        self._loaded: dict[str, Collection] = {}

    def damaged(self) -> bool:
        """Whether there is no folder, or a writer died or failed while Chroma wrote."""
        return self.left_half_written() or not self._folder.exists()

    def left_half_written(self) -> bool:
        """Whether a writer died or failed while Chroma wrote."""
        return self._mark.exists()

    def clear(self) -> None:
        """Remove the folder; it is `damaged` until something is put."""
        with self._alone():
            self.close()
            if self._folder.exists():
                shutil.rmtree(self._folder)
            self._mark.unlink(missing_ok=True)

    def put(self, name: str, keys: Sequence[str], vectors: NDArray[np.float32] | None) -> None:
        """Make a collection hold `vectors`, shape (len(keys), dimensions), under these keys; None: nothing.

        Args:
            name: of the collection, which is made where it is missing.
            keys: 1 to 5000.

        Raises:
            StorageFailed: the disk is full, read-only or broken; the folder is then `damaged`.
        """
        with self._alone():
            self._mark.touch()
            with chroma_errors(self._folder):
                collection = self._open().get_or_create_collection(
                    name,
                    configuration={"hnsw": {"space": "cosine", "ef_search": 128, "num_threads": 1}},
                    embedding_function=None,
                )
                held = collection.get(ids=list(keys), include=[])["ids"]
                if held:
                    collection.delete(ids=held)
                if vectors is not None:
                    collection.upsert(ids=list(keys), embeddings=vectors)
            self._loaded[name] = collection
            self._mark.unlink()

    def nearest(self, name: str, vector: NDArray[np.float32], limit: int) -> list[tuple[str, float]]:
        """The keys nearest to a unit vector, shape (dimensions,), with their cosines, best first.

        Raises:
            StorageFailed: the folder cannot be read.
        """
        collection = self._read(name)
        if collection is None:
            return []
        with chroma_errors(self._folder):
            found = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
        distances = found["distances"] or [[]]
        return [(key, 1.0 - float(distance)) for key, distance in zip(found["ids"][0], distances[0], strict=True)]

    def held(self, name: str, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Key -> its vector, for those of the keys that the collection has.

        Raises:
            StorageFailed: the folder cannot be read.
        """
        collection = self._read(name)
        if collection is None or not keys:
            return {}
        with chroma_errors(self._folder):
            found = collection.get(ids=list(keys), include=["embeddings"])
        vectors = np.asarray(found["embeddings"], dtype=np.float32)
        return dict(zip(found["ids"], vectors, strict=True))

    def all(self, name: str, limit: int) -> dict[str, NDArray[np.float32]]:
        """Key -> its vector, for all of a collection in the order of their keys; empty where it has more than `limit`.

        Raises:
            StorageFailed: the folder cannot be read.
        """
        collection = self._read(name)
        if collection is None:
            return {}
        with chroma_errors(self._folder):
            if collection.count() > limit:
                return {}
            found = collection.get(include=["embeddings"])
        vectors = np.asarray(found["embeddings"], dtype=np.float32)
        return dict(sorted(zip(found["ids"], vectors, strict=True)))

    def keys(self, name: str) -> set[str]:
        """All keys of a collection.

        Raises:
            StorageFailed: the folder cannot be read.
        """
        collection = self._read(name)
        if collection is None:
            return set()
        with chroma_errors(self._folder):
            return set(collection.get(include=[])["ids"])

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        self._loaded.clear()
        if self._client is not None:
            self._client.close()
            self._client = None

    def _read(self, name: str) -> Collection | None:
        """A collection with its graph loaded; None where there is none. Readers make nothing."""
        if name not in self._loaded and self._folder.exists():
            from chromadb.errors import NotFoundError

            with self._alone():
                if self._mark.exists():
                    raise StorageFailed(f"The vector index at {self._folder} was left half-written.", _REPAIR)
                try:
                    with chroma_errors(self._folder, self._mark):
                        collection = self._open().get_collection(name, embedding_function=None)
                        collection.query(query_embeddings=self._probe, n_results=1, include=[])
                except NotFoundError:
                    return None
                except StorageFailed:
                    self.close()  # what it could not read, it reads anew next time
                    raise
            self._loaded[name] = collection
        return self._loaded.get(name)

    def _open(self) -> Client:
        if self._client is None:
            os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False, allow_reset=False)
            try:
                self._client = cast("Client", chromadb.PersistentClient(str(self._folder), settings))
            except Exception as error:  # of any kind: Chroma fails anew while it cleans up after what failed first
                if is_full(self._folder):
                    raise _disk_full(self._folder) from error
                raise
        return self._client

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep other processes from the files for as long as it takes to put some vectors or to load the graph."""
        with storage_errors(self._folder):
            try:
                self._file_lock.acquire(timeout=_WAIT_S, poll_interval=0.01)
            except Timeout:
                raise Conflict(f"{self._folder} is in use by another process.", "Wait for it or stop it.") from None
            try:
                yield
            finally:
                self._file_lock.release()


@contextmanager
def chroma_errors(folder: Path, mark: Path | None = None) -> Generator[None]:
    """Turn Chroma's failures into `StorageFailed`; with `mark`, the folder is not to be trusted from then on.

    What fails because there is no room, or because nothing can be written, says nothing of what is in the folder.
    """
    from chromadb.errors import InternalError

    try:
        yield
    except InternalError as error:
        if is_full(folder):
            raise _disk_full(folder) from error
        if mark is not None and not _NOT_THE_FILES.search(str(error)):
            mark.touch()
        raise StorageFailed(f"The vector index at {folder} failed: {error}.", _REPAIR) from error


def _disk_full(folder: Path) -> StorageFailed:
    return StorageFailed(f"The disk is full under {folder}.", "Free some space: it then works again.")
