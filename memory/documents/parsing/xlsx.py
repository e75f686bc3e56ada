"""Excel workbooks (.xlsx, .xlsm): the sheets that are shown, each table with its heads, cells as they are shown."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.archive import BROKEN, Archive
from memory.documents.parsing.number_formats import shown
from memory.documents.parsing.outline import Extract, file_title, own_title
from memory.documents.parsing.table_pieces import add_table, clean_cell, has_head, is_figure
from memory.documents.passages import ParsedDocument

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_WITHOUT_VALUE = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>")
_MOST_MERGED_CELLS = 200_000
_MOST_CELLS = 5_000_000
_FIRST_ROWS = 3
_NEAR_THE_TOP = 8
"""Rows of a table that may be its head: looking at the type of every cell would take half of the time."""
_DEFAULT_TITLE = re.compile(r"(?:sheet|tabelle|工作表)\s*\d*", re.IGNORECASE)


@dataclass(slots=True)
class _Row:
    """A row with something in it: its number, 1-based; its cells as shown; which of them are words in bold."""

    number: int
    cells: list[str]
    bold: bool
    spans: bool
    """Whether a cell spans several columns."""


def parse_xlsx(name: str, data: bytes) -> ParsedDocument:
    """Read each sheet as a section: lines of a single cell as paragraphs, tables with their heads.

    Cells are written as they are shown, with the values of formulas that were saved last; a formula that was saved
    without one is written as such. What is merged stands in each of its cells. A blank row ends a table. Hidden sheets
    are left out. The title is the document property, else the line over the only sheet that has one, else the file's
    name.

    Raises:
        InvalidInput: the file is damaged, protected, too large unpacked, or has no text.
    """
    archive = Archive(name, data, "an Excel workbook")
    if "xl/workbook.bin" in archive.names:
        raise InvalidInput(f"{name} is a binary workbook (.xlsb).", "Save it as .xlsx.")
    from openpyxl import load_workbook

    extract = Extract()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that openpyxl would not write again
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            formulas: Any = None
            cells, captions = 0, list[str]()
            for sheet, path in _sheets(archive, book):
                xml = archive.read(path) if path else b""
                if formulas is None and _WITHOUT_VALUE.search(xml):
                    formulas = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
                rows = _rows(sheet, _merges(xml), formulas[sheet.title] if formulas is not None else None)
                several = len(book.sheetnames) > 1 or not _DEFAULT_TITLE.fullmatch(sheet.title)
                count, caption = _add_sheet(extract, sheet.title if several else "", rows)
                cells += count
                captions += [caption] if caption else []
                if cells > _MOST_CELLS:
                    raise InvalidInput(f"{name} has more than {_MOST_CELLS:,} cells.", "Divide it.")
            title = own_title(book.properties.title or "") or (captions[0] if len(captions) == 1 else "")
    except BROKEN as error:
        raise archive.damaged() from error
    if not extract.text.strip():
        raise InvalidInput(f"{name} has no cells with text in them.", "Give a workbook with text in it.")
    return extract.document(
        title or file_title(name), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )


def _sheets(archive: Archive, book: Any) -> Iterator[tuple[Any, str]]:
    """The sheets that are shown, with the path of each in the archive; sheets of charts have no cells."""
    main = next((path for kind, path in archive.relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
    parts = archive.relations(main)
    paths: dict[str, str] = {}
    for element in archive.xml(main).iter("{*}sheet"):
        key = next((value for name, value in element.attrib.items() if name.endswith("}id")), "")
        paths[element.get("name") or ""] = parts.get(key, ("", ""))[1]
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            yield sheet, paths.get(sheet.title, "")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _merges(xml: bytes) -> dict[tuple[int, int], tuple[int, int]]:
    """(row, column) of a cell -> that of the merged cell whose value it shows; rows 1-based, columns 0-based."""
    inside: dict[tuple[int, int], tuple[int, int]] = {}
    for found in _MERGED.finditer(xml):
        first, last = (int(found[2]), _column(found[1])), (int(found[4]), _column(found[3]))
        if len(inside) + (last[0] - first[0] + 1) * (last[1] - first[1] + 1) > _MOST_MERGED_CELLS:
            continue
        for row in range(first[0], last[0] + 1):
            inside.update(((row, column), first) for column in range(first[1], last[1] + 1))
    return inside


def _rows(sheet: Any, merged: dict[tuple[int, int], tuple[int, int]], formulas: Any) -> Iterator[_Row | None]:
    """The rows of a sheet; None for blank ones, once for each gap."""
    sheet.reset_dimensions()  # what a file states of its size may be far too much
    values: dict[tuple[int, int], str] = {}
    origins = set(merged.values())
    others = iter(()) if formulas is None else formulas.iter_rows()
    if formulas is not None:
        formulas.reset_dimensions()
    gap, since_gap = False, 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        unknown = next(others, ())
        cells: list[str] = []
        bold = words = 0
        for at, cell in enumerate(row):
            value = cell.value
            text = (
                clean_cell(value if isinstance(value, str) else shown(value, cell.number_format))
                if value is not None
                else ""
            )
            if value is None and at < len(unknown) and str(unknown[at].value or "").startswith("="):
                text = f"(not calculated: {clean_cell(unknown[at].value)})"
            if isinstance(value, str) and text and since_gap < _NEAR_THE_TOP:
                words += 1
                bold += bool(cell.font and cell.font.b)
            cells.append(text)
        spans = False
        if merged:
            spans = _fill(cells, number, merged, values, origins)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield _Row(number, cells, bold == words > 0, spans)
        elif not gap:
            yield None
        gap = not cells
        since_gap = 0 if gap else since_gap + 1


def _fill(
    cells: list[str],
    number: int,
    merged: dict[tuple[int, int], tuple[int, int]],
    values: dict[tuple[int, int], str],
    origins: set[tuple[int, int]],
) -> bool:
    """Write what is merged into each of its cells; whether a cell of this row spans several columns."""
    spans = False
    columns = [column for row, column in merged if row == number] if len(merged) < 1000 else range(len(cells) + 64)
    for column in sorted(columns):
        origin = merged.get((number, column))
        if origin is None:
            continue
        if origin == (number, column) and column < len(cells):
            values[origin] = cells[column]
        elif values.get(origin):
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = values[origin]
        spans = spans or (origin[0] == number and origin[1] != column)
    return spans


def _add_sheet(extract: Extract, title: str, rows: Iterator[_Row | None]) -> tuple[int, str]:
    """Write down a sheet; returns how many cells it has, and the line that stands over all of it."""
    headed = False
    cells, caption = 0, ""
    for table in _tables(rows):
        if cells == 0 and _is_line(table[0]) and table[0].number <= _FIRST_ROWS:
            caption = next(cell for cell in table[0].cells if cell)
        if title and not headed:
            extract.add_heading(1, title)
            headed = True
        cells += sum(len(row.cells) for row in table)
        _add_block(extract, table)
    return cells, caption


def _tables(rows: Iterator[_Row | None]) -> Iterator[list[_Row]]:
    """Rows between blank ones."""
    table: list[_Row] = []
    for row in rows:
        if row is not None:
            table.append(row)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _add_block(extract: Extract, rows: list[_Row]) -> None:
    """Captions, then a table, then notes: rows of a single cell at either end are paragraphs."""
    first, last = 0, len(rows)
    while first < last and _is_line(rows[first]):
        first += 1
    while last > first and _is_line(rows[last - 1]):
        last -= 1
    for row in rows[:first]:
        extract.add(next(cell for cell in row.cells if cell))
    table = rows[first:last]
    if table:
        left = min(_indent(row.cells) for row in table)
        cells = [row.cells[left:] for row in table]
        head, below = _head(table, cells)
        add_table(extract, cells[below:], head, level=2, first=table[min(below, len(table) - 1)].number)
    for row in rows[last:]:
        extract.add(next(cell for cell in row.cells if cell))


def _is_line(row: _Row) -> bool:
    return len({cell for cell in row.cells if cell}) == 1 and (row.spans or sum(map(bool, row.cells)) == 1)


def _indent(cells: Sequence[str]) -> int:
    return next(at for at, cell in enumerate(cells) if cell)


def _head(table: Sequence[_Row], cells: Sequence[Sequence[str]]) -> tuple[list[str] | None, int]:
    """The names of the columns, and the first row below them. Cells that span columns stand over a second row."""
    if len(table) > 2 and table[0].spans and not any(is_figure(cell) for cell in cells[1]):
        over, under = list(cells[0]), list(cells[1])
        width = max(len(over), len(under))
        over += [""] * (width - len(over))
        under += [""] * (width - len(under))
        return [" ".join(dict.fromkeys(part for part in pair if part)) for pair in zip(over, under, strict=True)], 2
    if not has_head(cells):
        return None, 0
    pairs = max(len(row) for row in cells) == 2
    if pairs and not table[0].bold and not all(is_figure(row[1]) for row in cells[1:] if len(row) > 1):
        return None, 0  # names and values side by side, as in a form
    return list(cells[0]), 1
