"""Merge the rankings of several retrievers into one."""

from collections.abc import Mapping, Sequence

__all__ = ["convex_combination"]


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
