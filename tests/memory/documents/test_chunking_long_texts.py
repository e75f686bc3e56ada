"""Long texts without structure: four times the text is four times the work, not sixteen.

Work is counted in calls and lines of Python, which do not depend on the machine, and in time with room to spare for the
regular expressions, which are one call each.
"""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from memory.documents.blocks import blocks_of
from memory.documents.chunking import embedded_chunks, split_into_chunks
from memory.documents.parsing import parse_document
from memory.documents.passages import ParsedDocument, Section
from memory.documents.sentences import sentences

KINDS: dict[str, Callable[[int], str]] = {
    "Chinese without a full stop": lambda size: "".join(chr(0x4E00 + at * 7919 % 5000) for at in range(size)),
    "Chinese with commas alone": lambda size: "温度传感器检查电源，" * (size // 10),
    "one line of words": lambda size: "gateway pump valve sensor twelve bar and " * (size // 41),
    "one line of sentences": lambda size: "The pump runs. " * (size // 15),
    "one word": lambda size: "x" * size,
    "initials": lambda size: "A. B. C. " * (size // 9),
    "numbers of items": lambda size: "1.\n" * (size // 3),
    "short lines": lambda size: "ab cd\n" * (size // 6),
    "blank lines": lambda size: "a\n\n" * (size // 3),
    "bars on one line": lambda size: "| a | b " * (size // 8),
    "rows": lambda size: "| a | b |\n" * (size // 10),
    "columns by gaps": lambda size: "a   b   c\n" * (size // 10),
    "one item": lambda size: "- " + "item " * (size // 5),
    "full stops": lambda size: ".!" * (size // 2),
    "brackets": lambda size: "[a](" * (size // 4),
    "spaces": lambda size: f"a{' ' * size}b",
    "open fences": lambda size: "```\nx\n" * (size // 6),
    "marks": lambda size: "=" * size,
    "quotes": lambda size: "“'" * (size // 2),
}
SMALL = 4_000


def steps(work: Callable[[], Any]) -> int:
    """How many lines of Python `work` runs."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += 1
        return trace

    former = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(former)
    return count


def document(text: str) -> ParsedDocument:
    return ParsedDocument("t", text, (Section((), 0, len(text)),), "text/plain")


@pytest.mark.parametrize("kind", KINDS)
def test_four_times_the_text_is_about_four_times_the_steps(kind: str) -> None:
    one, four = (document(KINDS[kind](size)) for size in (SMALL, 4 * SMALL))
    for work in (
        split_into_chunks,
        lambda each: sentences(each.text),
        lambda each: blocks_of(each.text),
    ):
        assert steps(lambda work=work: work(four)) < 6 * steps(lambda work=work: work(one)) + 1000


@pytest.mark.parametrize("suffix", ["txt", "md", "csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_times_the_text_takes_nothing_like_its_square(kind: str, suffix: str) -> None:
    """Quadratic work would take 256 times as long; 64 leaves room for a loaded machine."""

    def seconds(size: int) -> float:
        start = time.process_time()
        split_into_chunks(parse_document(f"a.{suffix}", f"Text: {KINDS[kind](size)}".encode()))
        return time.process_time() - start

    seconds(1000)
    assert seconds(16 * SMALL) < 64 * seconds(SMALL) + 0.5


def test_of_rows_and_endless_lines_only_the_first_are_embedded() -> None:
    for kind in ("Chinese without a full stop", "one line of words", "rows"):
        chunks = split_into_chunks(document(KINDS[kind](250_000)))
        assert len(embedded_chunks(chunks)) <= 257 < len(chunks)
    prose = split_into_chunks(document("The pump runs at 6 bar. It stops at 8 bar.\n\n" * 4000))
    assert embedded_chunks(prose) == prose
