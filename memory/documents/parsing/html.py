"""HTML: what a reader of the page would read, without navigation and other furniture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.outline import Extract, fenced, file_title
from memory.documents.parsing.plaintext import decode_text
from memory.documents.passages import ParsedDocument

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag


_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml[^>]*>?", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_NEVER_READ = ("button", "head", "iframe", "noscript", "object", "script", "select", "style", "svg", "template")
_FURNITURE = ("aside", "footer", "form", "header", "nav")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset(("ul", "ol", "menu"))
_BLOCK_NAMES = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody td"
    " tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_PERMALINK = " ¶#§"
_DEEPEST = 8
"""Lists nested deeper are not indented further."""


def parse_html(name: str, data: bytes) -> ParsedDocument:
    """Extract headings, paragraphs, lists ("- " or the number), tables ("a | b | c") and `pre` (as fenced code).

    Reads `main` or the only `article` where the page has one. The title is the first h1, else <title>, else the
    file's name.

    Raises:
        InvalidInput: the file is empty, not text, or has no readable text.
    """
    declared = _CHARSET.search(data[:2048])
    markup = decode_text(data, name, declared[1].decode("ascii", "replace") if declared else None)
    for unwanted in (_NEVER_READ + _FURNITURE, _NEVER_READ):  # a page may be a single form
        soup = _soup(markup)
        own = " ".join(soup.title.get_text().split()) if soup.title else ""
        extract = _extract(_readable(soup, unwanted))
        if extract.text:
            title = next((heading for heading in extract.headings if heading.level == 1), None)
            return extract.document(title or own or file_title(name), "text/html")
    raise InvalidInput(f"{name} has no readable text.", "If a script fills the page, save it from a browser.")


def _soup(markup: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup

    # The line break tells Beautiful Soup that a short text is no file name.
    return BeautifulSoup(_DECLARATION.sub("", markup) + "\n", "lxml")


def _readable(soup: BeautifulSoup, unwanted: tuple[str, ...]) -> Tag:
    """Take out what is not wanted; return the element that has the content."""
    for tag in soup.find_all(unwanted):
        in_content = tag.name == "header" and tag.find_parent(("main", "article"))
        if not tag.decomposed and not in_content:
            tag.decompose()
    articles = soup.find_all("article", limit=2)
    main = soup.find("main") or soup.find(role="main") or (articles[0] if len(articles) == 1 else None)
    return main if main and main.get_text(strip=True) else soup


def _extract(root: Tag) -> Extract:
    """Go through the elements in order, without recursion: markup may be nested thousands deep."""
    from bs4 import Tag
    from bs4.element import NavigableString

    reader = _Reader()
    left = [(root, iter(root.children))]
    reader.enter(root)
    while left:
        tag, children = left[-1]
        child = next(children, None)
        if child is None:
            left.pop()
            reader.leave(tag)
        elif isinstance(child, Tag):
            if reader.enter(child):
                left.append((child, iter(child.children)))
        elif type(child) is NavigableString:  # its subclasses are comments and the like
            reader.words.append(_BLANKS.sub(" ", child))
    return reader.extract


@dataclass(slots=True)
class _Reader:
    """Writes down blocks as elements begin and end."""

    extract: Extract = field(default_factory=Extract)
    words: list[str] = field(default_factory=list[str])
    """Inline text since the last block began or ended; "\\n" for a line break."""
    counters: list[int | None] = field(default_factory=list[int | None])
    """For each list around: the next item's number, or None where it is a list of bullets."""
    mark: str = ""
    """Of the list item that has no text yet."""
    tight: bool = False
    """Whether the outermost list around has text already."""

    def enter(self, tag: Tag) -> bool:
        """Begin an element; False where it was read as a whole, so that its children are not to be looked at."""
        if tag.name == "br":
            self.words.append("\n")
        if tag.name not in _BLOCKS:
            return True
        self.flush()
        if tag.name in _HEADINGS:
            self.extract.add_heading(_HEADINGS[tag.name], _inline(tag).rstrip(_PERMALINK))
        elif tag.name == "pre":
            self.extract.add(fenced(_preformatted(tag)))
        elif tag.name == "table" and not tag.find(("table", *_HEADINGS)):  # else it serves the layout
            self.add_table(tag)
        else:
            if tag.name in _LISTS:
                self.counters.append(_number(tag.get("start")) if tag.name == "ol" else None)
            elif tag.name == "li":
                self.begin_item()
            return True
        return False

    def leave(self, tag: Tag) -> None:
        if tag.name in _BLOCKS:
            self.flush()
        if tag.name in _LISTS:
            self.counters.pop()
            self.tight = self.tight and bool(self.counters)
        elif tag.name == "li":
            self.mark = ""

    def begin_item(self) -> None:
        number = self.counters[-1] if self.counters else None
        self.mark = "- "
        if number is not None:
            self.mark = f"{number}. "
            self.counters[-1] = number + 1

    def flush(self) -> None:
        """Write down the inline text as a paragraph, or as (a further part of) a list item."""
        lines = [" ".join(line.split()) for line in "".join(self.words).split("\n")]
        text = "\n".join(line for line in lines if line)
        self.words.clear()
        if not text:
            return
        if self.counters:
            indent = "  " * min(len(self.counters) - 1, _DEEPEST) + ("" if self.mark else "  ")
            text = indent + self.mark + text.replace("\n", f"\n{indent}  ")
        self.extract.add(text, tight=self.tight)
        self.mark = ""
        self.tight = bool(self.counters)

    def add_table(self, table: Tag) -> None:
        caption = table.find("caption")
        if caption:
            self.extract.add(_inline(caption))
        tight = False
        for row in table.find_all("tr"):
            cells = [_inline(cell) for cell in row.find_all(("td", "th"), recursive=False)]
            if any(cells):
                self.extract.add(" | ".join(cells), tight=tight)
                tight = True


def _inline(tag: Tag) -> str:
    """The text of an element on one line; blocks inside it are kept apart by a space."""
    return " ".join(_strings(tag, _BLOCKS | {"br"}, " ").split())


def _preformatted(tag: Tag) -> str:
    return _strings(tag, frozenset(("br",)), "\n")


def _strings(tag: Tag, breaking: frozenset[str], gap: str) -> str:
    from bs4 import Tag
    from bs4.element import NavigableString

    parts: list[str] = []
    for node in tag.descendants:
        if isinstance(node, Tag):
            parts.append(gap if node.name in breaking else "")
        elif type(node) is NavigableString:
            parts.append(node)
    return "".join(parts)


def _number(start: object) -> int:
    """The first number of an ordered list."""
    return int(start) if isinstance(start, str) and start.isascii() and start.isdigit() and len(start) < 6 else 1
