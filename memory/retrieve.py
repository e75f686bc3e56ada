"""Hybrid retrieval: BM25 and MiniLM vectors under the caller's tenant, fused, read from the ledger."""

import re
from dataclasses import dataclass

from memory.embedding import Embedder
from memory.fusion import convex_combination
from memory.ledger import Ledger
from memory.lexical import LexicalIndex, analyse
from memory.passages import Passage
from memory.vectors import VectorIndex

__all__ = ["Retriever"]

_SPARE = 8
"""How many chunks that a store still has and the ledger no longer has are made up for without a second look."""
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Retriever:
    """Searches every store for one query. Safe to use from several threads.

    Attributes:
        candidates: how many chunks each store ranks before fusion.
        vector_weight: share of the vectors in the fused score, 0 to 1, for a query without Chinese characters, of
            which MiniLM knows few; the share falls in proportion to theirs. From `tests/bench/retrieval.py`.
    """

    ledger: Ledger
    lexical: LexicalIndex
    vectors: VectorIndex
    embedder: Embedder
    candidates: int = 60
    vector_weight: float = 0.5

    def search(self, query: str, tenant: str, limit: int = 8) -> list[Passage]:
        """Find passages for `query`, best first.

        A chunk that a store still has and the ledger no longer has is left out: the ledger is the truth.

        Args:
            query: any text; an empty one finds nothing.
            limit: most passages, >= 1.
        """
        if not query.strip():
            return []
        self.vectors.refresh(self.ledger.outbox.watermark(self.vectors.name))
        lexical = dict(self.lexical.search(analyse(query), tenant, self.candidates))
        nearest = dict(self.vectors.search(self.embedder.embed([query])[0], tenant, self.candidates))
        vector_weight = self.vector_weight * (1.0 - _chinese_share(query))
        fused = convex_combination([lexical, nearest], [1.0 - vector_weight, vector_weight])
        order = sorted(fused, key=lambda key: (-fused[key], key))
        found = self.ledger.documents.chunks(order[: limit + _SPARE], tenant)
        if len(found) < min(limit, len(order)):
            found = self.ledger.documents.chunks(order, tenant)
        passages = [
            Passage(
                chunk_id=key,
                document_id=document.id,
                document=document.name,
                title=document.title,
                heading_path=chunk.heading_path,
                start=chunk.start,
                end=chunk.end,
                text=chunk.text,
                score=fused[key],
                similarity=nearest.get(key),
                lexical=lexical.get(key),
            )
            for key in order
            if key in found
            for document, chunk in [found[key]]
        ]
        return passages[:limit]


def _chinese_share(text: str) -> float:
    letters = [letter for letter in text if not letter.isspace()]
    return sum(1 for letter in letters if _CHINESE.match(letter)) / len(letters) if letters else 0.0
