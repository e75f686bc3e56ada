"""What a Word document's paragraph styles mean: title, heading, list item, table of contents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

__all__ = ["Style", "W", "WordElement", "style_of", "styles_of"]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
"""Namespace of WordprocessingML, as lxml writes it before a tag."""

_VALUE = f"{W}val"
_TITLE = frozenset(("title", "titel", "titre", "título", "titolo", "标题", "標題", "表題", "제목"))
_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|заголовок|标题|標題|見出し|제목)\s*([1-9])", re.IGNORECASE
)
_CONTENTS = re.compile(r"(?:toc|目录|目錄)\s*(?:heading|标题|標題|[1-9])", re.IGNORECASE)
_LIST = re.compile(r"list\b|liste\b|列表|列出段落|清單", re.IGNORECASE)
_BODY_LEVEL = 9
"""Outline level, 0-based, of what is no heading."""


class WordElement(Protocol):
    """What is used of an lxml element."""

    @property
    def tag(self) -> object: ...
    @property
    def text(self) -> str | None: ...
    def __iter__(self) -> Iterator[WordElement]: ...
    def iter(self, tag: str) -> Iterator[WordElement]: ...
    def find(self, path: str) -> WordElement | None: ...
    def get(self, key: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph is.

    Attributes:
        level: 0 for the document's title, 1 to 9 for headings, None for all else.
        item: whether it is a list item.
        depth: of the list, 0 for the outermost.
        contents: whether it belongs to the table of contents.
    """

    level: int | None = None
    item: bool = False
    depth: int = 0
    contents: bool = False


def styles_of(root: WordElement) -> dict[str, Style]:
    """Read the styles part: from a style's id to what it means, with what it inherits."""
    elements = {element.get(f"{W}styleId") or "": element for element in root.iter(f"{W}style")}
    styles: dict[str, Style] = {}

    def resolve(key: str, above: tuple[str, ...]) -> Style:
        if key in styles or key not in elements or key in above:
            return styles.get(key, Style())
        element = elements[key]
        base = resolve(_value(element, "basedOn") or "", (*above, key))
        name = (_value(element, "name") or "").strip()
        heading = _HEADING.fullmatch(name)
        style = _direct(base, element)
        if name.lower() in _TITLE:
            style = replace(style, level=0)
        elif heading:
            style = replace(style, level=int(heading[1]))
        elif _CONTENTS.match(name):
            style = Style(contents=True)
        elif _LIST.match(name):
            style = replace(style, item=True)
        styles[key] = style
        return style

    for key in elements:
        resolve(key, ())
    return styles


def style_of(paragraph: WordElement, styles: Mapping[str, Style]) -> Style:
    """What a paragraph is by its style and by its own properties."""
    properties = paragraph.find(f"{W}pPr")
    style = styles.get(_value(properties, "pStyle") or "", Style())
    return style if style.contents else _direct(style, paragraph)


def _direct(style: Style, element: WordElement) -> Style:
    """Apply the properties that a style or paragraph states itself."""
    properties = element.find(f"{W}pPr")
    outline = _number(_value(properties, "outlineLvl"))
    if outline is not None:
        style = replace(style, level=outline + 1 if outline < _BODY_LEVEL else None)
    numbering = None if properties is None else properties.find(f"{W}numPr")
    if numbering is not None:
        depth = _number(_value(numbering, "ilvl")) or 0
        style = replace(style, item=_value(numbering, "numId") != "0", depth=depth)
    return style


def _value(element: WordElement | None, child: str) -> str | None:
    found = None if element is None else element.find(f"{W}{child}")
    return None if found is None else found.get(_VALUE)


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) == 1 else None
