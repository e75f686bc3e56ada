"""The vector index: chunk embeddings in Chroma, one collection for each tenant."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from memory.documents.chunking import embedded_chunks, embedding_text
from memory.documents.passages import Chunk
from memory.embedding import Embedder
from memory.ledger.documents import chunk_id
from memory.mirrors.chroma import ChromaFolder
from memory.mirrors.projection import Mirror, unheard

_T = TypeVar("_T")
_CHUNKS_AT_ONCE = 256
"""Bounds memory, and how long readers of other processes wait."""
_KEPT = 16_384
"""Vectors that stay in memory once read, 25 MB: Chroma takes 3 ms to read those of one search."""
_SMALL = 4096
"""A tenant with at most so many vectors is searched in memory, exactly, in 0.2 ms instead of Chroma's 2. Reading them
all takes up to 0.1 s, so a process that searches once leaves it."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """All vectors of a tenant: shape (len(keys), dimensions)."""

    keys: Sequence[str]
    vectors: NDArray[np.float32]

    def nearest(self, vector: NDArray[np.float32], limit: int) -> list[tuple[str, float]]:
        cosines = self.vectors @ vector
        some = np.sort(np.argpartition(-cosines, limit)[:limit]) if limit < len(cosines) else np.arange(len(cosines))
        best: list[int] = some[np.argsort(-cosines[some], kind="stable")].tolist()
        return [(self.keys[index], float(cosines[index])) for index in best]


class VectorIndex(Mirror):
    """A mirror of the ledger's chunks. Chroma is imported (2 s, 60 MB) when the index is first used."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.name = mirror_name(embedder.name)
        self._embedder = embedder
        self._chroma = ChromaFolder(folder, embedder.dimensions)
        self._waiting: dict[str, dict[str, str | None]] = {}
        self._kept: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._whole: dict[str, _Whole | None] = {}
        self._searched: set[str] = set()
        self._lock = threading.RLock()

    def damaged(self) -> bool:
        """Whether the index was lost, or left half-written by a process that died."""
        return self._chroma.damaged()

    def left_half_written(self) -> bool:
        """Whether a writer died or failed half-way: nothing is found until it is made again."""
        return self._chroma.left_half_written()

    def clear(self) -> None:
        """Hold nothing."""
        with self._lock:
            self._forget()
            self._chroma.clear()

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        """Make the index hold the document's chunks that are worth an embedding; done by the next `flush`.

        Args:
            former: how many chunks the document had before; those beyond `len(chunks)` are removed.
        """
        with self._lock:
            waiting = self._waiting.setdefault(tenant, {})
            embedded = embedded_chunks(chunks)
            gone = set(range(former)) - {chunk.ordinal for chunk in embedded}
            waiting.update((chunk_id(document_id, ordinal), None) for ordinal in sorted(gone))
            waiting.update((chunk_id(document_id, chunk.ordinal), embedding_text(title, chunk)) for chunk in embedded)

    def flush(self, tell: Callable[[float], None] = unheard) -> None:
        """Embed and store what waits. After a crash the same changes are applied again, to the same end.

        Raises:
            StorageFailed: the disk is full, read-only or broken.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for tenant, entries in waiting.items():
            gone = [key for key, text in entries.items() if text is None]
            kept = [(key, text) for key, text in entries.items() if text is not None]
            for some in _slices(gone):
                self._put(tenant, some, None)
            for at, some in enumerate(_slices(kept)):
                tell(at * _CHUNKS_AT_ONCE / len(kept))
                self._put(tenant, [key for key, _ in some], self._embedder.embed([text for _, text in some]))

    def rollback(self) -> None:
        """Forget what waits, and what Chroma has in memory."""
        with self._lock:
            self._waiting = {}
            self._forget()
            self._chroma.close()

    def search(self, vector: NDArray[np.float32], tenant: str, limit: int) -> list[tuple[str, float]]:
        """Nearest chunks to a unit vector of shape (dimensions,): (chunk id, cosine -1 to 1), best first.

        Raises:
            StorageFailed: the index cannot be read.
        """
        with self._lock:
            whole = self._whole_of(tenant)
            found = [] if whole else self._chroma.nearest(self._name_of(tenant), vector, limit)
            if not found:  # Chroma's approximate index may miss all vectors where they are very much alike
                whole = whole or self._whole_of(tenant)
            return whole.nearest(vector, limit) if whole else found

    def held(self, keys: Sequence[str], tenant: str) -> dict[str, NDArray[np.float32]]:
        """Chunk id -> its unit vector, for those of the ids that the index has.

        Raises:
            StorageFailed: the index cannot be read.
        """
        with self._lock:
            unread = [key for key in keys if (tenant, key) not in self._kept]
            if len(self._kept) + len(unread) > _KEPT:
                self._kept.clear()
                unread = list(keys)
            read = self._chroma.held(self._name_of(tenant), unread)
            self._kept.update(((tenant, key), vector) for key, vector in read.items())
            return {key: self._kept[tenant, key] for key in keys if (tenant, key) in self._kept}

    def ids(self, tenant: str) -> set[str]:
        """Ids of all the tenant's chunks.

        Raises:
            StorageFailed: the index cannot be read.
        """
        with self._lock:
            return self._chroma.keys(self._name_of(tenant))

    def refresh(self, watermark: int) -> None:
        """Open the index anew when another process has moved the watermark since this one looked."""
        with self._lock:
            if watermark != self._watermark:
                self._forget()
                self._chroma.close()
            self._watermark = watermark

    def reopen(self) -> None:
        """Open the index anew: another process may have written since, and even died before it moved the watermark."""
        self.close()

    def advanced(self, watermark: int) -> None:
        """As any mirror; `refresh` need not open the index anew then."""
        with self._lock:
            super().advanced(watermark)

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        with self._lock:
            self._whole.clear()
            self._chroma.close()

    def _put(self, tenant: str, keys: Sequence[str], vectors: NDArray[np.float32] | None) -> None:
        with self._lock:
            self._whole.pop(tenant, None)
            for key in keys:
                self._kept.pop((tenant, key), None)
            self._chroma.put(self._name_of(tenant), keys, vectors)

    def _whole_of(self, tenant: str) -> _Whole | None:
        """All of a tenant's vectors from the second search on, where they are few."""
        if tenant not in self._searched:
            self._searched.add(tenant)
            return None
        if tenant not in self._whole:
            read = self._chroma.all(self._name_of(tenant), _SMALL)
            self._whole[tenant] = _Whole(list(read), np.stack(list(read.values()))) if read else None
        return self._whole[tenant]

    def _forget(self) -> None:
        """Let go of what was read."""
        self._kept.clear()
        self._whole.clear()

    def _name_of(self, tenant: str) -> str:
        return f"chunks-{tenant}-{self._embedder.name}"


def mirror_name(embedder: str) -> str:
    """Key of the index's watermark: another embedder makes all vectors anew."""
    return f"vectors-{embedder}"


def _slices(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _CHUNKS_AT_ONCE):
        yield items[start : start + _CHUNKS_AT_ONCE]
