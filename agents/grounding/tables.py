"""Tables of yes and no: "which products contain sesame?" is answered by a column, row by row, not by a sentence."""

import re
from collections.abc import Iterator, Sequence

from agents.grounding.places import Place, places
from agents.grounding.question import Question
from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Passage

_ASKS_FOR_ROWS = re.compile(r"\b(?:which|what|who|whose|list)\b|哪|什么", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:no|not|without|free|none|lacks?)\b|n't\b|-free\b|没有|不含|不|无", re.IGNORECASE)
_YES = frozenset("yes y x ✓ ✔ ● • contains included allowed ja true 是 有 含 可".split())
_NO = frozenset("no n - – — ✗ ✘ ○ none free not nein false 否 无 不含 没有".split()) | {""}
_LEAST_ROWS = 2


def rows_that_say_so(question: Question, passages: Sequence[Passage]) -> list[tuple[int, Place]]:
    """(passage, row) of the rows that have yes, or no where that is asked for, in the column that a question names.

    None where the question names a row, or a column that is not of yes and no.
    """
    if not _ASKS_FOR_ROWS.search(question.text):
        return []
    wanted = _NO if _DENIES.search(question.text) else _YES
    names = {term.name for term in question.terms}
    for index, passage in enumerate(passages):
        for head, rows in _tables(passage):
            column = _column(names, cells_of(head.text), [cells_of(row.text) for row in rows])
            if column is not None:
                return [(index, row) for row in rows if cells_of(row.text)[column].lower() in wanted]
    return []


def cells_of(row: str) -> list[str]:
    """The cells of a table's row with bars."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _tables(passage: Passage) -> Iterator[tuple[Place, list[Place]]]:
    head: Place | None = None
    rows: list[Place] = []
    for place in (*places(passage.text), None):
        if place is not None and place.kind == "table":
            rows.append(place)
            continue
        if head is not None and len(rows) >= _LEAST_ROWS:
            yield head, rows
        head, rows = (place if place is not None and place.kind == "head" else None), []


def _column(names: set[str], head: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """The column of yes and no that the question names, where it names no row."""
    if any(len(row) != len(head) or names & set(terms_of(row[0])) for row in rows):
        return None
    named = [at for at, cell in enumerate(head) if at > 0 and names & set(terms_of(cell))]
    if len(named) != 1:
        return None
    values = {row[named[0]].lower() for row in rows}
    return named[0] if values <= _YES | _NO and values & _YES else None
