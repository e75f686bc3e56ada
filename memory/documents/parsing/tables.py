"""Tables as lines: every row with all its cells, also those that span several, under one line of heads.

What spans rows or columns is repeated in each of them, so that a row can be read alone. Several rows of heads become
one. A row that is a single cell stands between the parts of a table, as a line of its own, and names the rows below it;
the heads come again after it, and after so many rows that a part still fits into a chunk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from memory.documents.parsing.outline import Extract

_MOST_SPANNED = 1000
_PART_CHARACTERS = 700
"""So long a part of a table certainly fits into a chunk."""
_LONGEST_HEAD = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell.

    Attributes:
        text: on one line.
        columns, rows: how many it spans.
        head: whether the table itself says that it is the head of a column or row.
    """

    text: str
    columns: int = 1
    rows: int = 1
    head: bool = False


def add_table(extract: Extract, rows: Sequence[Sequence[Cell]], heads: int | None = None) -> None:
    """Write a table down.

    Args:
        extract: where to.
        rows: with the cells that begin in each, from left to right.
        heads: how many rows are heads of columns; None where the table does not say it.
    """
    grid = _filled(rows)
    while grid and _is_single(grid[0]):
        extract.add(grid.pop(0)[0].text)
    count = _heads(grid) if heads is None else min(heads, len(grid))
    head, body = _joined(grid[:count]), grid[count:]
    if not body:
        head, body = [], grid
    tight, size, group = False, 0, ""
    for row in body:
        if _is_single(row):
            extract.add(row[0].text)
            group = row[0].text if _is_name(row[0].text) else ""
            tight = False
            continue
        if not any(cell.text for cell in row):
            continue
        cells = [cell.text for cell in row]
        line = _line([f"{group}: {cells[0]}".removesuffix(": "), *cells[1:]] if group else cells)
        size += len(line)
        if head and (not tight or size > _PART_CHARACTERS):
            extract.add(f"{_line(head)}\n{rule_under(head)}")
            tight, size = True, len(line)
        extract.add(line, tight=tight)
        tight = True


def _is_single(row: Sequence[Cell]) -> bool:
    """Whether one cell is the whole row of a table that has several columns."""
    return len(row) > 1 and all(cell is row[0] for cell in row)


def _is_name(text: str) -> bool:
    """Whether a line within a table names the rows below it."""
    return len(text) <= _LONGEST_HEAD and not text.endswith((".", "!", "?", "。"))


def in_one_line(rows: Sequence[Sequence[Cell]]) -> str:
    """A table within a cell: "a: 1; b: 2" for rows of two cells, else "a, 1, x; b, 2, y"."""
    lines = [[cell.text for cell in row if cell.text] for row in rows]
    return "; ".join((": " if len(line) == 2 else ", ").join(line) for line in lines if line)


def _line(cells: Sequence[str]) -> str:
    """Cells with bars between them; an empty one at the edge keeps its place by the bar alone."""
    line = " | ".join(cell.replace("|", "¦") for cell in cells)
    return f"| {line} |" if not cells[0] or not cells[-1] else line


def _filled(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Give every row a cell for each column."""
    spanning: dict[int, tuple[Cell, int]] = {}
    grid: list[list[Cell]] = []
    for row in rows:
        filled: list[Cell] = []
        left = list(reversed(row))
        while left or len(filled) in spanning:
            column = len(filled)
            if column in spanning:
                cell, more = spanning.pop(column)
                filled.append(cell)
                if more > 1:
                    spanning[column] = cell, more - 1
                continue
            cell = left.pop()
            for each in range(column, column + min(max(1, cell.columns), _MOST_SPANNED)):
                if each in spanning and each > column:
                    break
                filled.append(cell)
                if cell.rows > 1:
                    spanning[each] = cell, min(cell.rows, _MOST_SPANNED) - 1
            if cell.rows > 1:  # those of this row are not to be filled in again
                continue
        grid.append(filled)
    width = max((len(row) for row in grid), default=0)
    return [row + [Cell("")] * (width - len(row)) if len(row) > 1 or width < 2 else row for row in grid]


def _heads(grid: Sequence[Sequence[Cell]]) -> int:
    """Count the rows of heads at the top: all cells say so, or else the first row plainly reads so."""
    count = 0
    for row in grid:
        named = [cell for cell in row if cell.text]
        if len(row) < 2 or not named or not all(cell.head for cell in named) or _is_single(row):
            break
        count += 1
    if count or len(grid) < 2:
        return min(count, max(0, len(grid) - 1))
    return int(reads_as_head([cell.text for cell in grid[0]], [[cell.text for cell in row] for row in grid[1:]]))


def reads_as_head(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row of three and more columns has the heads: names, not values, over rows that have values."""
    named = first[1:] if first and not first[0] else first
    reads_so = all(text and len(text) <= _LONGEST_HEAD and not _is_value(text) for text in named)
    return len(first) > 2 and reads_so and len(set(named)) == len(named) and any(map(_is_value, chain(*rows)))


def rule_under(head: Sequence[str]) -> str:
    """The line between a table's heads and its rows."""
    return " | ".join("---" for _ in head)


def _is_value(text: str) -> bool:
    return text.lstrip("±+-−–<>≤≥~≈ ")[:1].isdigit()


def _joined(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """One head for each column of several rows of heads."""
    return [" ".join(text for text, _ in groupby(cell.text for cell in column) if text) for column in _columns(rows)]


def _columns(rows: Sequence[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    return zip(*rows, strict=False) if rows else iter(())
