"""Markdown (CommonMark): the text stays as it is, headings divide it; what is not shown or struck out is blanked."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from edge.kernel.errors import InvalidInput
from memory.documents.blocks import front_matter_end
from memory.documents.parsing.outline import Heading, file_title, sections_of
from memory.documents.parsing.plaintext import decode_text
from memory.documents.passages import ParsedDocument

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


_MARKUP = re.compile(r"[\\`*_\[\]<>&!]")
_NOT_SHOWN = re.compile(
    r"<!--.{0,20000}?-->|~~(?=\S)[^~\n]+?(?<=\S)~~|<(?P<struck>del|s|strike)>[^<>]*</(?P=struck)>",
    re.DOTALL | re.IGNORECASE,
)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
_NO_BREAK = re.compile(r"[^\n]")
_FRONT_TITLE = re.compile(r"^title:[ \t]*(['\"]?)(?P<title>.*?\S)\1[ \t]*$", re.MULTILINE)


def parse_markdown(name: str, data: bytes) -> ParsedDocument:
    """Find the headings, ATX and setext, that stand outside of lists, quotes and code.

    The title is the first level-one heading, else `title` of the YAML front matter, else the file's name.
    Offsets count the decoded file's characters after the newlines have been normalised.

    Raises:
        InvalidInput: the file is empty, not text, or has comments alone.
    """
    text = _shown(decode_text(data, name))
    if not text.strip():
        raise InvalidInput(f"{name} has no text but comments.", "Give a file with text in it.")
    body = front_matter_end(text)
    headings = _headings(text, body)
    title = next((heading for heading in headings if heading.level == 1), None)
    sections = sections_of(text, headings, title)
    own = _FRONT_TITLE.search(text, 0, body) if title is None else None
    words = title.text if title else own["title"] if own else file_title(name)
    return ParsedDocument(words, text, sections, "text/markdown")


def _shown(text: str) -> str:
    """Put blanks in place of comments and of struck text outside of code, so that all else keeps its place."""
    if not _NOT_SHOWN.search(text):
        return text
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    code = [found.span() for found in _CODE_SPAN.finditer(text)]
    code.extend(
        (starts[token.map[0]], starts[min(token.map[1], len(lines))])
        for token in _blocks().parse(text)
        if token.type in ("fence", "code_block") and token.map
    )

    def blank(found: re.Match[str]) -> str:
        is_code = any(start <= found.start() < end for start, end in code)
        return found[0] if is_code else _NO_BREAK.sub(" ", found[0])

    return _NOT_SHOWN.sub(blank, text)


def _headings(text: str, body: int) -> list[Heading]:
    """Find the headings of `text[body:]`."""
    lines = text[body:].split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=body))
    tokens = _blocks().parse(text[body:])
    headings: list[Heading] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.level == 0 and opening.map:
            words = _plain(inline.content)
            if words:
                headings.append(Heading(int(opening.tag[1]), words, starts[opening.map[0]]))
    return headings


def _plain(content: str) -> str:
    """Take the markup out of a heading."""
    if _MARKUP.search(content):
        content = "".join(_words(token) for token in _inlines().parseInline(content))
    return " ".join(content.split())


def _words(token: Token) -> str:
    if token.children is not None and token.type in ("inline", "image"):
        return "".join(_words(child) for child in token.children)
    return " " if token.type in ("softbreak", "hardbreak") else "" if token.type == "html_inline" else token.content


@lru_cache(maxsize=1)
def _blocks() -> MarkdownIt:
    """A parser of block structure alone: inline markup is most of the work and matters in headings only."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@lru_cache(maxsize=1)
def _inlines() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
