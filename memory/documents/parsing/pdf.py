"""PDF: the text of all pages as paragraphs, under the headings of the outline or else page by page.

PDFium is not safe for threads: one lock of this module serialises every use of it.
"""

from __future__ import annotations

import ctypes
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.ocr import ADVICE, can_read_scans, read_page
from memory.documents.parsing.outline import Extract, Heading, file_title, own_title, sections_of
from memory.documents.parsing.pdf_forms import Filled, add_annotations, read_annotations
from memory.documents.parsing.reflow import Line, is_same_text, paragraphs_of, without_running_lines
from memory.documents.passages import ParsedDocument

_PDFIUM = threading.Lock()
_LINE = re.compile(r"[^\r\n\x02\uFFFE]+[\x02\uFFFE]?")
"""PDFium writes a mark in place of a hyphen at the end of a line and of the line break after it."""
_GAP = 1.0
"""A gap between words that is wider than this, in heights of the line, is one between table columns."""
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_UNREADABLE = dict.fromkeys([*range(9), *range(14, 32), 127, 0xAD, 0xFEFF, 0xFFFD], None)
_HYPHENS = {2: "-", 0xFFFE: "-"}
_CHARACTERS = {**_LIGATURES, **_UNREADABLE, **_HYPHENS, 9: " ", 0xA0: " "}
_HEADING_LINES = 3
"""A heading runs over so many lines at most."""
_ABOVE = 4.0
"""A bookmark's line is the first whose lower edge lies this far, in points, or farther below its place."""


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """An entry of the outline.

    Attributes:
        level: 1 for the outermost.
        title: on one line, not empty.
        page: where it points to, 0-based.
        top: how far up on that page, in points from its bottom; None where it does not say.
    """

    level: int
    title: str
    page: int
    top: float | None


@dataclass(frozen=True, slots=True)
class _Content:
    """One list of lines for each page, in the order of the page's content; the outline; the title, perhaps "".

    `filled` are form fields and notes.
    """

    pages: list[list[Line]]
    bookmarks: list[_Bookmark]
    title: str
    filled: list[Filled]


def parse_pdf(name: str, data: bytes) -> ParsedDocument:
    """Join lines to paragraphs, mend words torn at line ends, drop running headers and footers.

    Sections are those of the outline; without one, each page is a section "Page N", and a sentence that runs on to
    the next page belongs to the page it begins on. Values of form fields and notes come at the end. Pages without text
    are read by OCR where the extra `ocr` is installed. The title is the outline's only outermost entry where others
    stand below it, else the document property, else the file's name.

    Raises:
        InvalidInput: the file has a password, is damaged, or has no text (scanned images).
    """
    content = _read_pdf(name, data)
    lines = without_running_lines(content.pages)
    if not lines and not content.filled:
        raise InvalidInput(f"{name} has no text, only images or drawings.", ADVICE)
    marks = _placed(content.bookmarks, lines)
    spans = {first: after for first, after, _ in marks if after > first}
    extract = Extract()
    offsets: dict[int, int] = {}
    for paragraph in paragraphs_of(lines, {first for first, _, _ in marks}, spans):
        offsets[paragraph.first] = extract.add(paragraph.text, tight=paragraph.tight) or 0
    begins = list(offsets)
    if marks:
        starts = [offsets[begins[bisect_right(begins, first) - 1]] for first, _, _ in marks]
        headings = [Heading(mark.level, mark.title, start) for start, (_, _, mark) in zip(starts, marks, strict=True)]
    else:
        pages = {lines[first].page: offsets[first] for first in reversed(begins)}
        headings = [Heading(1, f"Page {page + 1}", pages[page]) for page in sorted(pages)]
    add_annotations(extract, content.filled)
    headings += extract.headings
    title = _root(content.bookmarks) or own_title(content.title) or file_title(name)
    same = next((heading for heading in headings if marks and is_same_text(heading.text, title)), None)
    return ParsedDocument(title, extract.text, sections_of(extract.text, headings, same), "application/pdf")


def _root(bookmarks: Sequence[_Bookmark]) -> str:
    """The title of the outline's only outermost entry, when others stand below it; else ""."""
    outermost = [mark.title for mark in bookmarks if mark.level == 1]
    return outermost[0] if len(outermost) == 1 < len(bookmarks) else ""


def _placed(bookmarks: Sequence[_Bookmark], lines: Sequence[Line]) -> list[tuple[int, int, _Bookmark]]:
    """Find the heading of each bookmark: (first line, line after the last), in order of the lines.

    A bookmark whose words do not stand on its page has no lines of its own: both are the line that it points to. It
    is left out when it does not say where on the page and another heading stands above.
    """
    pages = [line.page for line in lines]
    free: dict[int, int] = {}
    found: list[tuple[int, int, _Bookmark]] = []
    for mark in bookmarks:
        first, after = bisect_left(pages, mark.page), bisect_right(pages, mark.page)
        span = _heading_lines(mark.title, lines, free.get(mark.page, first), after)
        if span is None and mark.top is not None:
            at = next((place for place in range(first, after) if lines[place].bottom <= mark.top - _ABOVE), after)
            span = at, at
        elif span is None and mark.page not in free:
            span = first, first
        if span and span[0] < len(lines):
            free[mark.page] = max(span[1], free.get(mark.page, first))
            found.append((*span, mark))
    return sorted(found, key=lambda each: each[0])


def _heading_lines(title: str, lines: Sequence[Line], first: int, after: int) -> tuple[int, int] | None:
    """Find the lines that have just the words of the title."""
    for start in range(first, after):
        words = ""
        for end in range(start, min(start + _HEADING_LINES, after)):
            words += lines[end].text
            if is_same_text(words, title):
                return start, end + 1
            if len(words) > 2 * len(title) + _HEADING_LINES:
                break
    return None


def _read_pdf(name: str, data: bytes) -> _Content:
    """Read a whole PDF.

    Raises:
        InvalidInput: it has a password or is damaged.
    """
    pdfium: Any = import_module("pypdfium2")
    raw: Any = import_module("pypdfium2.raw")
    with _PDFIUM:
        try:
            with closing(pdfium.PdfDocument(data)) as document:
                filled = read_annotations(document, raw)
                pages = [_lines(document, number, raw) for number in range(len(document))]
                title = _words(lambda: document.get_metadata_value("Title"))
                return _Content(pages, _bookmarks(document, raw), title, filled)
        except pdfium.PdfiumError as error:
            if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
                raise InvalidInput(f"{name} has a password.", "Save it without one.") from error
            raise InvalidInput(f"{name} is damaged or not a PDF.", "Save it again with a PDF reader.") from error


def _words(read: Callable[[], str]) -> str:
    """A text of the file's own on one line; "" when it is not the UTF-16 that it should be."""
    try:
        return " ".join(read().translate(_CHARACTERS).split())
    except UnicodeDecodeError:
        return ""


def _bookmarks(document: Any, raw: Any) -> list[_Bookmark]:
    found: list[_Bookmark] = []
    for entry in document.get_toc():
        title = _words(entry.get_title)
        target = entry.get_dest()
        page = target.get_index() if target else None
        if title and page is not None:
            mode, place = target.get_view()
            at = {raw.PDFDEST_VIEW_XYZ: 1, raw.PDFDEST_VIEW_FITH: 0, raw.PDFDEST_VIEW_FITBH: 0}.get(mode, len(place))
            found.append(_Bookmark(entry.level + 1, title, page, place[at] if at < len(place) else None))
    return found


def _lines(document: Any, number: int, raw: Any) -> list[Line]:
    """Read the lines of one page."""
    with closing(document[number]) as page, closing(page.get_textpage()) as textpage:
        count = raw.FPDFText_CountChars(textpage)
        if count <= 0:
            return read_page(page, number) if raw.FPDFPage_CountObjects(page) > 0 and can_read_scans() else []
        # Twice as many units as characters: those outside of the basic plane take two.
        buffer = (ctypes.c_ushort * (2 * count + 2))()
        units = raw.FPDFText_GetText(textpage, 0, count, buffer)
        text = bytes(buffer)[: 2 * max(0, units - 1)].decode("utf-16-le", "ignore")
        box = _boxes(textpage, raw, exact=len(text) == count)
        height = page.get_height()
        lines = [_line(found[0], found.start(), number, height, box) for found in _LINE.finditer(text)]
    return [line for line in lines if line is not None]


_Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points from the page's lower left corner."""


def _boxes(textpage: Any, raw: Any, *, exact: bool) -> Callable[[int], _Box]:
    """Return what finds the box of a character by its place in the page's text."""
    rectangle = raw.FS_RECTF()

    def box(place: int) -> _Box:
        index = place if exact else raw.FPDFText_GetCharIndexFromTextIndex(textpage, place)
        if not raw.FPDFText_GetLooseCharBox(textpage, index, rectangle):
            return 0.0, 0.0, 0.0, 0.0
        return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top

    return box


def _line(text: str, start: int, page: int, page_height: float, box: Callable[[int], _Box]) -> Line | None:
    """Measure one line; where gaps as between columns divide it, they become " | "."""
    stripped = text.rstrip()
    first = len(stripped) - len(stripped.lstrip())
    if first == len(stripped):
        return None
    left, bottom, _, top = box(start + first)
    right = box(start + len(stripped) - 1)[2]
    cells: list[str] = []
    begin = first
    for blank in re.finditer(r" +(?=\S)", stripped[first:]):
        before, after = first + blank.start(), first + blank.end()
        if box(start + after)[0] - box(start + before - 1)[2] > _GAP * (top - bottom):
            cells.append(stripped[begin:before])
            begin = after
    cells.append(stripped[begin:])
    words = [" ".join(cell.translate(_CHARACTERS).split()) for cell in cells]
    line = " | ".join(word for word in words if word)
    place = top / page_height if page_height > 0 else 0.0
    return Line(line, page, left, right, top, bottom, place, row=len(words) > 1) if line else None
