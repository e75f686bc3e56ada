"""Hybrid retrieval: BM25 and MiniLM vectors under the caller's tenant, their scores fused, read from the ledger."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.kernel.folding import fold
from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Passage
from memory.embedding import Embedder
from memory.embedding.glossary import load_glossary
from memory.ledger import Ledger
from memory.mirrors.lexical import LexicalIndex
from memory.mirrors.vectors import VectorIndex

_SPARE = 2
"""How many chunks that a store still has and the ledger no longer has are made up for without a second look."""
_DEPTH = 4
"""How many times as many chunks are scored by words as are candidates by words: those that the vectors find."""
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Retriever:
    """Searches every store for one query. Safe to use from several threads.

    The scores of both stores are fused, each chunk that one of them ranked being scored by the other, too. Then the
    query's vector is moved towards the best chunks (Rocchio 1971; for dense vectors Li et al. 2021) and the chunks are
    scored once more. What the defaults are worth is measured by `tests/bench/retrieval.py`.

    Attributes:
        candidates: how many chunks each store ranks before fusion.
        vector_weight: share of the vectors in the fused score, 0 to 1.
        multilingual: whether the embedder knows Chinese. MiniLM does not, so that a Chinese query is embedded by its
            gloss, whose words are looked up, too; what has no gloss takes from the share of the vectors.
        feedback: how many of the best chunks the query's vector is moved towards; 0 for none.
        feedback_weight: of those chunks' mean beside 1 of the query, >= 0.
    """

    ledger: Ledger
    lexical: LexicalIndex
    vectors: VectorIndex
    embedder: Embedder
    candidates: int = 60
    vector_weight: float = 0.5
    multilingual: bool = False
    feedback: int = 2
    feedback_weight: float = 0.5

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
        gloss = query if self.multilingual else load_glossary().in_english(query)
        words = query if gloss == query else f"{query} {gloss}"
        ranked = self.lexical.search(terms_of(words), tenant, _DEPTH * self.candidates)
        vector = self.embedder.embed([fold(gloss)])[0]
        nearest = [key for key, _ in self.vectors.search(vector, tenant, self.candidates)]
        candidates = dict.fromkeys([*(key for key, _ in ranked[: self.candidates]), *nearest])
        held = self.vectors.held(list(candidates), tenant)
        lexical = {key: score for key, score in ranked if key in candidates}
        weight = self.vector_weight * (1.0 if self.multilingual else 1.0 - _chinese_share(gloss))
        meanings = np.stack(list(held.values())) if held else np.empty((0, len(vector)), dtype=np.float32)
        similar = dict(zip(held, (meanings @ vector).tolist(), strict=True))
        fused = self._fused(lexical, similar, weight)
        best = [held[key] for key in _by_score(fused)[: self.feedback] if key in held]
        if best and weight > 0:
            moved = vector + self.feedback_weight * np.mean(best, axis=0)
            cosines = meanings @ (moved / np.maximum(np.linalg.norm(moved), 1e-12))
            fused = self._fused(lexical, dict(zip(held, cosines.tolist(), strict=True)), weight)
        return self._passages(fused, lexical, similar, tenant, limit)

    def _fused(self, lexical: Mapping[str, float], similar: Mapping[str, float], weight: float) -> dict[str, float]:
        """A chunk that the vectors found and that has none of the words scores 0 on them, not nothing."""
        complete = {key: lexical.get(key, 0.0) for key in similar} | dict(lexical)
        return convex_combination([complete, similar], [1.0 - weight, weight])

    def _passages(
        self,
        fused: Mapping[str, float],
        lexical: Mapping[str, float],
        similar: Mapping[str, float],
        tenant: str,
        limit: int,
    ) -> list[Passage]:
        order = _by_score(fused)
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
                similarity=similar.get(key),
                lexical=lexical.get(key),
            )
            for key in order
            if key in found
            for document, chunk in [found[key]]
        ]
        return passages[:limit]


def convex_combination(rankings: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, float]:
    """Fuse scored rankings by a convex combination of min-max normalised scores (Bruch, Gai, Ingber 2023).

    Args:
        rankings: for each retriever, item -> score, larger is better; an item it did not rank is absent.
        weights: one for each retriever, >= 0, not all 0; only their ratios matter.

    Returns:
        Item -> score in [0, 1]. An item that a retriever did not rank gets nothing from it.

    Raises:
        ValueError: the counts differ, or the weights are negative or all 0.
    """
    if len(rankings) != len(weights):
        raise ValueError(f"{len(rankings)} rankings, but {len(weights)} weights")
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be >= 0 and not all 0")
    fused: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        if not ranking:
            continue
        low, high = min(ranking.values()), max(ranking.values())
        for item, score in ranking.items():
            share = (score - low) / (high - low) if high > low else 1.0
            fused[item] = fused.get(item, 0.0) + weight / total * share
    return fused


def _by_score(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda key: (-scores[key], key))


def _chinese_share(text: str) -> float:
    letters = [letter for letter in text if not letter.isspace()]
    return sum(1 for letter in letters if _CHINESE.match(letter)) / len(letters) if letters else 0.0
