"""Rows of cells as tables that are quoted row by row with their heads: each piece small enough for one chunk has them.

A piece is a head, a rule and rows, with bars at the edges. Rows too wide for a chunk become several rows, each with the
cell that names the row; a cell as long as a paragraph becomes one.
"""

import re
from collections.abc import Iterator, Sequence

from memory.documents.chunking import estimate_tokens
from memory.documents.parsing.outline import Extract

_ROOM = 150
"""Tokens of a piece: always less than a chunk may have, so that no piece is cut."""
_LONG_CELL = 60
"""Tokens from which on a cell is a paragraph."""
_ROWS_OF_A_SECTION = 100
_FIGURE = re.compile(r"[-+−–(]?\s*[^\w\s]{0,2}\s*\d[\d.,'\u00a0 ]*\s*[^\w\s]{0,2}[)]?(?:[eE][-+]?\d+)?")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ]\d.*)?|\d{1,2}:\d{2}(?::\d{2})?")
_BARS = re.compile(r"[|│┃]")

Row = Sequence[str]


def clean_cell(text: str) -> str:
    """A cell on one line; a bar in it would look like the edge of a cell and is written as a broken one."""
    return _BARS.sub("¦", " ".join(text.split()))


def is_figure(cell: str) -> bool:
    """Whether a cell is a number, an amount, a date or a time: such cells stand below a head, not in one."""
    return bool(_FIGURE.fullmatch(cell) or _DATE.fullmatch(cell))


def has_head(rows: Sequence[Row]) -> bool:
    """Whether the first row names the columns: words in each filled cell, no two alike, and not below its own kind.

    A single row has none.
    """
    if len(rows) < 2:
        return False
    first = [cell for cell in rows[0] if cell]
    if len(first) < 2 or len(set(first)) < len(first) or any(is_figure(cell) for cell in first):
        return False
    filled = max(sum(bool(cell) for cell in row) for row in rows[1:50])
    return len(first) >= min(filled, len(rows[0])) - 1


def add_table(
    extract: Extract, rows: Sequence[Row], head: Row | None, *, level: int, first: int, rows_named: str = "Rows"
) -> None:
    """Write down a table; one of many rows gets a heading for every hundred of them.

    Args:
        rows: cells as `clean_cell` gives them; without the head.
        head: names of the columns; None where they have none.
        level: of those headings.
        first: the number of the first row, as the reader of the file counts.
        rows_named: what such a heading calls them.
    """
    for start in range(0, len(rows), _ROWS_OF_A_SECTION):
        part = rows[start : start + _ROWS_OF_A_SECTION]
        if len(rows) > _ROWS_OF_A_SECTION:
            extract.add_heading(level, f"{rows_named} {first + start}–{first + start + len(part) - 1}")
        for piece in _pieces(part, head):
            extract.add(piece)


def _pieces(rows: Sequence[Row], head: Row | None) -> Iterator[str]:
    top = f"{_line(head)}\n|-{'-|' * len(head)}" if head else ""
    overhead = estimate_tokens(top)
    lines: list[str] = []
    size = overhead
    for row in rows:
        line = _line(_fitted(row, head))
        tokens = estimate_tokens(line)
        fits = overhead + tokens <= _ROOM
        if lines and (not fits or size + tokens > _ROOM):
            yield _piece(top, lines)
            lines, size = [], overhead
        if fits:
            lines.append(line)
            size += tokens
        else:
            yield from _split(row, head)
    if lines:
        yield _piece(top, lines)


def _piece(top: str, lines: Sequence[str]) -> str:
    return "\n".join([top, *lines] if top else lines)


def _split(row: Row, head: Row | None) -> Iterator[str]:
    """A row too wide for a chunk, in pieces that repeat its first cell; cells without words are left out."""
    names = list(head) if head else [""] * len(row)
    names += [""] * (len(row) - len(names))
    filled = [(name, cell) for name, cell in zip(names, row, strict=False) if cell]
    key = next(((name, cell) for name, cell in filled if estimate_tokens(cell) <= _LONG_CELL // 2), None)
    group: list[tuple[str, str]] = [key] if key else []
    size = start = sum(estimate_tokens(name) + estimate_tokens(cell) + 6 for name, cell in group)
    for name, cell in filled:
        if (name, cell) == key:
            continue
        tokens = estimate_tokens(name) + estimate_tokens(cell) + 6
        if tokens > _LONG_CELL:
            continue
        if size + tokens > _ROOM and size > start:
            yield _small(group)
            group, size = [key] if key else [], start
        group.append((name, cell))
        size += tokens
    if size > start or len(filled) == 1:
        yield _small(group or filled)
    for name, cell in filled:
        if (name, cell) != key and estimate_tokens(name) + estimate_tokens(cell) + 6 > _LONG_CELL:
            yield ": ".join(part for part in (key[1] if key else "", name, cell) if part)


def _small(group: Sequence[tuple[str, str]]) -> str:
    names, cells = [name for name, _ in group], [cell for _, cell in group]
    top = f"{_line(names)}\n|-{'-|' * len(names)}" if any(names) else ""
    return _piece(top, [_line(cells)])


def _fitted(row: Row, head: Row | None) -> Row:
    return row if head is None or len(row) >= len(head) else [*row, *[""] * (len(head) - len(row))]


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"
