"""From the lines of a page's layout back to paragraphs. Knows places and sizes, nothing of any file format."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[\W_]+")
_ITEM = re.compile(
    r"[-–•‣▪●○◦·*]\s*\S|\(?\d{1,3}[.)]\s+\S|\(?[a-z]\)\s+\S|\d{1,2}、|[（(][一二三四五六七八九十\d]{1,3}[)）]"
)
_BARE_BULLET = re.compile(r"[-–•‣▪●○◦·*]")
_BULLET = re.compile(r"^[-–•‣▪●○◦·*]\s*")
_CHINESE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_TORN = re.compile(r"(?P<head>[^\W\d_]{2,})-$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDS = (".", "!", "?", ":", ";", "。", "！", "？", "：", "；", "…")
_RANGE = re.compile(r"\d ?[-–]$")
_SHORTEST_PART = 4
_BEGIN_CLOSED = frozenset("with there where some when what every over under after".split())
"""Words that others are written together with."""
_EDGE_LINES = 2
"""So many of the uppermost and of the lowest lines of a page may be its header and footer."""
_MARGIN = 0.08
"""Share of a page's height, at either end, where a text body does not reach."""
_LONGEST_WORD = 60
_SAME_COLUMN = 40.0
"""Lines whose left edges are within so many points belong to one column."""
_LOOSE_LEADING = 1.5
"""Distance of lines in heights, assumed where no paragraph shows it."""
_LARGER_GAP = 1.2
_LARGER_TYPE = 1.25


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page.

    Attributes:
        text: without surrounding blanks, not empty; " | " between the cells of a table row.
        page: 0-based.
        left, right, top, bottom: its edges, in points from the page's lower left corner.
        place: `top` as a share of the page's height.
        row: whether it is a table row.
    """

    text: str
    page: int
    left: float
    right: float
    top: float
    bottom: float
    place: float
    row: bool = False

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 1.0)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together: `lines[first:after]`; `tight` when no blank line stands before it."""

    text: str
    first: int
    after: int
    tight: bool


def is_same_text(one: str, other: str) -> bool:
    """Compare two texts by their letters and digits alone; one of them may have a number in front."""
    one, other = (_MARKS.sub("", text).casefold() for text in (one, other))
    if one[:1].isdigit() != other[:1].isdigit():
        one, other = (text.lstrip("0123456789") for text in (one, other))
    return one == other != ""


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[Line]:
    """Drop page headers and footers; join the pages.

    They are lines at the upper or lower edge of at least three pages that differ in figures only; on two pages they
    must stand in the margin and carry the page's number. A page that has nothing else keeps its lines.
    """
    edges = [_edge_lines(page) for page in pages]
    seen = Counter(pattern for lines in edges for pattern in {_pattern(line) for line in lines})
    kept: list[Line] = []
    for number, (page, lines) in enumerate(zip(pages, edges, strict=True), start=1):
        running = {id(line) for line in lines if _is_running(line, seen[_pattern(line)], number)}
        kept.extend(line for line in page if id(line) not in running or len(running) == len(page))
    return kept


def _is_running(line: Line, count: int, number: int) -> bool:
    in_margin = not _MARGIN < line.place < 1 - _MARGIN
    return count >= 3 or (count == 2 and in_margin and str(number) in _DIGITS.findall(line.text))


def _edge_lines(page: Sequence[Line]) -> list[Line]:
    ordered = sorted(page, key=lambda line: line.top)
    return ordered[:_EDGE_LINES] + ordered[_EDGE_LINES:][-_EDGE_LINES:]


def _pattern(line: Line) -> str:
    return _DIGITS.sub("#", line.text)


def paragraphs_of(lines: Sequence[Line], starts: Collection[int], headings: Mapping[int, int]) -> list[Paragraph]:
    """Put lines together to paragraphs, list items ("- ") and table rows.

    Args:
        lines: of all pages, in reading order.
        starts: indices of lines that begin a paragraph in any case.
        headings: from the index of a heading's first line to the one after its last: a paragraph of their own.
    """
    layout = _Layout(lines)
    first = 0
    paragraphs: list[Paragraph] = []
    former = None
    while first < len(lines):
        after = headings.get(first, first + 1)
        while first not in headings and after < len(lines) and after not in starts and after not in headings:
            if layout.divides(lines[after - 1], lines[after]):
                break
            after += 1
        kind = "heading" if first in headings else "row" if lines[first].row else layout.kind(lines[first])
        text = layout.joined([line.text for line in lines[first:after]])
        if kind == "item":
            text = _BULLET.sub("- ", text)
        paragraphs.append(Paragraph(text, first, after, tight=kind in ("item", "row") and kind == former))
        first, former = after, kind
    return paragraphs


class _Layout:
    """What the lines of a document have in common."""

    def __init__(self, lines: Sequence[Line]) -> None:
        margins: defaultdict[tuple[int, int], float] = defaultdict(float)
        for line in lines:
            if not line.row:
                for column in self._columns(line):
                    margins[column] = max(margins[column], line.right)
        self._margins = margins
        self._words = Counter(word.lower() for line in lines for word in _WORD.findall(line.text))
        leadings = [
            (one.bottom - other.bottom) / one.height
            for one, other in pairwise(lines)
            if one.page == other.page and abs(one.left - other.left) < 1 and self._runs_on(one, other)
        ]
        leading = median([each for each in leadings if 0.5 < each < 3.0] or [_LOOSE_LEADING / _LARGER_GAP])
        self._largest_gap = _LARGER_GAP * leading

    def divides(self, line: Line, following: Line) -> bool:
        """Tell whether a paragraph ends between two lines."""
        if _BARE_BULLET.fullmatch(line.text) or self._tears_range(line, following):
            return False
        if line.row or following.row or _ITEM.match(following.text):
            return True
        gap = (line.bottom - following.bottom) / line.height
        if line.page != following.page or gap < 0.5:  # next page, or further up: next column
            return not self._runs_on(line, following)
        if gap > self._largest_gap or not 1 / _LARGER_TYPE < following.height / line.height < _LARGER_TYPE:
            return True
        ended = line.text.endswith(_ENDS)
        if ended and following.left > line.left + 0.8 * line.height and not _ITEM.match(line.text):
            return True
        word = following.text.split(maxsplit=1)[0]
        letters = 1 if _CHINESE.match(word) else len(word)
        needed = (letters + 1) * (following.right - following.left) / len(following.text)
        ended_early = line.right + needed < self._margin(line)
        return ended_early and (ended or not (following.text[0].islower() or line.text.endswith((",", "，", "、"))))

    def _tears_range(self, line: Line, following: Line) -> bool:
        """Tell whether a range of figures such as "10-20" goes on in the next line."""
        near = line.page == following.page and line.bottom - following.bottom <= self._largest_gap * line.height
        return near and bool(_RANGE.search(line.text)) and following.text[0].isdigit() and not line.row

    def _runs_on(self, line: Line, following: Line) -> bool:
        """Tell whether a sentence certainly goes on from one line to the next."""
        if line.row or following.row or line.text.endswith(_ENDS):
            return False
        if _CHINESE.match(following.text) and _CHINESE.match(line.text[-1]):
            return line.right + 1.5 * line.height > self._margin(line)
        return following.text[0].islower()

    def _margin(self, line: Line) -> float:
        return max(self._margins[column] for column in self._columns(line))

    @staticmethod
    def _columns(line: Line) -> tuple[tuple[int, int], tuple[int, int]]:
        column = int(line.left // _SAME_COLUMN)
        return (line.page, column), (line.page, column + 1)

    @staticmethod
    def kind(line: Line) -> str:
        return "item" if _ITEM.match(line.text) or _BARE_BULLET.fullmatch(line.text) else "text"

    def joined(self, texts: Sequence[str]) -> str:
        """Join the lines of a paragraph; mend words torn at the ends of lines."""
        parts = [texts[0]]
        for text in texts[1:]:
            former = parts[-1]
            if former[-1] == "-" and former[-2:-1].isalnum():
                parts[-1] = former if self._keeps_hyphen(former, text) else former[:-1]
            elif not _is_joined(former, text):
                parts.append(" ")
            parts.append(text)
        return "".join(parts)

    def _keeps_hyphen(self, former: str, text: str) -> bool:
        """Keep the hyphen at a line's end unless it tears a word: decided by what else stands in the document."""
        head, tail = _TORN.search(former[-_LONGEST_WORD:]), _WORD.match(text)
        if not head or not tail or not text[0].islower():
            return True
        words = head["head"].lower(), tail[0].lower()
        if "".join(words) in self._words:
            return False
        compound = min(self._words[word] - 1 for word in words) > 0 and min(map(len, words)) >= _SHORTEST_PART
        return "-".join(words) in self._words or (compound and words[0] not in _BEGIN_CLOSED)


def _is_joined(former: str, text: str) -> bool:
    """Whether no blank stands between the texts of two lines."""
    range_goes_on = bool(_RANGE.search(former[-3:])) and text[0].isdigit()
    return range_goes_on or former[-1] == "/" or bool(_CHINESE.match(former[-1]) and _CHINESE.match(text))
