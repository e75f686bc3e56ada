"""The sentences of a passage, each with what its reader knows already: headings, a list's lead, a table's head."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from memory.documents.blocks import blocks_of
from memory.documents.sentences import sentences

_RULE = re.compile(r"[ \t]*\n[ \t|:=+-]*--[ \t|:=+-]*(?:\n|$)")
_POINTS_BACK = re.compile(r"\s*(?:it|its|they|their|this|these|that|those)\b|\s*[它该此这其]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """One sentence of a passage.

    Attributes:
        start: first character, 0-based offset into the passage.
        end: one past the last character.
        text: the passage's text from `start` to `end`.
        kind: of the block it stands in; "head" for the first row of a table that has rules under it.
        around: headings; for a list's item the sentence that leads to the list, for a table's row its first row, for a
            sentence that opens with "it" or the like the sentence before.
    """

    start: int
    end: int
    text: str
    kind: Literal["paragraph", "item", "table", "head", "code", "heading", "rule"]
    around: str


@lru_cache(maxsize=256)
def places(passage: str, heading: str = "") -> tuple[Place, ...]:
    """The sentences of a passage, in order.

    Args:
        passage: its text.
        heading: the document's title and the heading path, in any form.
    """
    return tuple(_places(passage, heading))


def _places(passage: str, heading: str) -> Iterator[Place]:
    spans = sentences(passage)
    lead = before = ""
    for block in blocks_of(passage):
        if block.kind in ("paragraph", "heading"):
            lead = ""
        head = ""
        for start, end in (span for span in spans if block.start <= span[0] < block.end):
            text = passage[start:end]
            known = [heading, lead, head, before if _POINTS_BACK.match(text) else ""]
            kind = "head" if block.kind == "table" and _RULE.match(passage, end) else block.kind
            yield Place(start, end, text, kind, "\n".join(part for part in known if part))
            before = text
            if block.kind == "table":
                head = head or text
            elif text.endswith((":", "：")):
                lead = text
