"""From the characters of a page, at their places, to lines: scripts, table rows, columns, line numbers.

Knows places and sizes, nothing of any file format. A gap in a line divides columns only where lines beside it have
a gap at the same place; gaps of justified prose do not.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import NamedTuple

from memory.documents.parsing.reflow import Line
from memory.documents.parsing.scripts import GAP_CHARACTER, lowered, raised, set_apart

UNREADABLE = "\ufffd"
"""Stands for a character whose meaning the file does not say."""
_UNREADABLE = re.compile(f"{UNREADABLE}+")
_SMALL = 0.85
"""A script is at most so high as its line."""
_RAISED, _LOWERED, _SHIFTED = 0.17, -0.07, 0.3
"""A script's base lies so far above or below that of its line, in heights; that of text of the same size farther."""
_DESCENT = 0.22
"""Where the base of a character lies in its box."""
_NEAR = 0.8
_LONGEST_SCRIPT = 14
_GAP = 1.0
"""A gap between words that is wider than this, in heights of the line, may be one between columns."""
_ALIKE = 3.0
"""Edges within so many points are aligned."""
_BESIDE = 3
"""A row of a table has its like among so many lines before or after it."""
_LEAST_PROSE, _LEAST_LINES = 22, 4
_LOWER = re.compile(r"[a-zß-öø-ÿ]")
_NUMBER = re.compile(r"\d{1,4}")


class Glyph(NamedTuple):
    """A character and its box, in points from the page's lower left corner."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


@dataclass(slots=True)
class _Run:
    """Characters that stand in one line."""

    glyphs: list[Glyph]
    height: float = 0.0
    bottom: float = 0.0
    even: bool = False
    """Whether all characters stand on one line and are of one size."""

    def __post_init__(self) -> None:
        bottoms = {glyph.bottom for glyph in self.glyphs if glyph.text != " "}
        tops = {glyph.top for glyph in self.glyphs if glyph.text != " "}
        if len(bottoms) == len(tops) == 1:
            self.even = True
            self.bottom = bottoms.pop()
            self.height = max(tops.pop() - self.bottom, 1.0)
            return
        inked = [glyph for glyph in self.glyphs if not glyph.text.isspace()]
        heights = Counter(round(2 * (glyph.top - glyph.bottom)) for glyph in inked)
        most = [height for height, count in heights.items() if count >= len(inked) / 4] or list(heights)
        main = max(most, default=2)
        self.height = max(main / 2, 1.0)
        of_line = [glyph.bottom for glyph in inked if round(2 * (glyph.top - glyph.bottom)) == main]
        self.bottom = sorted(of_line)[len(of_line) // 2] if of_line else 0.0

    @property
    def base(self) -> float:
        return self.bottom + _DESCENT * self.height

    @property
    def left(self) -> float:
        return self.glyphs[0].left

    @property
    def right(self) -> float:
        return self.glyphs[-1].right


@dataclass(slots=True)
class _Row:
    """A line as cells: (text, left, right)."""

    cells: list[tuple[str, float, float]]
    bottom: float
    height: float
    is_row: bool = field(default=False)


def lines_of(
    runs: Sequence[Sequence[Glyph]], page: int, page_height: float, filled_in: Sequence[Glyph] = ()
) -> list[Line]:
    """Make the lines of a page.

    Args:
        runs: what the reader takes for lines, in the order of the page's content.
        filled_in: whole texts of their own at places in or between the lines, such as the values of form fields.
        page: 0-based.
        page_height: in points.
    """
    whole = [_Run(list(part)) for run in runs for part in _in_order(run)]
    rows = [_cells(run) for run in _with_scripts(whole)]
    for text in filled_in:
        _fill_in(rows, text)
    rows = _columns_in_order(_without_line_numbers([row for row in rows if row.cells]))
    for place, row in enumerate(rows):
        row.is_row = len(row.cells) > 1 and any(
            _share_columns(row, other)
            for other in rows[max(0, place - _BESIDE) : place] + rows[place + 1 : place + 1 + _BESIDE]
        )
    return [_line(row, page, page_height) for row in _in_reading_order(_with_wrapped_cells(rows))]


def _in_order(run: Sequence[Glyph]) -> Iterator[Sequence[Glyph]]:
    """Take scripts out of a run that are drawn after what stands to the right of them."""
    run = _trimmed(run)
    if not run:
        return
    whole = _Run(list(run))
    height = whole.height
    if whole.even:
        yield run
        return
    rest: list[Glyph] = []
    script: list[Glyph] = []
    former = run[0]
    for glyph in run:
        small = glyph.top - glyph.bottom <= _SMALL * height
        back = glyph.left < former.left - 0.1 * height
        if (small and back) or (script and small and not glyph.text.isspace() and glyph.left >= script[-1].left):
            script.append(glyph)
        else:
            rest.append(glyph)
        if not glyph.text.isspace():
            former = glyph if not script or script[-1] is not glyph else former
    yield from (part for part in (_trimmed(rest), script) if part)


def _trimmed(run: Sequence[Glyph]) -> Sequence[Glyph]:
    first, last = 0, len(run)
    while first < last and run[first].text.isspace():
        first += 1
    while first < last and run[last - 1].text.isspace():
        last -= 1
    return run[first:last]


def _line(row: _Row, page: int, page_height: float) -> Line:
    text = (" | " if row.is_row else " ").join(text for text, _, _ in row.cells)
    top = row.bottom + row.height
    place = top / page_height if page_height > 0 else 0.0
    return Line(text, page, row.cells[0][1], row.cells[-1][2], top, row.bottom, place, row=row.is_row)


def _with_scripts(runs: list[_Run]) -> list[_Run]:
    """Put runs that are scripts, and what goes on after them, into the lines that they belong to."""
    lines: list[_Run] = []
    for run in runs:
        former = lines[-1] if lines else None
        if former is not None and _is_script_of(run, former) and -0.3 <= _gap(former, run) <= _NEAR:
            lines[-1] = _Run([*former.glyphs, *run.glyphs])
        elif former is not None and _goes_on(former, run):
            gap = [Glyph(" ", former.right, former.bottom, run.left, former.bottom)] if _gap(former, run) > 0.1 else []
            lines[-1] = _Run([*former.glyphs, *gap, *run.glyphs])
        else:
            lines.append(run)
    for run in list(lines):
        home = next((line for line in lines if line is not run and _holds(line, run)), None)
        if home is not None:
            lines.remove(run)
            lines[lines.index(home)] = _inserted(home, run)
    return lines


def _gap(line: _Run, following: _Run) -> float:
    """The gap between two runs, in heights of the higher one."""
    return (following.left - line.right) / max(line.height, following.height)


def _is_script_of(run: _Run, line: _Run) -> bool:
    shift = (run.base - line.base) / line.height
    small = run.height <= _SMALL * line.height and len(run.glyphs) <= _LONGEST_SCRIPT
    return small and -0.5 < shift < 0.8 and (shift > _RAISED or shift < _LOWERED)


def _goes_on(line: _Run, run: _Run) -> bool:
    """Whether a run goes on after a script that ended the line before it, or after one that begins it."""
    last = line.glyphs[-1]
    ended_by_script = last.top - last.bottom <= _SMALL * line.height
    same = abs(run.bottom - line.bottom) < 0.15 * line.height and abs(run.height - line.height) < 0.2 * line.height
    if same:
        return _gap(line, run) >= -0.3 and (not ended_by_script or _gap(line, run) <= _GAP or len(line.glyphs) > 1)
    return _is_script_of(line, run) and -0.3 <= _gap(line, run) <= _NEAR


def _holds(line: _Run, run: _Run) -> bool:
    return _is_script_of(run, line) and line.left < run.left and run.right <= line.right + _NEAR * line.height


def _inserted(line: _Run, run: _Run) -> _Run:
    """Put a script that the file draws later into its place."""
    at = next((place for place, glyph in enumerate(line.glyphs) if glyph.left >= run.left - 0.5), len(line.glyphs))
    while at > 0 and line.glyphs[at - 1].text.isspace():
        at -= 1
    return _Run([*line.glyphs[:at], *run.glyphs, *line.glyphs[at:]])


def _cells(run: _Run) -> _Row:
    """Write a run down, divided where wide gaps are."""
    row = _Row([], run.bottom, run.height)
    begin = 0
    former: Glyph | None = None
    for place, glyph in enumerate(run.glyphs):
        if glyph.text.isspace():
            continue
        if former is not None and glyph.left - former.right > _GAP * run.height and _way(glyph, run) == "":
            _add_cell(row, run, begin, place)
            begin = place
        former = glyph
    _add_cell(row, run, begin, len(run.glyphs))
    return row


def _add_cell(row: _Row, run: _Run, begin: int, end: int) -> None:
    glyphs = run.glyphs[begin:end]
    text = "".join(glyph.text for glyph in glyphs) if run.even else _written(glyphs, run)
    text = " ".join(_UNREADABLE.sub(GAP_CHARACTER, text).split())
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    if text and inked:
        row.cells.append((text, inked[0].left, inked[-1].right))


def _way(glyph: Glyph, run: _Run) -> str:
    """Whether a character is raised ("sup") or lowered ("sub") in its line."""
    height = glyph.top - glyph.bottom
    shift = (glyph.bottom + _DESCENT * height - run.base) / run.height
    if height <= _SMALL * run.height:
        return "sup" if shift > _RAISED else "sub" if shift < _LOWERED else ""
    return "sup" if shift > _SHIFTED else "sub" if shift < -_SHIFTED else ""


def _written(glyphs: Sequence[Glyph], run: _Run) -> str:
    """The text of characters, those that are raised or lowered as such."""
    ways = [" " if glyph.text.isspace() else _way(glyph, run) for glyph in glyphs]
    for place, way in enumerate(ways):
        if way == " ":  # a blank within a script belongs to it
            before = next((each for each in reversed(ways[:place]) if each != " "), "")
            after = next((each for each in ways[place + 1 :] if each != " "), "")
            ways[place] = before if before == after else ""
    parts: list[tuple[str, list[Glyph]]] = [
        (way, [glyph for _, glyph in group])
        for way, group in groupby(zip(ways, glyphs, strict=True), key=lambda pair: pair[0])
    ]
    text = ""
    for place, (way, group) in enumerate(parts):
        words = "".join(glyph.text for glyph in group)
        is_script = way and len(words) <= _LONGEST_SCRIPT and (text.strip() or place + 1 < len(parts))
        if not is_script:
            text += words
            continue
        if text.endswith(" ") and len(parts[place - 1][1]) > 1:
            base = parts[place - 1][1][-2]
            text = text.rstrip() if group[0].left - base.right < _NEAR * run.height else text
        after = "".join(glyph.text for glyph in parts[place + 1][1])[:1] if place + 1 < len(parts) else ""
        text += set_apart(raised(words, text) if way == "sup" else lowered(words), after)
    return text


def _without_line_numbers(rows: list[_Row]) -> list[_Row]:
    """Drop numbers that count the lines in the margin, on lines of their own or at the beginning of the others."""
    numbered = [(row, int(row.cells[0][0])) for row in rows if _NUMBER.fullmatch(row.cells[0][0])]
    if len(numbered) < _LEAST_LINES:
        return rows
    steps = {after - before for (_, before), (_, after) in pairwise(numbered)}
    edges = [row.cells[0][1:] for row, _ in numbered]
    aligned = max(left for left, _ in edges) - min(left for left, _ in edges) < 2 * _ALIKE + 6 or (
        max(right for _, right in edges) - min(right for _, right in edges) < _ALIKE
    )
    texts = [row.cells[1] if row.cells[0][0].isdigit() and len(row.cells) > 1 else row.cells[0] for row in rows]
    words = [text for text in texts if not _NUMBER.fullmatch(text[0])]
    beside = all(right <= min((left for _, left, _ in words), default=0.0) + 1 for _, right in edges)
    runs_on = sum(bool(_LOWER.match(text)) for text, _, _ in words) >= 0.3 * len(words)
    if len(steps) != 1 or not steps <= {1, 2, 5, 10} or not aligned or not beside or not runs_on or not words:
        return rows
    kept: list[_Row] = []
    counted = {id(row) for row, _ in numbered}
    for row in rows:
        cells = row.cells[1:] if id(row) in counted else row.cells
        if cells:
            kept.append(_Row(cells, row.bottom, row.height))
    return kept


def _fill_in(rows: list[_Row], text: Glyph) -> None:
    """Put a text into the line that it stands in, else between the lines."""
    middle = (text.bottom + text.top) / 2
    beside = [row for row in rows if row.cells and row.bottom - 2 <= middle <= row.bottom + row.height + 2]
    cell = (text.text, text.left, text.right)
    if beside:
        row = min(beside, key=lambda row: min(abs(right - text.left) for _, _, right in row.cells))
        row.cells.append(cell)
        row.cells.sort(key=lambda cell: cell[1])
    else:
        at = next((place for place, row in enumerate(rows) if row.bottom < middle), len(rows))
        rows.insert(at, _Row([cell], middle - 5.0, 10.0))


def _columns_in_order(rows: list[_Row]) -> list[_Row]:
    """Put a column before the one to its right where the file draws them the other way round."""
    blocks: list[list[_Row]] = []
    for row in rows:
        if blocks and row.bottom <= blocks[-1][-1].bottom + 0.5 * row.height:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    for place in range(1, len(blocks)):
        if _stands_left(blocks[place], blocks[place - 1]):
            blocks[place - 1], blocks[place] = blocks[place], blocks[place - 1]
    return [row for block in blocks for row in block]


def _stands_left(block: Sequence[_Row], of: Sequence[_Row]) -> bool:
    beside = max(row.cells[-1][2] for row in block) < min(row.cells[0][1] for row in of)
    shared = min(block[0].bottom, of[0].bottom) - max(block[-1].bottom, of[-1].bottom)
    return beside and shared > 0.5 * min(block[0].bottom - block[-1].bottom, of[0].bottom - of[-1].bottom)


def _share_columns(row: _Row, other: _Row) -> bool:
    """Whether two lines have a gap at the same place with an edge aligned after or before it."""
    if len(other.cells) < 2:
        return False
    for (_, _, ends), (_, begins, until) in pairwise(row.cells):
        for (_, _, other_ends), (_, other_begins, other_until) in pairwise(other.cells):
            shared = min(begins, other_begins) - max(ends, other_ends)
            middle = (begins + until) / 2 - (other_begins + other_until) / 2
            aligned = min(abs(begins - other_begins), abs(until - other_until), abs(middle)) <= _ALIKE
            if shared > 0.5 * row.height and aligned:
                return True
    return False


def _with_wrapped_cells(rows: list[_Row]) -> list[_Row]:
    """Put a line that goes on only in later columns of the table's row above into that row."""
    kept: list[_Row] = []
    last_bottom = 0.0
    for row in rows:
        above = kept[-1] if kept else None
        near = above is not None and above.is_row and 0 < last_bottom - row.bottom < 1.6 * row.height
        if above is None or not near or not _wraps(row, above):
            kept.append(row)
        else:
            for text, left, right in row.cells:
                at = next(place for place, cell in enumerate(above.cells) if abs(cell[1] - left) <= _ALIKE)
                before = above.cells[at]
                above.cells[at] = f"{before[0]} {text}", before[1], max(before[2], right)
        last_bottom = row.bottom
    return kept


def _wraps(row: _Row, above: _Row) -> bool:
    later = [left for _, left, _ in above.cells[1:]]
    return len(row.cells) < len(above.cells) and all(
        any(abs(left - each) <= _ALIKE for each in later) for _, left, _ in row.cells
    )


def _in_reading_order(rows: list[_Row]) -> Iterator[_Row]:
    """Take prose in two columns apart: lines that run on within their own column and not across."""
    for is_pair, group in groupby(rows, key=lambda row: row.is_row and len(row.cells) == 2):
        part = list(group)
        if not is_pair or not _is_prose(part):
            yield from part
            continue
        for column in (0, 1):
            for row in part:
                yield _Row([row.cells[column]], row.bottom, row.height)


def _is_prose(rows: Sequence[_Row]) -> bool:
    if len(rows) < _LEAST_LINES:
        return False
    for column in (0, 1):
        texts = [row.cells[column][0] for row in rows]
        runs_on = sum(bool(_LOWER.match(text)) for text in texts[1:])
        if sum(map(len, texts)) < _LEAST_PROSE * len(texts) or runs_on < 0.4 * (len(texts) - 1):
            return False
    return True
