"""Questions to the device's documents in a person's own words: which texts are such, and which passages answer them.

A search always finds the nearest. A passage counts only where it holds every code that was asked for and most of the
other words that name something; a word counts as another that means the same in a manual (exchange: replace).
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from edge.agent.entity_linking import phrasings
from edge.agent.intent import asks_something
from edge.kernel.grounding import codes, plain
from edge.kernel.text_analysis import terms_of

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LONGEST_QUERY = 500
SHOWN = 2
"""Passages that answer."""
_ENOUGH, _ENOUGH_HAN, _ENOUGH_WITH_CODES = 0.6, 0.5, 0.34
"""Share of the words; Chinese pairs cross the borders of words, and a code says most by itself."""


def asks_documents(text: str) -> bool:
    """Whether documents may know: it asks how, why or what, or names a code."""
    return asks_something(text) or any(True for _ in codes(plain(text)))


def query_of(text: str) -> str:
    """What is searched for: the text without the words that only make it a question."""
    kept = _without(text)
    return (kept or text)[:_LONGEST_QUERY].strip()


def answering(passages: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    """The passages that answer a question, the best first; none where none does."""
    wanted_codes = {code for _, _, code in codes(plain(text))}
    wanted = [_same(term) for term in terms_of(_without(text)) if term not in _parts(wanted_codes)]
    scored: list[tuple[float, int, Mapping[str, Any]]] = []
    for place, passage in enumerate(passages):
        told = f"{passage.get('title', '')} {passage.get('heading', '')} {passage.get('text', '')}"
        if not wanted_codes <= {code for _, _, code in codes(plain(told))}:
            continue
        known = {_same(term) for term in terms_of(told)}
        share = sum(term in known for term in wanted) / len(wanted) if wanted else 1.0
        enough = _ENOUGH_WITH_CODES if wanted_codes else _ENOUGH_HAN if _HAN.search(text) else _ENOUGH
        if (wanted or wanted_codes) and share >= enough:
            scored.append((-share, place, passage))
    best = sorted(scored, key=lambda one: one[:2])
    return [passage for share, _, passage in best[:SHOWN] if share == best[0][0]]


def _without(text: str) -> str:
    """The text without words that name nothing."""
    said = phrasings()["fit"]
    han = sorted((*said["asking_han"].split(), "请问", "请", "的", "了", "吗", "呢"), key=len, reverse=True)
    kept = re.sub("|".join(han), " ", text)
    asking = frozenset(said["asking"].split())
    words = [word for word in re.findall(r"\S+", kept) if word.lower().strip("?.!,;:'\"") not in asking]
    return " ".join(words)


def _parts(wanted_codes: set[str]) -> frozenset[str]:
    """Terms that a code gives, which are judged as a whole."""
    return frozenset(part for code in wanted_codes for part in (code, *re.findall(r"[a-z]+|\d+", code)))


def _same(term: str) -> str:
    return _synonyms().get(term, term)


@cache
def _synonyms() -> Mapping[str, str]:
    """Term -> the first of those that mean the same."""
    found: dict[str, str] = {}
    for group in phrasings()["fit"]["synonyms"]:
        terms = [term for word in group for term in terms_of(word)]
        found.update(dict.fromkeys(terms, terms[0]))
    return found
