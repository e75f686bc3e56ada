"""How headings divide a text into sections, and how extracted blocks become such a text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from memory.documents.passages import ParsedDocument, Section

_BREAKS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_BACKTICKS = re.compile(r"`{3,}")
_NO_TITLE = re.compile(
    r"(?:microsoft \w+ - .*"
    r"|\W*(?:untitled|unspecified|anonymous|no title|word document|document ?\d*|presentation ?\d*)\W*"
    r"|.*\.(?:ai|cdr|docx?|docm|dvi|dwg|eps|exe|fm|html?|indd|jpe?g|odp|ods|odt|p65|pages|pdf|png|pptx?|ps|pub|qxd|rtf"
    r"|tex|tiff?|tmp|txt|vsdx?|wpd|wps|xlsx?|xml|zip)|[\W\d_]*)",
    re.IGNORECASE,
)


def normalise_newlines(text: str) -> str:
    r"""Turn every kind of line break, those of Unicode too, into "\n".

    A carriage return with a line feed counts as one break; all others are replaced one for one.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BREAKS.sub("\n", text)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and where it stands.

    Attributes:
        level: 1 for the outermost, 0 for a title above it; levels may be left out on the way down.
        text: plain, on one line, not empty.
        start: of the line it stands on, 0-based offset into the document's text.
    """

    level: int
    text: str
    start: int


def sections_of(text: str, headings: Sequence[Heading], title: Heading | None = None) -> tuple[Section, ...]:
    """Divide `text` at its headings.

    Args:
        text: the whole text.
        headings: in order of `start`.
        title: the one of `headings` that is the document's title, and so no part of any heading path.

    Returns:
        Sections that cover `text` exactly, in order; blank text before the first heading belongs to the first.
    """
    sections: list[Section] = []
    path: list[Heading] = []
    names: tuple[str, ...] = ()
    start = 0
    for heading in headings:
        if text[start : heading.start].strip():
            sections.append(Section(names, start, heading.start))
            start = heading.start
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        names = tuple(each.text for each in path if each is not title)
    sections.append(Section(names, start, len(text)))
    return tuple(sections)


def file_title(name: str) -> str:
    """Return the file's name without folders and suffix; never empty."""
    return PurePath(name).stem.strip() or name.strip() or "untitled"


def own_title(title: str) -> str:
    """Return the title that a file's properties give; "" when it says nothing, as that of an unnamed file."""
    title = " ".join(title.split())
    return "" if _NO_TITLE.fullmatch(title) else title


@dataclass(slots=True)
class Extract:
    """Readable text put together block by block, with the headings met on the way."""

    headings: list[Heading] = field(default_factory=list[Heading])
    _parts: list[str] = field(default_factory=list[str])
    _length: int = 0

    def add(self, text: str, *, tight: bool = False) -> int | None:
        """Append a block after a blank line, or after a line break alone where `tight`.

        Returns:
            Where the block starts; None for a blank one, which is left out.
        """
        text = normalise_newlines(text).strip("\n")
        if not text.strip():
            return None
        if self._parts:
            text = ("\n" if tight else "\n\n") + text
        self._parts.append(text)
        self._length += len(text)
        return self._length - len(text.lstrip("\n"))

    def add_heading(self, level: int, text: str) -> None:
        """Append a heading as a block of its own; a blank one is left out."""
        text = " ".join(text.split())
        start = self.add(text)
        if start is not None:
            self.headings.append(Heading(level, text, start))

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def document(self, title: Heading | str, media_type: str) -> ParsedDocument:
        """Finish: `title` is one of the headings, or a title that stands outside the text."""
        text = self.text
        if isinstance(title, Heading):
            return ParsedDocument(title.text, text, sections_of(text, self.headings, title), media_type)
        return ParsedDocument(title, text, sections_of(text, self.headings), media_type)


def fenced(code: str) -> str:
    """Put a fence around code; "" when the code is blank."""
    code = normalise_newlines(code).strip("\n").rstrip()
    longest = max((len(marks) for marks in _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}" if code.strip() else ""
