"""A sentence as a sequence of figures, codes, words and Chinese characters, to compare two of them."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Literal, NamedTuple

from edge.kernel.grounding import amounts, codes, plain, quantity
from edge.kernel.text_analysis import terms_of

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


def names_in(text: Sequence[Token]) -> set[str]:
    """The values of the tokens, with the parts of codes."""
    return {name for token in text for name in (token.value, *token.parts)}


def same_kinds_in_order(said: Sequence[Token], there: Sequence[Token]) -> bool:
    """Whether those of the claim's figures that the sentence has stand there in the claim's order; codes likewise."""
    names = names_in(there)
    for kind in ("figure", "code"):
        own = iter([token for token in there if token.kind == kind])
        wanted = [token.value for token in said if token.kind == kind and token.value in names]
        if not all(any(value in (token.value, *token.parts) for token in own) for value in wanted):
            return False
    return True


def shortest_run(said: Sequence[Token], there: Sequence[Token]) -> tuple[int, int]:
    """The shortest run of the sentence, in characters, that has all that the claim repeats; (0, 0) for nothing."""
    repeated = names_in(said) & names_in(there)
    best = (0, 0)
    for first, opening in enumerate(there if repeated else ()):
        missing = set(repeated)
        for token in there[first:]:
            missing -= {token.value, *token.parts}
            if not missing:
                if best == (0, 0) or token.start - opening.start < best[1] - best[0]:
                    best = (opening.start, token.start + 1)
                break
    return best


def rivals(said: Sequence[Token], there: Sequence[Token]) -> set[str]:
    """Codes of the sentence that the claim omits, and figures that could be taken for one of the claim's."""
    names = names_in(said)
    quantities = {quantity(token.unit) for token in said if token.kind == "figure"}
    return {
        token.value
        for token in there
        if token.value not in names
        and (
            token.kind == "code"
            or (token.kind == "figure" and (not token.unit or {quantity(token.unit), ""} & quantities))
        )
    }


def keeps_order(said: Sequence[Token], there: Sequence[Token], between: AbstractSet[str]) -> bool:
    """Whether what the claim repeats stands in the sentence in the claim's order with none of `between` inside."""
    own = names_in(there)
    repeated = [token.value for token in said if token.value in own]
    for first in range(len(there)):
        wanted = iter(repeated)
        value = next(wanted, None)
        for token in there[first:]:
            if value in (token.value, *token.parts):
                value = next(wanted, None)
                if value is None:
                    return True
            elif token.value in between:
                break
    return not repeated
