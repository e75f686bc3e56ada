"""Which words of a message fill which slots of an operation: a linear-chain conditional random field.

One field serves all tools; the tool is a feature of every token, so that slots of one name (version, reason) are learnt
from the examples of all. Lafferty, McCallum, Pereira 2001; trained and run by CRFsuite.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from agents.understanding.features import tag_features
from agents.understanding.tokens import Token


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """Tokens [first, last] fill the argument at `path`."""

    path: str
    first: int
    last: int


class SlotTagger:
    """Tags messages. Safe to use from several threads, one at a time."""

    def __init__(self, weights: Path) -> None:
        self._lock = threading.Lock()
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(str(weights))

    def tag(self, tokens: Sequence[Token], tool: str) -> tuple[list[TaggedSpan], float]:
        """The spans in order, and the probability of this tagging."""
        if not tokens:
            return [], 1.0
        with self._lock:
            labels = self._tagger.tag(tag_features(tokens, tool))
            probability = self._tagger.probability(labels)
        return spans_of(labels), probability


def spans_of(labels: Sequence[str]) -> list[TaggedSpan]:
    """The spans that BIO labels mark."""
    spans: list[TaggedSpan] = []
    for at, label in enumerate(labels):
        mark, _, path = label.partition("-")
        if mark == "I" and spans and spans[-1].path == path and spans[-1].last == at - 1:
            spans[-1] = TaggedSpan(path, spans[-1].first, at)
        elif mark in {"B", "I"}:
            spans.append(TaggedSpan(path, at, at))
    return spans
