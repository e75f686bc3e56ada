"""A sentence as a sequence of figures, codes, words and Chinese characters, so that two wordings can be compared."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from edge.kernel.grounding import amounts, codes, plain
from edge.kernel.text_analysis import terms_of

__all__ = ["Token", "tokens", "without_marks"]

_MARK = re.compile(r"\s*[\[【［]\d+(?:\s*[,;，、–-]\s*\d+)*[\]】］]")
_REST = re.compile(r"[A-Za-zÀ-ɏ]+(?:'[a-z]+)?|[\u3400-\u9fff]")
_STOP_ZH = frozenset("的了吗呢吧啊是在和与或我你它们这那个么什怎请有")


class Token(NamedTuple):
    """One of them, in one form.

    Attributes:
        value: the figure; the code without hyphens, lower case; the word's stem; the character.
        unit: of a figure, as in `Amount`.
        start: where it stands in the plain text.
        parts: of a code with hyphens: those that are codes themselves, such as "se30" in "H3-L2-SE30-07".
    """

    kind: Literal["figure", "code", "word", "character"]
    value: str
    start: int
    unit: str = ""
    parts: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """The figures, codes, words and Chinese characters of `text` in order; function words are left out."""
    text = plain(text)
    found: list[Token] = []
    taken = list(text)
    for start, end, code in codes(text):
        pieces = re.split(r"[-_]", text[start:end])
        parts = tuple(piece.lower() for piece in pieces if re.search(r"[A-Za-z]", piece) and re.search(r"\d", piece))
        found.append(Token("code", code, start, parts=parts))
        taken[start:end] = " " * (end - start)
    for start, end, figure, unit in amounts(text):
        found.append(Token("figure", figure, start, unit))
        taken[start:end] = " " * (end - start)
    for match in _REST.finditer("".join(taken)):
        word = match[0]
        if word[0] >= "\u3400":
            if word not in _STOP_ZH:
                found.append(Token("character", word, match.start()))
        else:
            found.extend(Token("word", term, match.start()) for term in terms_of(word))
    return tuple(sorted(found, key=lambda token: token.start))


def without_marks(text: str) -> str:
    """The text without citation marks such as [1] or [1, 2]."""
    return _MARK.sub("", text)
