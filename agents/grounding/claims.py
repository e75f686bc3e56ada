"""Citation check: whether a drafted sentence is supported by one sentence of the evidence.

A claim is carried by one sentence of the evidence or by none, and must say what that sentence says in nearly its own
words. What this cannot see: who does what to whom, where the same words stand in another order and nothing is compared.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise

from agents.grounding.places import places
from agents.grounding.polarity import difference, gives_orders
from agents.grounding.wording import (
    Token,
    keeps_order,
    names_in,
    rivals,
    same_kinds_in_order,
    shortest_run,
    tokens,
    without_marks,
)
from edge.kernel.grounding import plain

_BULLET = re.compile(r"^\s*[-*•]\s+")
_STEP = re.compile(r"^\s*\d{1,3}[.)、]\s*")
_COMPARES = re.compile(r"\b(?:than|before|after|versus|vs)\b|比|于|之前|之后|以前|以后", re.IGNORECASE)
_GLUE = frozenset(
    token.value
    for token in tokens(
        "according document documents passage passages state states say says mention describe specify indicate section"
        " also additionally however therefore thus then happen occur make sure ensure"
        "根据文档段落显示说明时候因此所以此外另外同时然后可以会该其将被把对为并且及则就也从到以之中"
    )
)

LEAST_OWN_SHARE = 0.5
"""Least share of a claim's words that stand in the sentence itself; the rest may stand in what is around it."""

LEAST_PAIRS = 0.6
"""Least share of a claim's pairs of neighbouring Chinese characters that stand in the sentence or around it."""

_FEW = 3
"""Fewer words than these must cover the whole sentence: alone they mean too little."""

_NOT_SAID = "the documents do not say so"


@dataclass(frozen=True, slots=True)
class Support:
    """Verdict on one sentence.

    Attributes:
        passage: index of the passage that carries it; None when none does.
        start: first character of that passage's sentence that does, 0-based offset into the passage.
        end: one past the last character.
        reason: why it is not carried; empty when it is.
    """

    passage: int | None
    start: int = 0
    end: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence of the evidence as claims are compared with it.

    Attributes:
        start: first character, 0-based offset into the passage.
        end: one past the last character.
        text: without marks.
        tokens: of the text; `own` are their names.
        around: the tokens of what its reader knows already.
        orders: whether it talks to an assistant of its instructions.
    """

    start: int
    end: int
    text: str
    tokens: tuple[Token, ...]
    own: frozenset[str]
    around: tuple[Token, ...]
    orders: bool


def check_claim(sentence: str, evidence: Sequence[str], headings: Sequence[str] = ()) -> Support:
    """Check a sentence against passages, strictly: better to drop a true sentence than to keep a false one.

    One sentence of a passage carries it that has each of its figures with the same unit; each of its codes and words,
    some of which may stand around the sentence instead; and that denies, doubts, demands and limits alike. Where that
    sentence has other figures or codes besides, or compares, the claim must keep to its order. A sentence that gives
    orders to an assistant carries nothing.

    Args:
        sentence: may carry citation marks, which are ignored.
        evidence: passages of text.
        headings: title and headings of each passage; empty where they are not known.
    """
    claim = _bare(_BULLET.sub("", sentence))
    if not tokens(_STEP.sub("", claim)):
        return Support(None, reason="it says nothing that the documents could carry")
    read = [_read(passage, headings[index] if headings else "") for index, passage in enumerate(evidence)]
    for index, there in enumerate(read):
        for place in there:
            if not _objection(claim, place):
                return Support(index, place.start, place.end)
    nearest = max((place for there in read for place in there), key=partial(_share, tokens(claim)), default=None)
    return Support(None, reason=_objection(claim, nearest) if nearest else "there is no evidence")


@lru_cache(maxsize=256)
def _read(passage: str, heading: str) -> tuple[_Place, ...]:
    """The places of a passage; each of a draft's sentences is compared with all of them."""
    found: list[_Place] = []
    for place in places(passage, heading):
        text = _bare(place.text)
        there = tokens(text)
        own = frozenset(names_in(there))
        found.append(_Place(place.start, place.end, text, there, own, tokens(place.around), gives_orders(text)))
    return tuple(found)


def _bare(text: str) -> str:
    return plain(without_marks(text)).strip()


def _objection(claim: str, place: _Place) -> str:
    """Why a place does not carry a claim; empty when it does."""
    if place.orders:
        return "it comes from an order to an assistant"
    if not _STEP.match(place.text):
        claim = _STEP.sub("", claim)
    said, there = tokens(claim), place.tokens
    if wrong := _wrong_figure(said, there) or _unknown_code(said, place):
        return f"{wrong} is not in the documents"
    too_little = len(said) < _FEW and not {token.value for token in there} <= names_in(said)
    if too_little or not _says_so(said, place):
        return _NOT_SAID
    if turned := difference(claim, place.text, *shortest_run(said, there)):
        return turned
    omitted = rivals(said, there)
    if (omitted or _COMPARES.search(place.text)) and not keeps_order(_without_glue(said), there, omitted):
        return _NOT_SAID
    return ""


def _share(said: Sequence[Token], place: _Place) -> float:
    return sum(token.value in place.own for token in said) / len(said)


def _wrong_figure(said: Sequence[Token], there: Sequence[Token]) -> str:
    """A figure of the claim that the sentence lacks, or has with other units only."""
    for token in said:
        if token.kind == "figure":
            units = {other.unit for other in there if other.kind == "figure" and other.value == token.value}
            if not units or (token.unit and token.unit not in units and "" not in units):
                return f"the figure {token.value}{f' {token.unit}' if token.unit else ''}"
    return ""


def _unknown_code(said: Sequence[Token], place: _Place) -> str:
    """A code of the claim that stands neither in the sentence nor, where the sentence names no other, around it."""
    elsewhere = [token.value for token in said if token.kind == "code" and token.value not in place.own]
    if not elsewhere:
        return ""
    names, known = names_in(said), names_in(place.around)
    others = any(token.kind == "code" and token.value not in names for token in place.tokens)
    return next((code for code in elsewhere if others or code not in known), "")


def _says_so(said: Sequence[Token], place: _Place) -> bool:
    """Whether the claim's words stand there or around, each as often; no figure or code has changed places."""
    words, there, around = _without_glue(said) or said, place.tokens, place.around
    if sum(token.value in place.own for token in words) < LEAST_OWN_SHARE * len(words):
        return False
    counted = Counter(name for token in (*there, *around) for name in {token.value, *token.parts})
    if Counter(token.value for token in words) - counted:
        return False
    pairs, pairs_there = _pairs(said), _pairs(there) | _pairs(around)
    return len(pairs & pairs_there) >= LEAST_PAIRS * len(pairs) and same_kinds_in_order(said, there)


def _without_glue(said: Sequence[Token]) -> list[Token]:
    return [token for token in said if token.value not in _GLUE]


def _pairs(text: Sequence[Token]) -> set[str]:
    return {
        one.value + other.value
        for one, other in pairwise(text)
        if one.kind == other.kind == "character"
        and other.start == one.start + 1
        and not (one.value in _GLUE or other.value in _GLUE)
    }
