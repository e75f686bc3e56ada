"""Whether a sentence that a model wrote is carried by the evidence.

A claim is carried by one sentence of the evidence or by none, and must say what that sentence says in nearly its own
words. What this cannot see: who does what to whom, where the same words stand in another order and nothing is compared.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from agents.grounding.attitude import difference, gives_orders
from agents.grounding.numbers import plain
from agents.grounding.order import keeps_order, names_in, rivals, same_kinds_in_order, shortest_run
from agents.grounding.places import Place, places
from agents.grounding.wording import Token, tokens, without_marks

__all__ = ["Support", "check_claim"]

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
    best, reason = -1.0, "there is no evidence"
    for index, passage in enumerate(evidence):
        for place in places(passage, headings[index] if headings else ""):
            objection = _objection(claim, place)
            if not objection:
                return Support(index, place.start, place.end)
            share = _share(tokens(claim), tokens(_bare(place.text)))
            if share > best:
                best, reason = share, objection
    return Support(None, reason=reason)


def _bare(text: str) -> str:
    return plain(without_marks(text)).strip()


def _objection(claim: str, place: Place) -> str:
    """Why a place does not carry a claim; empty when it does."""
    text = _bare(place.text)
    if not _STEP.match(text):
        claim = _STEP.sub("", claim)
    said, there, around = tokens(claim), tokens(text), tokens(place.around)
    if gives_orders(text):
        return "it comes from an order to an assistant"
    if wrong := _wrong_figure(said, there) or _unknown_code(said, there, around):
        return f"{wrong} is not in the documents"
    too_little = len(said) < _FEW and not {token.value for token in there} <= names_in(said)
    if too_little or not _says_so(said, there, around):
        return _NOT_SAID
    if turned := difference(claim, text, *shortest_run(said, there)):
        return turned
    omitted = rivals(said, there)
    if (omitted or _COMPARES.search(text)) and not keeps_order(_without_glue(said), there, omitted):
        return _NOT_SAID
    return ""


def _share(said: Sequence[Token], there: Sequence[Token]) -> float:
    own = names_in(there)
    return sum(token.value in own for token in said) / len(said)


def _wrong_figure(said: Sequence[Token], there: Sequence[Token]) -> str:
    """A figure of the claim that the sentence lacks, or has with other units only."""
    for token in said:
        if token.kind == "figure":
            units = {other.unit for other in there if other.kind == "figure" and other.value == token.value}
            if not units or (token.unit and token.unit not in units and "" not in units):
                return f"the figure {token.value}{f' {token.unit}' if token.unit else ''}"
    return ""


def _unknown_code(said: Sequence[Token], there: Sequence[Token], around: Sequence[Token]) -> str:
    """A code of the claim that stands neither in the sentence nor, where the sentence names no other, around it."""
    own, known = names_in(there), names_in(around)
    others = any(token.kind == "code" and token.value not in names_in(said) for token in there)
    for token in said:
        if token.kind == "code" and token.value not in own and (others or token.value not in known):
            return token.value
    return ""


def _says_so(said: Sequence[Token], there: Sequence[Token], around: Sequence[Token]) -> bool:
    """Whether the claim's words stand there or around, each as often; no figure or code has changed places."""
    own = names_in(there)
    words = _without_glue(said) or said
    counted = Counter(name for token in (*there, *around) for name in {token.value, *token.parts})
    if Counter(token.value for token in words) - counted:
        return False
    pairs, pairs_there = _pairs(said), _pairs(there) | _pairs(around)
    return (
        sum(token.value in own for token in words) >= LEAST_OWN_SHARE * len(words)
        and len(pairs & pairs_there) >= LEAST_PAIRS * len(pairs)
        and same_kinds_in_order(said, there)
    )


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
