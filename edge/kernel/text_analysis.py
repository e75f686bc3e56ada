"""Text analysis: the index terms of a text, for the hub's lexical index and for knowledge packs alike."""

import re
import threading
from functools import cache, lru_cache
from typing import Any

from edge.kernel.folding import fold_case
from edge.kernel.slim_imports import import_slim

ANALYSER = "terms-2"
"""Named anew whenever `terms_of` or `words_of` gives other terms for the same text: packs are then made anew."""

_WORD = re.compile(r"[a-z0-9]+(?:[._'/-]?[a-z0-9]+)*|[\u3400-\u9fff]+")
_PART = re.compile(r"[a-z]+|[0-9]+")
_LETTERS = re.compile(r"[a-z]{2,}")
# Function words and the words that only make a question a question.
_STOP = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it"
    " its may me might must my no not of on or our she should so some such than that the their them then there these"
    " they this those to us was we were what when where which while who why will with would you your".split()
)
_STOP_ZH = re.compile("[的了吗呢吧啊是在和与或我你它们这那个么什怎请有]")
_stemming = threading.Lock()
"""The stemmer holds the word that it works on; searches run in several threads."""


def terms_of(text: str) -> list[str]:
    """Index terms in lower case, of the text as `fold_case` gives it.

    English words are stemmed (Snowball English) and function words left out; codes such as "E-217" or "qwen2.5-3b"
    give themselves without punctuation and their parts; Chinese runs give overlapping pairs of characters.
    """
    terms: list[str] = []
    for word in _WORD.findall(fold_case(text)):
        terms.extend(_pairs(word) if word[0] >= "\u3400" else _word_terms(word))
    return terms


def words_of(text: str) -> list[str]:
    """The words that may have a vector: English, in lower case."""
    return [word for word in _LETTERS.findall(fold_case(text)) if word not in _STOP]


def _pairs(run: str) -> list[str]:
    """Overlapping pairs between the function words; a character that stands alone is a term, too."""
    terms: list[str] = []
    for part in _STOP_ZH.split(run):
        terms.extend([part] if len(part) == 1 else (part[index : index + 2] for index in range(len(part) - 1)))
    return terms


@lru_cache(maxsize=65536)
def _word_terms(word: str) -> tuple[str, ...]:
    if word in _STOP:
        return ()
    if word.isalpha():
        return (_stem(word),)
    if word.endswith("'s"):
        return _word_terms(word[:-2])
    joined = re.sub(r"[^a-z0-9]", "", word)
    parts = [_stem(part) if part.isalpha() else part for part in _PART.findall(word) if part not in _STOP]
    return tuple(dict.fromkeys([joined, *parts]))


def _stem(word: str) -> str:
    with _stemming:
        return _stemmer().stemWord(word)


@cache
def _stemmer() -> Any:
    """English ("Porter 2": Porter 2001), without the other 30 languages: 2 MB instead of 14."""
    return import_slim("snowballstemmer.english_stemmer", ()).EnglishStemmer()
