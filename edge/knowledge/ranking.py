"""Putting together what words and vectors found."""

from collections.abc import Mapping

__all__ = ["by_score", "chinese_share", "fused", "min_max"]


def min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """Scores moved to 0 to 1; all 1 where they are the same."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


def fused(lexical: Mapping[int, float], similar: Mapping[int, float], weight: float) -> dict[int, float]:
    """A convex combination of normalised scores (Bruch, Gai, Ingber 2023), 0 to 1.

    Args:
        similar: empty where there are no vectors; then only words count.
        weight: of the vectors, 0 to 1.
    """
    if not similar or weight == 0:
        return min_max(lexical)
    words = min_max({key: lexical.get(key, 0.0) for key in similar} | dict(lexical))
    if not lexical:
        weight = 1.0
    vectors = min_max(similar)
    return {key: (1 - weight) * score + weight * vectors.get(key, 0.0) for key, score in words.items()}


def by_score(scores: Mapping[int, float]) -> list[int]:
    """Keys, best first; the smaller key first where they are equal."""
    return sorted(scores, key=lambda key: (-scores[key], key))


def chinese_share(text: str) -> float:
    """The part of the text's characters that are Chinese, 0 to 1: they have no vectors."""
    letters = [letter for letter in text if not letter.isspace()]
    return sum("\u3400" <= letter <= "\u9fff" for letter in letters) / len(letters) if letters else 0.0
