"""Text files: from bytes to characters, and the underlined headings of plain text and reStructuredText.

Bytes are read by their byte order mark, as UTF-8, as the file itself says, or as `encodings.guess_encoding` finds.
"""

import codecs
import re
from collections.abc import Iterator

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.encodings import guess_encoding
from memory.documents.parsing.outline import Heading, file_title, normalise_newlines, sections_of
from memory.documents.passages import ParsedDocument

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that one's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = dict.fromkeys([*range(9), *range(11, 27), *range(28, 32), 127])  # all but tab, line feed and escape
_PYTHON_ONLY = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
_SAMPLE = 65_536
"""How much of the data the guesses look at, bytes or characters."""
_MOST_CONTROLS = 0.02
_ADVICE = "Save it as UTF-8."
_MEANT = {
    "ascii": "cp1252", "us-ascii": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252", "iso-8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030", "shift-jis": "cp932",
    "sjis": "cp932", "x-sjis": "cp932", "euc-kr": "cp949", "ks-c-5601-1987": "cp949", "big5": "big5hkscs",
}  # fmt: skip

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


def decode_text(data: bytes, name: str, declared: str | None = None) -> str:
    r"""Decode a text file.

    Args:
        data: the file's content.
        name: the file's name, for messages.
        declared: the encoding that the file itself names; believed only where UTF-8 does not fit.

    Returns:
        The text, without byte order mark, with "\n" as the only line break; not blank.

    Raises:
        InvalidInput: the file is empty, binary, or in an encoding that cannot be told.
    """
    text = normalise_newlines(_decode(data, name, declared))
    if not text.strip():
        raise InvalidInput(f"{name} is empty.", "Give a file with text in it.")
    sample = text[:_SAMPLE]
    if "\0" in text or len(sample) - len(sample.translate(_CONTROLS)) > _MOST_CONTROLS * len(sample):
        raise _binary(name)
    return text


def _decode(data: bytes, name: str, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _try(data[len(mark) :], encoding)
            if text is None:
                raise InvalidInput(f"{name} is damaged: it claims to be {encoding.upper()} and is not.", _ADVICE)
            return text
    for encoding in ("utf-8", *_declared(declared)) if b"\0" not in data else ():
        text = _try(data, encoding)
        if text is not None and not _is_escaped(text):
            return text
    guessed = guess_encoding(data)
    text = _try(data, guessed) if guessed else None
    if text is None and b"\0" in data:
        raise _binary(name)
    if text is None:
        raise InvalidInput(f"The text encoding of {name} cannot be told.", _ADVICE)
    return text


def _declared(name: str | None) -> Iterator[str]:
    """The encoding that a file names, the larger one first that is meant by it (WHATWG, Encoding)."""
    if name:
        yield _MEANT.get(name.strip().lower().replace("_", "-"), name)
        yield name


def _is_escaped(text: str) -> bool:
    return any(escape in text for escape in ("\x1b$B", "\x1b$@"))


def _try(data: bytes, encoding: str) -> str | None:
    try:
        if codecs.lookup(encoding).name in _PYTHON_ONLY:
            return None
        text = data.decode(encoding)
        text.encode()  # fails where a lone surrogate got through
    except (LookupError, UnicodeError, ValueError):
        return None
    return text


def _binary(name: str) -> InvalidInput:
    return InvalidInput(f"{name} is not text: it has binary data in it.", "Give it the suffix of what it is.")


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
