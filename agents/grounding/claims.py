"""Whether a sentence that a model wrote is carried by the evidence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.grounding.numbers import figures
from memory.lexical import analyse
from memory.sentences import sentences

__all__ = ["Support", "check_claim"]

_MARK = re.compile(r"\s*\[\d+\]")
_ENUMERATION = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|cannot|without|neither|nor|n't)\b|n't\b|[不没無无未勿非]|禁止", re.IGNORECASE
)
_CODE = re.compile(r"\b(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w]+(?:[.-][\w]+)*\b", re.ASCII)

SHARE_OF_TERMS = 0.7
"""Least share of a sentence's terms that one passage must have."""


@dataclass(frozen=True, slots=True)
class Support:
    """Verdict on one sentence.

    Attributes:
        passage: index of the passage that carries it; None when none does.
        start: first character of that passage's sentence nearest to it, 0-based offset into the passage.
        end: one past the last character.
        reason: why it is not carried; empty when it is.
    """

    passage: int | None
    start: int = 0
    end: int = 0
    reason: str = ""


def check_claim(sentence: str, evidence: Sequence[str]) -> Support:
    """Check a sentence against passages, strictly: better to drop a true sentence than to keep a false one.

    It is carried by a passage that has each of its figures and codes, at least `SHARE_OF_TERMS` of its other terms,
    and, in the passage's sentence nearest to it, a negation if and only if it has one itself.

    Args:
        sentence: may carry citation marks, which are ignored.
        evidence: passages of text.
    """
    claim = _ENUMERATION.sub("", _MARK.sub("", sentence)).strip()
    terms = set(analyse(claim))
    if not terms:
        return Support(None, reason="it says nothing that the documents could carry")
    reasons: list[tuple[float, str]] = []
    for index in sorted(range(len(evidence)), key=lambda i: -_share(terms, evidence[i])):
        share = _share(terms, evidence[index])
        start, end = _nearest(terms, evidence[index])
        missing = figures(claim) - figures(evidence[index])
        unknown = {code.lower() for code in _CODE.findall(claim)} - _codes(evidence[index])
        if missing:
            reasons.append((share, f"the figure {min(missing)} is not in the documents"))
        elif unknown:
            reasons.append((share, f"{min(unknown)} is not in the documents"))
        elif share < SHARE_OF_TERMS:
            reasons.append((share, "the documents do not say so"))
        elif bool(_NEGATION.search(claim)) != bool(_NEGATION.search(evidence[index][start:end])):
            reasons.append((share, "the documents say the opposite"))
        else:
            return Support(index, start, end)
    return Support(None, reason=max(reasons)[1] if reasons else "there is no evidence")


def _share(terms: set[str], text: str) -> float:
    return len(terms & set(analyse(text))) / len(terms)


def _codes(text: str) -> set[str]:
    found = {code.lower() for code in _CODE.findall(text)}
    return found | {part for code in found for part in re.split(r"[.-]", code)}


def _nearest(terms: set[str], text: str) -> tuple[int, int]:
    """The sentence of `text` that shares most with the terms."""
    spans = sentences(text) or [(0, len(text))]
    return max(spans, key=lambda span: _share(terms, text[span[0] : span[1]]))
