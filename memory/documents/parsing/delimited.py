"""Delimited text (CSV, TSV): one table, whatever parts its cells."""

import csv
import io
from collections.abc import Sequence

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.outline import Extract, file_title
from memory.documents.parsing.plaintext import decode_text
from memory.documents.parsing.table_pieces import add_table, clean_cell, has_head
from memory.documents.passages import ParsedDocument

_SEPARATORS = ",;\t|"
_SAMPLE_LINES = 50
_LONGEST_FIELD = 1024 * 1024
_MOST_ROWS = 1_000_000


def parse_csv(name: str, data: bytes) -> ParsedDocument:
    """Read comma, semicolon, tab or bar separated values, quoted where they have to be.

    The separator is the one that divides most of the first rows alike; lines before the table, such as a title, are
    paragraphs. The first row of the table names the columns unless it has figures. The title is the first line
    before the table, else the file's name.

    Raises:
        InvalidInput: the file is empty, not text, or has far too many rows.
    """
    text = decode_text(data, name)
    separator = "\t" if name.lower().endswith((".tsv", ".tab")) else _separator(text)
    rows = list(_rows(name, text, separator))
    extract = Extract()
    at = _first_row(rows)
    captions = [" ".join(cell for cell in row if cell) for row in rows[:at]]
    for caption in captions:
        extract.add(caption)
    table = rows[at:]
    head = table[0] if has_head(table) else None
    body = table[1:] if head else table
    add_table(extract, body, head, level=1, first=at + (2 if head else 1))
    if not extract.text:
        raise InvalidInput(f"{name} has no cells with text in them.", "Give a file with text in it.")
    return extract.document(next(iter(captions), "") or file_title(name), "text/csv")


def _rows(name: str, text: str, separator: str) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=separator != "\t"):
            cells = [clean_cell(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                rows.append(cells)
            if len(rows) > _MOST_ROWS:
                raise InvalidInput(f"{name} has more than {_MOST_ROWS:,} rows.", "Divide it, or keep it in a database.")
    except csv.Error as error:
        raise InvalidInput(f"{name} is no table: {error}.", "Save it as CSV again.") from error
    return rows


def _separator(text: str) -> str:
    """The separator that gives most rows of one width; of equal ones the wider."""
    sample = "\n".join(text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES])[:_LONGEST_FIELD]

    def agreement(separator: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=separator) if row]
        except csv.Error:
            return 0, 0
        counts = {width: widths.count(width) for width in set(widths) if width > 1}
        best = max(counts, key=lambda width: (counts[width], width), default=0)
        return counts.get(best, 0), best

    return max(_SEPARATORS, key=agreement)


def _first_row(rows: Sequence[Sequence[str]]) -> int:
    """How many rows of a single cell stand before the table."""
    widest = max((len(row) for row in rows), default=0)
    if widest < 2:
        return 0
    return next((at for at, row in enumerate(rows) if len(row) > 1), 0)
