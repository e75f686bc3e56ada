"""How far each sentence of the passages covers a question: its words, words near in meaning, and what stands around."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.grounding.places import Place, places
from agents.grounding.question import Question, Term, canonical, words_of_text
from agents.grounding.relevance import Rarity
from memory.documents.passages import Passage
from memory.embedding.word_pieces import load_word_pieces

_Floats = NDArray[np.float32]

RELATED, ALIKE = 0.28, 0.6
"""Cosines of two words from which on they count as related, and as the same."""
_ALIKE_WORTH = 0.9
_AROUND, _BESIDE, _ELSEWHERE = 0.85, 0.4, 0.25
"""Worth of a term in the headings, in the sentences beside, and elsewhere in the passage; in the sentence it is 1."""
_KNOWN_CODE = 1.5
"""Weight of a code that some document has, such as a product's name: what is said of another one is no answer."""
_ANSWERED, _SOME = 0.8, 0.3
"""Worth of a term that the answer says by its kind ("cost" by an amount of money), where some other term is matched."""
_ELSEWHERE_AT_ALL = 0.5
_LETTER_APART, _LETTER_ALONE = 0.3, 0.8
"""Worth of a Chinese character without either of those beside it; of one that has none beside it."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A sentence of passages[passage] held against a question.

    Attributes:
        coverage: share of the question's terms by weight that the sentence and what stands around it has, 0 to 1.
        own: the same share by the sentence alone.
        missing: the greatest share of the question that a single term has that is nowhere near, 0 to 1.
        in_kind: whether it has what the question wants, such as an amount of money.
    """

    passage: int
    place: Place
    coverage: float
    own: float
    missing: float
    in_kind: bool


def cover(question: Question, passages: Sequence[Passage], rarity: Rarity) -> list[Covered]:
    """Hold each sentence of the passages against the question, in order."""
    terms = question.terms
    if not terms:
        return []
    weights = np.array([weight(term, rarity) for term in terms], dtype=np.float32)
    weights /= weights.sum()
    texts = _Texts(terms, passages)
    answered = np.array([term.answered for term in terms])
    others = ~answered
    counted = np.array([term.name in question.counted and not term.answered for term in terms])
    found: list[Covered] = []
    for index, passage in enumerate(passages):
        heading = " ".join((passage.title, *passage.heading_path))
        spots = places(passage.text, heading)
        if not spots:
            continue
        own = np.stack([texts.match(place.text) for place in spots])
        around = np.stack([texts.match(place.around) for place in spots])
        beside = np.zeros_like(own)
        beside[1:] = own[:-1]
        beside[:-1] = np.maximum(beside[:-1], own[1:])
        whole = np.maximum(own.max(axis=0), texts.match(heading))
        near = np.maximum(np.maximum(own, _AROUND * around), np.maximum(_BESIDE * beside, _ELSEWHERE * whole))
        for at, place in enumerate(spots):
            if place.kind == "head" or not words_of_text(place.text):
                continue
            matched = near[at]
            in_kind = place.kind != "code" and question.is_answered_in_kind(place.text)
            if in_kind and (not others.any() or own[at][others].max() > _SOME):
                matched = np.maximum(matched, _ANSWERED * answered)
            if in_kind and counted.any() and question.wanted == "number":
                in_kind = bool(own[at][counted].max() >= _SOME)
            missing = _missing(terms, weights * (1 - np.maximum(matched, _ELSEWHERE_AT_ALL * whole)))
            found.append(Covered(index, place, float(weights @ matched), float(weights @ own[at]), missing, in_kind))
    return found


def _missing(terms: Sequence[Term], missed: _Floats) -> float:
    """The most that is missed of one word; Chinese characters count with those missed beside them."""
    most = so_far = 0.0
    run = -1
    for term, share in zip(terms, missed.tolist(), strict=True):
        so_far = so_far + share if term.run >= 0 and term.run == run else share
        run = term.run if share > 0 else -1
        most = max(most, so_far)
    return most


def weight(term: Term, rarity: Rarity) -> float:
    """How much of a question a term is: rare in the language, and rare in these documents, where they are many."""
    known_code = term.code and rarity.frequencies.get(term.name, 0) > 0
    among = max(rarity.among(name) for name in term.pairs or (term.name,))
    return (_KNOWN_CODE if known_code else 1.0) * term.rarity * among


class _Texts:
    """Matches of a question's terms in texts, 0 to 1 each; each text is matched once."""

    def __init__(self, terms: Sequence[Term], passages: Sequence[Passage]) -> None:
        self._terms = terms
        self._known: dict[str, _Floats] = {}
        self._soft: dict[str, _Floats] = {}
        words = {word for text in _all_texts(passages) for _, word in words_of_text(text) if word}
        self._compare(sorted(words))

    def match(self, text: str) -> _Floats:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._match(text)
        return found

    def _match(self, text: str) -> _Floats:
        words = words_of_text(text)
        names = {name for name, _ in words}
        written = canonical(text)
        exact = np.array([self._exact(term, names, written) for term in self._terms], dtype=np.float32)
        soft = [self._soft[word] for _, word in words if word in self._soft]
        return np.maximum(exact, np.max(soft, axis=0)) if soft else exact

    @staticmethod
    def _exact(term: Term, names: set[str], text: str) -> float:
        if term.run < 0:
            return float(term.name in names)
        if any(pair in text for pair in term.pairs):
            return 1.0
        return (_LETTER_APART if term.pairs else _LETTER_ALONE) * (term.name in text)

    def _compare(self, words: Sequence[str]) -> None:
        pieces = load_word_pieces()
        if pieces is None:
            return
        blank = np.zeros(384, dtype=np.float32)
        asked = [None if term.code or not term.word else pieces.vector(term.word) for term in self._terms]
        if all(vector is None for vector in asked):
            return
        there = [(word, pieces.vector(word)) for word in words if word.isalpha()]
        there = [(word, vector) for word, vector in there if vector is not None]
        if not there:
            return
        table = np.stack([vector for _, vector in there])
        cosines = table @ np.stack([blank if vector is None else vector for vector in asked]).T
        worth = _ALIKE_WORTH * np.clip((cosines - RELATED) / (ALIKE - RELATED), 0, 1)
        for (word, _), row in zip(there, worth, strict=True):
            if row.any():
                self._soft[word] = row


def _all_texts(passages: Sequence[Passage]) -> Iterator[str]:
    for passage in passages:
        yield " ".join((passage.title, *passage.heading_path))
        for place in places(passage.text, " ".join((passage.title, *passage.heading_path))):
            yield place.text
