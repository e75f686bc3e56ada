"""What the classifier sees of a message: its meaning, its characters and words, and the intent of the turn before."""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.router.glossary import Glossary
from agents.router.intents import INTENTS, Intent

__all__ = ["DIMENSIONS", "FEATURE_VERSION", "Features", "featurise", "vectorise"]

FEATURE_VERSION = 1
"""Raised whenever the same message gives other features."""

BUCKETS = 2**15
EMBEDDING = 384
DIMENSIONS = BUCKETS + EMBEDDING + len(INTENTS)
MEANING_WEIGHT = 1.5
"""Weight of the embedding beside 1.0 for the normalised n-grams; by cross-validation."""

PREVIOUS_WEIGHT = 0.6
"""Weight of the intent of the turn before."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:[.\-/'][^\W_]+)*|[^\s\w]")
_LONGEST = 2000
"""Characters of a message that are read; more would say no more."""


@dataclass(frozen=True, slots=True)
class Features:
    """N-grams of one message as hashed counts.

    Attributes:
        buckets: 0 to BUCKETS - 1, each once.
        weights: 1 + ln(count), same shape.
    """

    buckets: NDArray[np.int64]
    weights: NDArray[np.float32]


def featurise(text: str, glossary: Glossary) -> Features:
    """Hash the n-grams of a message: words, pairs of words and 3 to 5 characters of them; 1 and 2 Chinese characters.

    Digits are all one. A Chinese message also gives the n-grams of its word-for-word English gloss.
    """
    text = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    grams = list(_grams(text))
    if _CHINESE.search(text):
        grams.extend(_grams(glossary.gloss(text)))
    counts = Counter(zlib.crc32(gram.encode("utf-8", errors="replace")) % BUCKETS for gram in grams)
    buckets = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
    weights = 1.0 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
    return Features(buckets, weights.astype(np.float32))


def vectorise(
    features: Sequence[Features],
    meanings: NDArray[np.float32],
    rarity: NDArray[np.float32],
    previous: Sequence[Intent | None],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """The messages as rows of a sparse matrix (data, indices, indptr), shape (len(features), DIMENSIONS).

    Args:
        meanings: unit embeddings, shape (len(features), EMBEDDING).
        rarity: inverse document frequency of each bucket, shape (BUCKETS,).
        previous: intent of the turn before each message, None where there was none.
    """
    data: list[NDArray[np.float32]] = []
    indices: list[NDArray[np.int64]] = []
    indptr = [0]
    for row, own in enumerate(features):
        weights = own.weights * rarity[own.buckets]
        weights = weights / max(float(np.linalg.norm(weights)), 1e-9)
        before = previous[row]
        tail_at = [BUCKETS + EMBEDDING + INTENTS.index(before)] if before is not None else []
        data.extend([weights, meanings[row] * MEANING_WEIGHT, np.full(len(tail_at), PREVIOUS_WEIGHT, np.float32)])
        indices.extend([own.buckets, np.arange(BUCKETS, BUCKETS + EMBEDDING), np.array(tail_at, dtype=np.int64)])
        indptr.append(indptr[-1] + len(own.buckets) + EMBEDDING + len(tail_at))
    return np.concatenate(data), np.concatenate(indices), np.array(indptr)


def _grams(text: str) -> Iterator[str]:
    before = "^"
    for token in _TOKEN.findall(re.sub(r"\d", "0", text)):
        if _CHINESE.match(token):
            yield from (f"h{token[i : i + n]}" for n in (1, 2) for i in range(len(token) - n + 1))
            before = "#"
            continue
        yield f"w{token}"
        yield f"b{before} {token}"
        before = token
        if len(token) >= 2 and token[0].isalnum():
            padded = f"<{token}>"
            yield from (f"c{padded[i : i + n]}" for n in (3, 4, 5) for i in range(len(padded) - n + 1))
