"""What PDFium knows of a PDF: the lines of each page with their places, the outline, the title.

PDFium is not safe for threads: one lock of this module serialises every use of it.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from memory.documents.parsing.reflow import Line
from memory.errors import InvalidInput

__all__ = ["Bookmark", "PdfContent", "read_pdf"]

_PDFIUM = threading.Lock()
_LINE = re.compile(r"[^\r\n\x02\uFFFE]+[\x02\uFFFE]?")
"""PDFium writes a mark in place of a hyphen at the end of a line and of the line break after it."""
_GAP = 1.0
"""A gap between words that is wider than this, in heights of the line, is one between table columns."""
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_UNREADABLE = dict.fromkeys([*range(9), *range(14, 32), 127, 0xAD, 0xFEFF, 0xFFFD], None)
_HYPHENS = {2: "-", 0xFFFE: "-"}
_CHARACTERS = {**_LIGATURES, **_UNREADABLE, **_HYPHENS, 9: " ", 0xA0: " "}


@dataclass(frozen=True, slots=True)
class Bookmark:
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
class PdfContent:
    """One list of lines for each page, in the order of the page's content; the outline; the title, perhaps ""."""

    pages: list[list[Line]]
    bookmarks: list[Bookmark]
    title: str


def read_pdf(name: str, data: bytes) -> PdfContent:
    """Read a whole PDF.

    Raises:
        InvalidInput: it has a password or is damaged.
    """
    pdfium: Any = import_module("pypdfium2")
    raw: Any = import_module("pypdfium2.raw")
    with _PDFIUM:
        try:
            with closing(pdfium.PdfDocument(data)) as document:
                pages = [_lines(document, number, raw) for number in range(len(document))]
                title = _words(lambda: document.get_metadata_value("Title"))
                return PdfContent(pages, _bookmarks(document, raw), title)
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


def _bookmarks(document: Any, raw: Any) -> list[Bookmark]:
    found: list[Bookmark] = []
    for entry in document.get_toc():
        title = _words(entry.get_title)
        target = entry.get_dest()
        page = target.get_index() if target else None
        if title and page is not None:
            mode, place = target.get_view()
            at = {raw.PDFDEST_VIEW_XYZ: 1, raw.PDFDEST_VIEW_FITH: 0, raw.PDFDEST_VIEW_FITBH: 0}.get(mode, len(place))
            found.append(Bookmark(entry.level + 1, title, page, place[at] if at < len(place) else None))
    return found


def _lines(document: Any, number: int, raw: Any) -> list[Line]:
    """Read the lines of one page."""
    with closing(document[number]) as page, closing(page.get_textpage()) as textpage:
        count = raw.FPDFText_CountChars(textpage)
        if count <= 0:
            return []
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
