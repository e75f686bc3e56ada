"""The vector index: chunk embeddings in Chroma, one collection for each tenant.

Chroma 1.5 in process asks for care, all of it kept here:

- One process writes at a time (the holder of the home's `documents` lock), and it opens the folder anew before it
  does; readers do so by `refresh` when the ledger's watermark has moved, since they see nothing new otherwise.
- Chroma overwrites its graph's files in place. A lock keeps readers from opening them meanwhile, and a mark tells
  that a writer died in between: the index is then `damaged`, and is made again from the ledger.
- Overwriting a vector that is in the graph can deadlock: vectors are deleted, then added.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from memory.embedding import Embedder
from memory.errors import Conflict, StorageFailed
from memory.home import storage_errors
from memory.ledger.documents import chunk_id
from memory.passages import Chunk

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

__all__ = ["VectorIndex"]

_CHUNKS_AT_ONCE = 256
"""Bounds memory and how long readers wait; Chroma takes 5461 at most."""
_WAIT_S = 30.0


class VectorIndex:
    """A mirror of the ledger's chunks. Chroma is imported (2 s, 60 MB) when the index is first used."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.name = f"vectors-{embedder.name}"
        self._folder = folder
        self._mark = folder.with_suffix(".writing")
        self._embedder = embedder
        self._client: Client | None = None
        self._collections: dict[str, Collection] = {}
        self._position = -1
        self._waiting: dict[str, list[tuple[str, str]]] = {}
        self._gone: dict[str, list[str]] = {}
        self._lock = threading.RLock()
        self._file_lock = FileLock(folder.with_suffix(".lock"), thread_local=False)

    def damaged(self) -> bool:
        """Whether the folder is gone, or a writer died while Chroma wrote."""
        return self._mark.exists() or not self._folder.exists()

    def clear(self) -> None:
        """Drop everything."""
        with self._lock, self._alone(), storage_errors(self._folder):
            self._forget()
            if self._folder.exists():
                shutil.rmtree(self._folder)
            self._mark.unlink(missing_ok=True)

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        """Make the index hold exactly these chunks of the document; done by the next `flush`.

        Args:
            former: how many chunks the document had before; those beyond `len(chunks)` are removed.
        """
        from memory.chunking import embedding_text

        with self._lock:
            waiting = self._waiting.setdefault(tenant, [])
            waiting.extend((chunk_id(document_id, chunk.ordinal), embedding_text(title, chunk)) for chunk in chunks)
            gone = self._gone.setdefault(tenant, [])
            gone.extend(chunk_id(document_id, ordinal) for ordinal in range(len(chunks), former))

    def flush(self) -> None:
        """Embed and store what waits. After a crash the same changes are applied again, to the same end.

        Raises:
            StorageFailed: the disk is full, read-only or broken; the index is then `damaged`.
        """
        with self._lock:
            waiting, gone = self._waiting, self._gone
            self._waiting, self._gone = {}, {}
        for tenant, keys in gone.items():
            for start in range(0, len(keys), _CHUNKS_AT_ONCE):
                self._store(tenant, keys[start : start + _CHUNKS_AT_ONCE], None)
        for tenant, entries in waiting.items():
            for start in range(0, len(entries), _CHUNKS_AT_ONCE):
                some = entries[start : start + _CHUNKS_AT_ONCE]
                vectors = self._embedder.embed([text for _, text in some])
                self._store(tenant, [key for key, _ in some], vectors)

    def rollback(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting, self._gone = {}, {}
            self._forget()

    def search(self, vector: NDArray[np.float32], tenant: str, limit: int) -> list[tuple[str, float]]:
        """Nearest chunks to a unit vector of shape (dimensions,): (chunk id, cosine -1 to 1), best first.

        Raises:
            StorageFailed: the index cannot be read.
        """
        with self._lock, storage_errors(self._folder), _chroma_errors(self._folder):
            collection = self._read(tenant)
            if collection is None:
                return []
            found = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
        distances = found["distances"] or [[]]
        return [(key, 1.0 - float(distance)) for key, distance in zip(found["ids"][0], distances[0], strict=True)]

    def ids(self, tenant: str) -> set[str]:
        """Ids of all chunks that `search` can find."""
        with self._lock, storage_errors(self._folder), _chroma_errors(self._folder):
            collection = self._read(tenant)
            return set() if collection is None else set(collection.get(include=[])["ids"])

    def refresh(self, position: int) -> None:
        """Open the folder anew when another process has moved the watermark since this one looked."""
        with self._lock:
            if position != self._position:
                self._forget()
            self._position = position

    def wrote(self, position: int) -> None:
        """Remember that this process itself moved the watermark to `position`."""
        with self._lock:
            self._position = position

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        with self._lock:
            self._forget()

    def _store(self, tenant: str, keys: list[str], vectors: NDArray[np.float32] | None) -> None:
        """Make the collection hold these vectors under these keys, or nothing."""
        with self._lock, self._alone(), storage_errors(self._folder):
            self._mark.touch()
            with _chroma_errors(self._folder):
                collection = self._open().get_or_create_collection(
                    self._collection_name(tenant),
                    configuration={"hnsw": {"space": "cosine", "ef_search": 128, "num_threads": 1}},
                    embedding_function=None,
                )
                self._collections[tenant] = collection
                held = collection.get(ids=keys, include=[])["ids"]
                if held:
                    collection.delete(ids=held)
                if vectors is not None:
                    collection.upsert(ids=keys, embeddings=vectors)
            self._mark.unlink()

    def _read(self, tenant: str) -> Collection | None:
        """The tenant's collection, loaded; None where it has none. Makes nothing: only writers do."""
        if tenant not in self._collections:
            from chromadb.errors import NotFoundError

            with self._alone():
                if not self._folder.exists():
                    return None
                if self._mark.exists():
                    raise StorageFailed(
                        f"{self._folder} was left half-written by a process that died.",
                        "Run `chargehand ingest` or start `chargehand up`: it is made again from the ledger.",
                    )
                try:
                    collection = self._open().get_collection(self._collection_name(tenant), embedding_function=None)
                except NotFoundError:
                    return None
                probe = np.ones((1, self._embedder.dimensions), dtype=np.float32)
                collection.query(query_embeddings=probe, n_results=1, include=[])  # loads the graph
                self._collections[tenant] = collection
        return self._collections[tenant]

    def _open(self) -> Client:
        if self._client is None:
            os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False, allow_reset=False)
            self._client = chromadb.PersistentClient(str(self._folder), settings)
        return self._client

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
            self._collections.clear()

    def _collection_name(self, tenant: str) -> str:
        return f"chunks-{tenant}-{self._embedder.name}"[:512]

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep other processes from the files, for as long as it takes to write some vectors or to load the graph."""
