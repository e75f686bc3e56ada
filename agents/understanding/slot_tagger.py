"""Which words of a message fill which slots of an operation: linear-chain conditional random fields.

One field serves the tools of a slice; the tool is a feature of every token, so that slots of one name (version, reason)
are learnt from the examples of all. Lafferty, McCallum, Pereira 2001; trained and run by CRFsuite.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import pycrfsuite

from agents.understanding.features import tag_features
from agents.understanding.tokens import Token


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """Tokens [first, last] fill the argument at `path`."""

    path: str
    first: int
    last: int


class _Tagger(Protocol):
    """CRFsuite's tagger, which its package leaves untyped."""

    def tag(self, items: Sequence[Sequence[str]], /) -> list[str]: ...


class SlotTagger:
    """Tags messages. Safe to use from several threads, one at a time.

    Args:
        fields: the model of each slice, as CRFsuite writes it.
        slices: tool -> its slice.
    """

    def __init__(self, fields: Mapping[str, bytes], slices: Mapping[str, str]) -> None:
        self._fields = fields
        self._slices = slices
        self._lock = threading.Lock()
        self._open: dict[str, _Tagger] = {}

    def tag(self, tokens: Sequence[Token], tool: str) -> list[TaggedSpan]:
        """The spans in order."""
        if not tokens or self._slices.get(tool) not in self._fields:
            return []
        with self._lock:
            return spans_of(self._tagger(self._slices[tool]).tag(tag_features(tokens, tool)))

    def _tagger(self, slice_: str) -> _Tagger:
        if slice_ not in self._open:
            tagger = cast("Any", pycrfsuite).Tagger()
            tagger.open_inmemory(self._fields[slice_])
            self._open[slice_] = tagger
        return self._open[slice_]


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
