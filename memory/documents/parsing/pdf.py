"""PDF: the text of all pages as paragraphs, under the headings of the outline or else page by page.

PDFium is not safe for threads: one lock of this module serialises every use of it.
"""

from __future__ import annotations

import ctypes
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from itertools import takewhile
from math import pi
from typing import Any

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.ocr import ADVICE, can_read_scans, read_page
from memory.documents.parsing.outline import Extract, Heading, file_title, own_title, sections_of
from memory.documents.parsing.reflow import Line, Paragraph, is_same_text, paragraphs_of, without_running_lines
from memory.documents.parsing.scripts import from_symbol_font
from memory.documents.parsing.tables import reads_as_head, rule_under
from memory.documents.parsing.typesetting import UNREADABLE, Glyph, lines_of
from memory.documents.passages import ParsedDocument

_PDFIUM = threading.Lock()
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_NOTHING = dict.fromkeys([*range(9), *range(14, 32), 127, 0xAD, 0x200B, 0x2060, 0xFEFF, 0xFFFD], None)
_HYPHENS = {2: "-", 0xFFFE: "-"}
"""PDFium writes a mark in place of a hyphen at the end of a line and of the line break after it."""
_CHARACTERS: dict[int, str | None] = {**_LIGATURES, **_NOTHING, **_HYPHENS, 9: " ", 0xA0: " "}
_PRIVATE, _PRIVATE_END = 0xF020, 0xF100
_EVERY = 7
"""Every so many characters are asked for how the page's text is turned."""
_THIN = 1.6
"""A shape that is at most so high, in points, is a line."""
_UNSEEN = 2 | 32
"""Flags of an annotation that is hidden or not to be viewed."""
_MOST_UNREAD = 0.1
"""Share of the characters of a document that may be unknown."""
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
class _Page:
    """The lines of a page, how many characters it has, and how many of them the file does not say the meaning of."""

    lines: list[Line]
    inked: int
    unread: int


@dataclass(frozen=True, slots=True)
class _Content:
    """The pages, with lines in the order of their content; the outline; the title, perhaps ""."""

    pages: list[_Page]
    bookmarks: list[_Bookmark]
    title: str


def parse_pdf(name: str, data: bytes) -> ParsedDocument:
    """Join lines to paragraphs, mend words torn at line ends, drop running headers and footers.

    Sections are those of the outline; without one, each page is a section "Page N", and a sentence that runs on to
    the next page belongs to the page it begins on. Pages without text are read by OCR where the extra `ocr` is
    installed. The title is the outline's only outermost entry where others
    stand below it, else the document property, else the file's name.

    Raises:
        InvalidInput: the file has a password, is damaged, has no text (scanned images), or does not say what its
            characters are.
    """
    content = _read_pdf(name, data)
    if sum(page.unread for page in content.pages) > _MOST_UNREAD * sum(page.inked for page in content.pages):
        raise InvalidInput(
            f"{name} does not say which characters its fonts show.",
            "Save it again from the program that it was written with, or run OCR on it.",
        )
    lines = without_running_lines([page.lines for page in content.pages])
    if not lines:
        raise InvalidInput(f"{name} has no text, only images or drawings.", ADVICE)
    marks = _placed(content.bookmarks, lines)
    spans = {first: after for first, after, _ in marks if after > first}
    extract = Extract()
    offsets: dict[int, int] = {}
    paragraphs = paragraphs_of(lines, {first for first, _, _ in marks}, spans)
    for place, paragraph in enumerate(paragraphs):
        offsets[paragraph.first] = extract.add(paragraph.text, tight=paragraph.tight) or 0
        if lines[paragraph.first].row and not paragraph.tight and (rule := _rule_under(paragraphs[place:])):
            extract.add(rule, tight=True)
    begins = list(offsets)
    if marks:
        starts = [offsets[begins[bisect_right(begins, first) - 1]] for first, _, _ in marks]
        headings = [Heading(mark.level, mark.title, start) for start, (_, _, mark) in zip(starts, marks, strict=True)]
    else:
        pages = {lines[first].page: offsets[first] for first in reversed(begins)}
        headings = [Heading(1, f"Page {page + 1}", pages[page]) for page in sorted(pages)]
    title = _root(content.bookmarks) or own_title(content.title) or file_title(name)
    same = next((heading for heading in headings if marks and is_same_text(heading.text, title)), None)
    return ParsedDocument(title, extract.text, sections_of(extract.text, headings, same), "application/pdf")


def _rule_under(rows: Sequence[Paragraph]) -> str:
    """The line to stand under the first row of a table, where that has the heads of columns; else ""."""
    head = rows[0].text.split(" | ")
    body = [row.text.split(" | ") for row in takewhile(lambda row: row.tight and " | " in row.text, rows[1:])]
    return rule_under(head) if all(len(row) == len(head) for row in body) and reads_as_head(head, body) else ""


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


_Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points from the page's lower left corner."""


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
                document.init_forms()
                pages = [_lines(document, number, raw) for number in range(len(document))]
                title = _words(lambda: document.get_metadata_value("Title"))
                return _Content(pages, _bookmarks(document, raw), title)
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


def _lines(document: Any, number: int, raw: Any) -> _Page:
    """Read the lines of one page."""
    with closing(document[number]) as page, closing(page.get_textpage()) as opened:
        textpage = opened.raw  # what PDFium takes; the object around it costs more than the call
        count = max(0, raw.FPDFText_CountChars(textpage))
        turns = Counter(_turn(textpage, place, raw) for place in range(0, count, _EVERY))
        turn = turns.most_common(1)[0][0] if turns else 0
        struck, areas = _struck(page, raw), _struck_areas(page, raw)
        filled_in = _filled_in(document, page, raw)
        if not count and not filled_in and raw.FPDFPage_CountObjects(page) > 0 and can_read_scans():
            return _Page(read_page(page, number), 0, 0)
        runs: dict[int, list[list[Glyph]]] = {each: [[]] for each in range(4)}
        unread = inked = 0
        begins, way = True, turn
        is_unsure = any(raw.FPDFText_HasUnicodeMapError(textpage, place) for place in range(0, count, _EVERY))
        rectangle = raw.FS_RECTF()
        code_of, box_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox
        for place in range(count):
            code = code_of(textpage, place)
            if code in (10, 13):
                if not begins:
                    runs[way].append([])
                begins = True
                continue
            if begins and code != 0x20:
                way, begins = _turn(textpage, place, raw), False
            is_plain = 0x20 <= code < 0x7F and not is_unsure
            text = chr(code) if is_plain else _character(textpage, place, code, raw)
            inked += code != 0x20
            unread += text == UNREADABLE
            if not text:
                continue
            box_of(textpage, place, rectangle)
            box = rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
            if (struck or areas) and text != " " and _is_struck(box, struck, areas):
                continue
            runs[way][-1].append(Glyph(text, *(_upright(box, way) if way else box)))
            if code in _HYPHENS:  # it ends a line
                runs[way].append([])
                begins = True
        height = page.get_height()
    ways = sorted(runs, key=lambda way: way != turn)
    lines = [line for way in ways for line in lines_of(runs[way], number, height, filled_in if way == turn else ())]
    return _Page(lines, inked, unread)


def _turn(textpage: Any, place: int, raw: Any) -> int:
    """By how many quarters a character is turned against the page, counter-clockwise."""
    return round(2 * raw.FPDFText_GetCharAngle(textpage, place) / pi) % 4


def _character(textpage: Any, place: int, code: int, raw: Any) -> str:
    if code in _CHARACTERS:
        text = _CHARACTERS[code] or ""
        return text if text or not raw.FPDFText_HasUnicodeMapError(textpage, place) else UNREADABLE
    if code == 0 or raw.FPDFText_HasUnicodeMapError(textpage, place):
        return UNREADABLE
    return from_symbol_font(chr(code), "") if _PRIVATE <= code < _PRIVATE_END else chr(code)


def _upright(box: _Box, turn: int) -> _Box:
    """A box as it lies when the page is turned so that its text stands upright."""
    left, bottom, right, top = box
    if turn == 1:
        return bottom, -right, top, -left
    if turn == 2:
        return -right, -top, -left, -bottom
    if turn == 3:
        return -top, left, -bottom, right
    return box


def _struck(page: Any, raw: Any) -> list[_Box]:
    """Flat shapes of a page, which may strike text through."""
    found: list[_Box] = []
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=2):
        left, bottom, right, top = item.get_bounds()
        if top - bottom <= _THIN and right - left > 2 * _THIN:
            found.append((left, bottom, right, top))
    return found


def _struck_areas(page: Any, raw: Any) -> list[_Box]:
    """The areas of text that annotations strike out."""
    return [box for kind, box, _ in _annotations(page, raw) if kind == raw.FPDF_ANNOT_STRIKEOUT]


def _filled_in(document: Any, page: Any, raw: Any) -> list[Glyph]:
    """What was typed into a page: the values of form fields, texts put over the page, notes."""
    found: list[Glyph] = []
    form = document.formenv.raw if document.formenv else None
    for kind, box, annotation in _annotations(page, raw):
        text = ""
        if kind == raw.FPDF_ANNOT_WIDGET and form is not None:
            text = _field(form, annotation, raw)
        elif kind in (raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_TEXT):
            text = _contents(annotation, raw)
            text = f"Note: {text}" if text and kind == raw.FPDF_ANNOT_TEXT else text
        if text:
            found.append(Glyph(text, *box))
    return found


def _annotations(page: Any, raw: Any) -> Iterator[tuple[int, _Box, Any]]:
    """Kind, area and handle of each annotation of a page that is shown."""
    rectangle = raw.FS_RECTF()
    for place in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        if not annotation:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN and raw.FPDFAnnot_GetRect(annotation, rectangle):
                low, high = sorted((rectangle.bottom, rectangle.top))
                box = rectangle.left, low, rectangle.right, high
                yield raw.FPDFAnnot_GetSubtype(annotation), box, annotation
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _contents(annotation: Any, raw: Any) -> str:
    return _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))


def _field(form: Any, annotation: Any, raw: Any) -> str:
    """The value of a form field: its text, or a box that is ticked or not."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return "☒" if raw.FPDFAnnot_IsChecked(form, annotation) else "☐"
    if kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        return _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))
    return ""


def _string(read: Callable[[Any, int], int]) -> str:
    """A text that PDFium writes as UTF-16 into a buffer; "" where it is not."""
    size = read(None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, size)
    return " ".join(bytes(buffer)[: size - 2].decode("utf-16-le", "ignore").translate(_CHARACTERS).split())


def _is_struck(box: _Box, lines: Sequence[_Box], areas: Sequence[_Box]) -> bool:
    across, up = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    within = any(left <= across <= right and bottom <= up <= top for left, bottom, right, top in areas)
    return within or any(_strikes(line, box) for line in lines)


def _strikes(line: _Box, box: _Box) -> bool:
    """Whether a flat shape goes through the middle of a character."""
    left, bottom, right, top = box
    middle = (line[1] + line[3]) / 2
    height = top - bottom
    return line[0] <= (left + right) / 2 <= line[2] and bottom + 0.36 * height < middle < bottom + 0.62 * height
