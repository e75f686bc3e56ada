"""Plain text and reStructuredText: the text stays as it is; underlined headings divide it."""

import re

from memory.documents.parsing.decoding import decode_text
from memory.documents.parsing.outline import Heading, file_title, sections_of
from memory.documents.passages import ParsedDocument

__all__ = ["parse_plaintext"]

_MARK = r"[=\-~^\"'`#*+.:_]"
_HEADING = re.compile(
    rf"^(?P<over>(?P<mark>{_MARK})(?P=mark){{2,}}[ \t]*\n)?"
    rf"(?P<title> {{0,2}}\S.*+)\n"
    rf"(?P<under>(?P<line>{_MARK})(?P=line){{2,}})[ \t]*$",
    re.MULTILINE,
)
_LETTER = re.compile(r"[^\W_]")
_COLUMNS = re.compile(r"\S(?:[ ]{2,}|\t)\S")
_LONGEST = 120
"""Characters of a heading."""
_SHORTEST = 0.75
"""Length of the line below a heading, in lengths of the heading."""


def parse_plaintext(name: str, data: bytes) -> ParsedDocument:
    """Find the headings that are plainly such: one line after a blank one, with a line of marks of its length below.

    As in reStructuredText the first kind of line found is level one, the second level two, and so on. The title is
    the level-one heading where there is just one, else the file's name. Offsets count the decoded file's characters
    after the newlines have been normalised.

    Raises:
        InvalidInput: the file is empty or not text.
    """
    text = decode_text(data, name)
    headings = _headings(text)
    outermost = [heading for heading in headings if heading.level == 1]
    title = outermost[0] if len(outermost) == 1 else None
    words = title.text if title else file_title(name)
    return ParsedDocument(words, text, sections_of(text, headings, title), "text/plain")


def _headings(text: str) -> list[Heading]:
    kinds: list[tuple[str, bool]] = []
    headings: list[Heading] = []
    for found in _HEADING.finditer(text):
        words = found["title"].strip()
        over = found["over"]
        before = text[text.rfind("\n", 0, max(0, found.start() - 1)) + 1 : found.start()]
        alone = not before.strip()
        fits = _SHORTEST * len(words) <= len(found["under"]) and len(words) <= _LONGEST
        matching = over is None or over.strip() == found["under"]
        if alone and fits and matching and _LETTER.search(words) and not _COLUMNS.search(words):
            kind = (found["line"], over is not None)
            if kind not in kinds:
                kinds.append(kind)
            headings.append(Heading(kinds.index(kind) + 1, words, found.start()))
    return headings
