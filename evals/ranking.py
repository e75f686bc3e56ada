"""How good a ranking is, given which items are relevant. Pure functions; averaging over queries is the caller's."""

from collections.abc import Mapping, Sequence
from itertools import islice
from math import log2


def ndcg(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin & Kekäläinen 2002), with linear gain as trec_eval has it.

    Args:
        ranked: items, best first, each once.
        relevance: item -> grade, >= 0; an item that is absent is not relevant.
        k: depth, >= 1.

    Returns:
        0 (no relevant item among the first k) to 1 (no ranking is better); 0 when nothing is relevant.

    Raises:
        ValueError: an item is ranked twice, or k < 1.
    """
    _check(ranked, k)
    ideal = _gain(sorted(relevance.values(), reverse=True)[:k])
    return _gain([relevance.get(item, 0.0) for item in ranked[:k]]) / ideal if ideal > 0 else 0.0


def recall(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """Share of the relevant items (grade > 0) that stand among the first k; 0 when nothing is relevant.

    Raises:
        ValueError: an item is ranked twice, or k < 1.
    """
    _check(ranked, k)
    relevant = {item for item, grade in relevance.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """One over the 1-based rank of the first relevant item (grade > 0); 0 when there is none among the first k.

    Raises:
        ValueError: an item is ranked twice, or k < 1.
    """
    _check(ranked, k)
    ranks = (rank for rank, item in enumerate(islice(ranked, k), 1) if relevance.get(item, 0.0) > 0)
    return 1.0 / next(ranks, float("inf"))


def _gain(grades: Sequence[float]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _check(ranked: Sequence[str], k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be >= 1, not {k}")
    if len(set(ranked)) != len(ranked):
        raise ValueError("an item is ranked twice")
