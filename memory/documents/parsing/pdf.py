"""PDF: the text of all pages as paragraphs, under the headings of the outline or else page by page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from memory.documents.parsing.outline import Extract, Heading, file_title, own_title, sections_of
from memory.documents.parsing.pdfpages import Bookmark, read_pdf
from memory.documents.parsing.reflow import Line, is_same_text, paragraphs_of, without_running_lines
from memory.documents.passages import ParsedDocument
from memory.errors import InvalidInput

__all__ = ["parse_pdf"]

_HEADING_LINES = 3
"""A heading runs over so many lines at most."""
_ABOVE = 4.0
"""A bookmark's line is the first whose lower edge lies this far, in points, or farther below its place."""


def parse_pdf(name: str, data: bytes) -> ParsedDocument:
    """Join lines to paragraphs, mend words torn at line ends, drop running headers and footers.

    Sections are those of the outline; without one, each page is a section "Page N", and a sentence that runs on to
    the next page belongs to the page it begins on. The title is the outline's only outermost entry where others
    stand below it, else the document property, else the file's name.

    Raises:
        InvalidInput: the file has a password, is damaged, or has no text (scanned images).
    """
    content = read_pdf(name, data)
    lines = without_running_lines(content.pages)
    if not lines:
        raise InvalidInput(f"{name} has no text, only images or drawings.", "If it was scanned, run OCR first.")
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
    title = _root(content.bookmarks) or own_title(content.title) or file_title(name)
    same = next((heading for heading in headings if marks and is_same_text(heading.text, title)), None)
    return ParsedDocument(title, extract.text, sections_of(extract.text, headings, same), "application/pdf")


def _root(bookmarks: Sequence[Bookmark]) -> str:
    """The title of the outline's only outermost entry, when others stand below it; else ""."""
    outermost = [mark.title for mark in bookmarks if mark.level == 1]
    return outermost[0] if len(outermost) == 1 < len(bookmarks) else ""


def _placed(bookmarks: Sequence[Bookmark], lines: Sequence[Line]) -> list[tuple[int, int, Bookmark]]:
    """Find the heading of each bookmark: (first line, line after the last), in order of the lines.

    A bookmark whose words do not stand on its page has no lines of its own: both are the line that it points to. It
    is left out when it does not say where on the page and another heading stands above.
    """
    pages = [line.page for line in lines]
    free: dict[int, int] = {}
    found: list[tuple[int, int, Bookmark]] = []
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
