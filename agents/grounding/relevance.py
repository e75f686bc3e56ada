"""Whether passages have to do with a question, judged cheaply, before anything is quoted or drafted."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edge.kernel.grounding import codes, plain
from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Passage

Found = Literal["answer", "near", "nothing"]
"""What the passages are to the question: they speak of it; they come near it; they have nothing to do with it."""

SIMILARITY_ANSWER, SIMILARITY_NEAR = 0.45, 0.30
"""Least cosine of an English question and its best passage, from `tests/bench/answers.py`."""

COVERAGE_ANSWER, COVERAGE_NEAR = 0.33, 0.12
"""Least share of a Chinese question's terms, by rarity, in one passage with its headings; from the same."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each of the question's terms is in the tenant's documents.

    Attributes:
        frequencies: term -> number of chunks that have it; every term of the question is there.
        chunks: how many chunks there are.
    """

    frequencies: Mapping[str, int]
    chunks: int

    def of(self, term: str) -> float:
        """Inverse document frequency as in BM25, > 0; a term that no document has is the rarest of all."""
        frequency = self.frequencies.get(term, 0)
        return math.log(1.0 + (self.chunks - frequency + 0.5) / (frequency + 0.5))

    def among(self, term: str) -> float:
        """How much a term tells apart among these documents, 0.4 to 1; nearly 1 for all where they are few."""
        share = (self.frequencies.get(term, 0) + 0.5) / (self.chunks + 20)
        return min(1.0, max(0.4, -math.log(share) / math.log(40.0)))


def assess(question: str, passages: Sequence[Passage], rarity: Rarity) -> Found:
    """Judge cheaply, before anything is quoted or drafted, what the passages are to the question.

    A code in the question, such as "E-F071", that no document has means that they have nothing on it. Otherwise the
    best cosine decides in English, the share of terms in Chinese. Questions that come near a document's subject and
    ask what it does not say cannot be told apart so; a drafting model can.
    """
    asked = plain(question)
    if not passages or not all(_known(asked[start:end], rarity) for start, end, _ in codes(asked)):
        return "nothing"
    if _CHINESE.search(question):
        terms = set(terms_of(question))
        worth = max(coverage(terms, set(terms_of(_with_headings(passage))), rarity) for passage in passages)
        return _level(worth, COVERAGE_ANSWER, COVERAGE_NEAR)
    return _level(max(passage.similarity or 0.0 for passage in passages), SIMILARITY_ANSWER, SIMILARITY_NEAR)


def coverage(terms: set[str], present: set[str], rarity: Rarity) -> float:
    """Share of the terms that are present, by rarity, 0 to 1; 0 where there are no terms."""
    return sum(rarity.of(term) for term in terms & present) / sum(rarity.of(term) for term in terms) if terms else 0.0


def _known(code: str, rarity: Rarity) -> bool:
    """Whether some document has the code, or it is not a term of its own; words at its end may be anything."""
    stem = re.sub(r"(?:[-_][A-Za-z]+)+$", "", code)
    return any(rarity.frequencies.get(re.sub(r"[^a-z0-9]", "", name.lower()), 1) > 0 for name in (code, stem))


def _level(value: float, answer: float, near: float) -> Found:
    return "answer" if value >= answer else "near" if value >= near else "nothing"


def _with_headings(passage: Passage) -> str:
    return " ".join((passage.title, *passage.heading_path, passage.text))
