"""The vector index: chunk embeddings in Chroma, one collection for each tenant.

Chroma has one writer process, and other processes do not see what it writes until they open the folder anew: the
holder of the home's `documents` lock writes, and readers call `refresh` with the ledger's watermark before a query.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from memory.embedding import Embedder
from memory.home import storage_errors
from memory.ledger.documents import chunk_id
from memory.passages import Chunk

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

__all__ = ["VectorIndex"]

_CHUNKS_AT_ONCE = 256
"""Bounds memory; Chroma takes 5461 at most."""


class VectorIndex:
    """A mirror of the ledger's chunks. Chroma is imported (2 s, 60 MB) when the index is first used."""

    name = "vectors"

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._folder = folder
        self._embedder = embedder
        self._client: Client | None = None
        self._collections: dict[str, Collection] = {}
        self._position = -1
        self._waiting: dict[str, list[tuple[str, str]]] = {}
        self._lock = threading.RLock()

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        """Make the index hold exactly these chunks of the document; done by the next `flush`.

        Args:
            former: how many chunks the document had before; those beyond `len(chunks)` are removed.
        """
        from memory.chunking import embedding_text

        with self._lock, storage_errors(self._folder):
            waiting = self._waiting.setdefault(tenant, [])
            waiting.extend((chunk_id(document_id, chunk.ordinal), embedding_text(title, chunk)) for chunk in chunks)
            left_over = [chunk_id(document_id, ordinal) for ordinal in range(len(chunks), former)]
            if left_over:
                self._collection(tenant).delete(ids=left_over)

    def flush(self) -> None:
        """Embed and store what waits. After a crash the same changes are applied again, to the same end."""
        with self._lock, storage_errors(self._folder):
            for tenant, entries in self._waiting.items():
                for start in range(0, len(entries), _CHUNKS_AT_ONCE):
                    some = entries[start : start + _CHUNKS_AT_ONCE]
                    vectors = self._embedder.embed([text for _, text in some])
                    self._collection(tenant).upsert(ids=[key for key, _ in some], embeddings=vectors)
            self._waiting.clear()

    def rollback(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()

    def search(self, vector: NDArray[np.float32], tenant: str, limit: int) -> list[tuple[str, float]]:
        """Nearest chunks to a unit vector of shape (dimensions,): (chunk id, cosine -1 to 1), best first."""
        with self._lock, storage_errors(self._folder):
            collection = self._collection(tenant)
            found = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
        distances = found["distances"] or [[]]
        return [(key, 1.0 - float(distance)) for key, distance in zip(found["ids"][0], distances[0], strict=True)]

    def refresh(self, position: int) -> None:
        """Open the folder anew when another process has moved the watermark since this one looked."""
        with self._lock:
            if self._client is not None and position != self._position:
                self.close()
            self._position = position

    def wrote(self, position: int) -> None:
        """Remember that this process itself moved the watermark to `position`."""
        with self._lock:
            self._position = position

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
                self._collections.clear()

    def _collection(self, tenant: str) -> Collection:
        if tenant not in self._collections:
            self._collections[tenant] = self._open().get_or_create_collection(
                f"chunks-{tenant}-{self._embedder.name}"[:512],
                configuration={"hnsw": {"space": "cosine", "ef_search": 128}},
                embedding_function=None,
            )
        return self._collections[tenant]

    def _open(self) -> Client:
        if self._client is None:
            os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
            import chromadb
            from chromadb.config import Settings

            switches = Settings(anonymized_telemetry=False, allow_reset=False)
            self._client = cast("Client", chromadb.PersistentClient(str(self._folder), switches))
        return self._client
