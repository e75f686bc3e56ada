"""The blocks that readable text is made of: paragraphs, list items, tables, code, headings, rules.

Works on Markdown and on the text that the parsers extract from other formats, line by line and without a grammar:
enough to know what belongs together. Indented code counts as a paragraph.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

_KEY = r"(?:[ \t]*(?:#.*)?\n)*[\w-]+[ \t]*:.*\n"
_FRONT_MATTER = re.compile(rf"---[ \t]*\n{_KEY}(?:.*\n){{0,200}}?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FENCE = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})(?P<info>.*)")
_ATX = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_RULE = re.compile(r"[ \t]*([-*_=~^])(?:[ \t]*\1){2,}[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}([-=~^])\1*[ \t]*$")
BULLET = re.compile(r"[ \t]*(?:[-*+][ \t]+|[•‣▪●○◦·–][ \t]*)(?=\S)")
"""The mark before an item of an unordered list, with the space after it."""
_NUMBER = re.compile(
    r"[ \t]*(?:(?:\d{1,3}[.)]|[a-zA-Z]\))[ \t]+"
    r"|(?:\d{1,2}[、．]|[（(](?:\d{1,2}|[a-z]|[一二三四五六七八九十]{1,3})[)）]"
    r"|[一二三四五六七八九十]{1,3}、)[ \t]*)(?=\S)"
)
_FIRST = re.compile(r"[ \t]*[（(]?[1aA一][.)）、．]")
_COLUMNS = re.compile(r"\S(?: {3,}|\t+)\S|[^\s.!?:;]  \S")
"""A gap as between columns; two blanks after a full stop are none."""


Kind = Literal["paragraph", "item", "table", "code", "heading", "rule"]


class Block(NamedTuple):
    """A run of whole lines, without the line break after the last: `text[start:end]`.

    `table` and `code` are whole tables and whole fenced blocks (or front matter) with their fences; `heading`
    takes in the line under it; `rule` is a line of dashes or the like.
    """

    kind: Kind
    start: int
    end: int


def front_matter_end(text: str) -> int:
    """Return where the YAML front matter at the start of `text` ends, with its last line break; 0 without one."""
    found = _FRONT_MATTER.match(text)
    return found.end() if found else 0


def line_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each line of `text[start:end]`, without line breaks."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop + 1


def blocks_of(text: str, start: int = 0, end: int | None = None) -> list[Block]:
    """Find the blocks of `text[start:end]`; every line that is not blank lies in exactly one.

    Args:
        text: the whole text; front matter is looked for at its start only.
        start: of a line.
        end: of a line; None for the end of the text.
    """
    end = len(text) if end is None else end
    found: list[Block] = []
    if start == 0 and (front := min(front_matter_end(text), end)):
        found.append(Block("code", 0, len(text[:front].rstrip())))
        start = front
    spans = list(line_spans(text, start, end))
    lines = [text[first:last] for first, last in spans]
    place = 0
    while place < len(lines):
        if not lines[place] or lines[place].isspace():
            place += 1
            continue
        kind, after = _block_at(lines, place)
        found.append(Block(kind, spans[place][0], spans[after - 1][1]))
        place = after
    return found


def _block_at(lines: list[str], first: int) -> tuple[Kind, int]:
    """Tell the kind of the block that begins at line `first`, and the line after its last."""
    line = lines[first]
    fence = _FENCE.match(line)
    if fence and "`" not in fence["info"]:
        return "code", _after_fence(lines, first, fence["mark"])
    if _ATX.match(line):
        return "heading", first + 1
    if _RULE.match(line):
        return "rule", first + 1
    kind = "item" if _is_item(line) else "paragraph"
    if kind == "paragraph" and (rows := _rows_at(lines, first)):
        return "table", first + rows
    after = first + 1
    while after < len(lines) and lines[after].strip() and not _interrupts(lines[after], kind):
        if kind == "paragraph" and _UNDERLINE.match(lines[after]):
            return "heading", after + 1
        after += 1
    return kind, after


def _after_fence(lines: list[str], first: int, mark: str) -> int:
    for place in range(first + 1, len(lines)):
        closing = _FENCE.match(lines[place])
        if closing and closing["mark"].startswith(mark) and not closing["info"].strip():
            return place + 1
    return len(lines)


def _rows_at(lines: list[str], first: int) -> int:
    """Count the table rows from line `first` on.

    Lines with bars at their edge; or else all lines of a block with bars inside; or else two and more lines with gaps
    as between columns.
    """
    if lines[first].lstrip().startswith("|"):
        return _count(lines, first, lambda line: line.lstrip().startswith("|") or " | " in line)
    if " | " in lines[first]:
        rows = _count(lines, first, lambda line: "|" in line and not _interrupts(line, "paragraph"))
        return rows if first + rows == len(lines) or not lines[first + rows].strip() else 0
    if _COLUMNS.search(lines[first].strip()):
        rows = _count(lines, first, lambda line: bool(_COLUMNS.search(line.strip())))
        return rows if rows > 1 else 0
    return 0


def _count(lines: list[str], first: int, is_row: Callable[[str], bool]) -> int:
    after = first
    while after < len(lines) and lines[after].strip() and is_row(lines[after]):
        after += 1
    return after - first


def _is_item(line: str) -> bool:
    return bool(BULLET.match(line) or _NUMBER.match(line))


def _interrupts(line: str, kind: Kind) -> bool:
    """Tell whether a line begins a new block although no blank line stands before it."""
    if BULLET.match(line) or _FENCE.match(line) or _ATX.match(line) or line.lstrip().startswith("|"):
        return True
    # In a paragraph a line may begin with a number by chance: only the first item of a list interrupts it.
    return bool(_NUMBER.match(line) and (kind == "item" or _FIRST.match(line)))
