"""The automatic numbers of Word's lists and headings: formats, levels, restarts, overrides (part numbering.xml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from memory.documents.parsing.labels import written

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
"""Namespace of WordprocessingML, as lxml writes it before a tag."""

_PLACE = re.compile(r"%([1-9])")


class Element(Protocol):
    """What is used of an lxml element."""

    @property
    def tag(self) -> object: ...
    @property
    def text(self) -> str | None: ...
    def __iter__(self) -> Iterator[Element]: ...
    def iter(self, *tags: str) -> Iterator[Element]: ...
    def find(self, path: str) -> Element | None: ...
    def get(self, key: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class _Level:
    """A level: its format, its text such as "%1.%2)", its first number, after which level (1-based) it starts anew."""

    style: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int | None = None
    plain: bool = False
    paragraph_style: str = ""


@dataclass(slots=True)
class Numbering:
    """The lists of a document, which count as its paragraphs are read in order."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict[str, dict[int, _Level]])
    """By the number of an abstract list."""
    lists: dict[str, tuple[str, dict[int, _Level], dict[int, int]]] = field(
        default_factory=dict[str, tuple[str, dict[int, _Level], dict[int, int]]]
    )
    """From the number of a list to its abstract one, its own levels and first numbers."""
    _counts: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])
    _begun: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])

    def level_of(self, list_number: str, paragraph_style: str) -> int | None:
        """The level that a list gives to a style of paragraphs."""
        abstract, own, _ = self.lists.get(list_number, ("", {}, {}))
        for number, level in (self.levels.get(abstract, {}) | own).items():
            if paragraph_style and level.paragraph_style == paragraph_style:
                return number
        return None

    def next_label(self, list_number: str, depth: int) -> str | None:
        """Count a paragraph of a list: its label, "" where it shows none, "-" for a bullet; None for no list."""
        if list_number not in self.lists:
            return None
        abstract, own, starts = self.lists[list_number]
        levels = self.levels.get(abstract, {}) | own
        bullets = any(each.style == "bullet" for each in levels.values())
        level = levels.get(depth, _Level("bullet" if bullets else "decimal", f"%{depth + 1}."))
        counts = self._counts.setdefault(abstract, {})
        overrides = depth in starts and (list_number, depth) not in self._begun
        self._begun.add((list_number, depth))
        if overrides:
            counts[depth] = starts[depth]
        else:
            counts[depth] = counts[depth] + 1 if depth in counts else level.start
        for deeper in [each for each in counts if each > depth]:
            restart = levels.get(deeper, _Level()).restart
            if restart is None or depth < restart:
                del counts[deeper]
        if level.style == "bullet":
            return "-"
        return _PLACE.sub(lambda found: self._written(int(found[1]) - 1, levels, counts, level), level.text).strip()

    @staticmethod
    def _written(place: int, levels: dict[int, _Level], counts: dict[int, int], of: _Level) -> str:
        level = levels.get(place, _Level())
        return written(counts.get(place, level.start), "decimal" if of.plain else level.style)


def numbering_of(root: Element | None) -> Numbering:
    """Read the part."""
    numbering = Numbering()
    if root is None:
        return numbering
    links: dict[str, str] = {}
    linked: dict[str, str] = {}
    for abstract in root.iter(f"{W}abstractNum"):
        key = abstract.get(f"{W}abstractNumId") or ""
        numbering.levels[key] = dict(_level(each) for each in abstract.iter(f"{W}lvl"))
        if style := _value(abstract, "styleLink"):
            links[style] = key
        if style := _value(abstract, "numStyleLink"):
            linked[key] = style
    for key, style in linked.items():
        numbering.levels[key] = numbering.levels.get(links.get(style, ""), {})
    for each in root.iter(f"{W}num"):
        own: dict[int, _Level] = {}
        starts: dict[int, int] = {}
        for override in each.iter(f"{W}lvlOverride"):
            depth = _number(override.get(f"{W}ilvl"), 0)
            if (level := override.find(f"{W}lvl")) is not None:
                own[depth] = _level(level)[1]
            if (start := _value(override, "startOverride")) is not None:
                starts[depth] = _number(start, 1)
        abstract_number = _value(each, "abstractNumId") or ""
        abstract_number = links.get(linked.get(abstract_number, ""), abstract_number)
        numbering.lists[each.get(f"{W}numId") or ""] = (abstract_number, own, starts)
    return numbering


def _level(element: Element) -> tuple[int, _Level]:
    restart = _value(element, "lvlRestart")
    legal = element.find(f"{W}isLgl")
    level = _Level(
        _value(element, "numFmt") or "decimal",
        _value(element, "lvlText") or "",
        _number(_value(element, "start"), 1),
        None if restart is None else _number(restart, 0),
        legal is not None and legal.get(f"{W}val") not in ("0", "false", "off"),
        _value(element, "pStyle") or "",
    )
    return _number(element.get(f"{W}ilvl"), 0), level


def _value(element: Element, child: str) -> str | None:
    found = element.find(f"{W}{child}")
    return None if found is None else found.get(f"{W}val")


def _number(value: str | None, default: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 6 else default
