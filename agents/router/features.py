"""What the classifier sees of a message: its n-grams, and what is embedded of it; for Chinese, through a glossary."""

import hashlib
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from memory.yaml_text import parse_yaml

FEATURE_VERSION = 2
"""Raised whenever the same message gives other features."""

BUCKETS = 2**16

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_RUN = re.compile(r"[\u3400-\u9fff]+")
_MARKS = str.maketrans({"，": ", ", "。": ". ", "？": "? ", "、": ", ", "！": "! ", "：": ": "})
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:[.\-/'][^\W_]+)*|[^\s\w]")
_DIGIT = re.compile(r"\d")
_EDGE = 1000
"""Characters that are read at each end of a longer message: people put the question before or after what they paste."""


class Glossary:
    """Chinese to English, word for word: MiniLM knows hardly any Chinese, so that a message is embedded by its gloss.

    The longest word wins; a character that is in none is left out.
    """

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words
        self.digest = hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._words), default=1)

    def gloss(self, text: str) -> str:
        """`text` with each Chinese run replaced by its words in English; the rest stands as it is."""
        glossed = _RUN.sub(lambda match: f" {' '.join(self._gloss_run(match.group()))} ", text)
        return re.sub(r"\s+", " ", glossed.translate(_MARKS)).strip()

    def _gloss_run(self, run: str) -> list[str]:
        found: list[str] = []
        start = 0
        while start < len(run):
            for length in range(min(self._longest, len(run) - start), 0, -1):
                word = run[start : start + length]
                if word in self._words:
                    found.append(self._words[word])
                    break
            else:
                length = 1
            start += length
        return [word for word in found if word]


def load_glossary() -> Glossary:
    """Read `glossary.yaml`; about 30 ms."""
    text = files("agents.router").joinpath("glossary.yaml").read_text(encoding="utf-8")
    return Glossary({word: meaning for group in parse_yaml(text).values() for word, meaning in group.items()})


@dataclass(frozen=True, slots=True)
class Features:
    """N-grams of one message as hashed counts.

    Attributes:
        buckets: 0 to BUCKETS - 1, each once.
        weights: 1 + ln(count), same shape.
    """

    buckets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def scaled(self, rarity: NDArray[np.float32]) -> NDArray[np.float32]:
        """The weights times the inverse document frequency of their buckets, as a unit vector."""
        scaled = self.weights * rarity[self.buckets]
        return scaled / max(float(np.linalg.norm(scaled)), 1e-9)


def legible(text: str) -> str:
    """The part of a message that is read, as valid Unicode; the message itself where it is short and sound."""
    if len(text) > 2 * _EDGE:
        text = f"{text[:_EDGE]} {text[-_EDGE:]}"
    return text.encode("utf-8", errors="replace").decode("utf-8")


def meaning_of(text: str, glossary: Glossary) -> str:
    """What is embedded for a message: itself, or its gloss where it is Chinese."""
    text = legible(text)
    return (glossary.gloss(text) or text) if _CHINESE.search(text) else text


def featurise(text: str, glossary: Glossary) -> Features:
    """Hash the n-grams of a message: words, pairs of words and 3 to 5 characters of them; 1 and 2 Chinese characters.

    Digits are all one. A Chinese message also gives the n-grams of its word-for-word English gloss.
    """
    text = unicodedata.normalize("NFKC", legible(text)).casefold()
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
