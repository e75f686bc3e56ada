"""Hashed n-grams of a message, the words of a linear classifier that sees no tokens of its own."""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.embedding.glossary import Glossary

__all__ = ["BUCKETS", "Features", "featurise"]

BUCKETS = 2**16

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:[.\-/'][^\W_]+)*|[^\s\w]")
_DIGIT = re.compile(r"\d")


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
    text = unicodedata.normalize("NFKC", text).casefold()
    grams = list(_grams(text))
    if _CHINESE.search(text):
        grams.extend(_grams(glossary.gloss(text)))
    counts = Counter(zlib.crc32(gram.encode()) % BUCKETS for gram in grams)
    buckets = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
    weights = 1.0 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
    return Features(buckets, weights.astype(np.float32))


def _grams(text: str) -> Iterator[str]:
    before = "^"
    for token in _TOKEN.findall(_DIGIT.sub("0", text)):
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
