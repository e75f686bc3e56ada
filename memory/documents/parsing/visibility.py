"""What of a page nobody sees, and what its styles raise, lower or strike through.

Reads the attribute `hidden`, style attributes and the style sheets that stand in the page itself; not those in other
files. What is hidden and can be opened by something on the page (tabs, accordions) is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_OTHER_MEDIA = re.compile(r"print|speech|aural|max-(?:device-)?width|\bnot\b")
_NAMES = re.compile(r"[.#]([\w-]+)")
_OF_INTEREST = frozenset(
    ("display", "visibility", "opacity", "text-decoration", "text-decoration-line", "vertical-align", "font-family")
)
_MOST_RULES = 400
_NEVER_HIDDEN = frozenset(("html", "body", "head", "math"))
"""A script shows a page whose body was hidden; of an equation the readable form is often hidden."""
_OPENERS = ("aria-controls", "data-target", "data-bs-target", "href")

Styles = dict[int, dict[str, str]]
"""From the `id()` of an element to its properties of interest, by name."""


def styles_of(soup: BeautifulSoup) -> Styles:
    """The properties that the page's own style sheets and style attributes give each element, without inheritance."""
    known = {name for tag in soup.find_all(True) for name in _names_of(tag)}
    weights: dict[tuple[int, str], tuple[bool, int, int]] = {}
    styles: Styles = {}

    def give(tag: Tag, name: str, value: str, weight: tuple[int, int]) -> None:
        important = "!important" in value
        ranked = (important, *weight)
        if ranked >= weights.get((id(tag), name), (False, -1, -1)):
            weights[id(tag), name] = ranked
            styles.setdefault(id(tag), {})[name] = value.replace("!important", "").strip()

    applied = 0
    for order, (selector, declarations) in enumerate(_rules_of(soup)):
        if applied < _MOST_RULES and set(_NAMES.findall(selector)) <= known:
            applied += 1
            for tag in _chosen(soup, selector):
                for name, value in declarations.items():
                    give(tag, name, value, (_specificity(selector), order))
    for tag in soup.find_all(style=True):
        for name, value in _declarations(str(tag["style"])).items():
            give(tag, name, value, (1_000_000, 0))
    return styles


def _rules_of(soup: BeautifulSoup) -> Iterator[tuple[str, dict[str, str]]]:
    """The rules of a page's own style sheets, one selector each."""
    for sheet in soup.find_all("style"):
        for selectors, declarations in _rules(_COMMENT.sub("", sheet.get_text())):
            for selector in selectors.split(","):
                yield selector.strip(), declarations


def _chosen(soup: BeautifulSoup, selector: str) -> Sequence[Tag]:
    from soupsieve.util import SelectorSyntaxError

    try:
        return soup.select(selector)
    except (SelectorSyntaxError, ValueError, NotImplementedError):  # one that only browsers know
        return ()


def _names_of(tag: Tag) -> Iterator[str]:
    yield from tag.get_attribute_list("class")
    yield str(tag.get("id") or "")


def _specificity(selector: str) -> int:
    return (
        10_000 * selector.count("#") + 100 * len(re.findall(r"[.\[:]", selector)) + len(re.findall(r"\b\w+", selector))
    )


def _rules(sheet: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rules of a style sheet for screens that set something of interest."""
    place = 0
    while (opened := sheet.find("{", place)) >= 0:
        prelude = sheet[place:opened].rpartition(";")[2].strip()
        if prelude.startswith("@"):
            closed = _closing(sheet, opened)
            if prelude.startswith(("@media", "@supports", "@layer")) and not _OTHER_MEDIA.search(prelude):
                yield from _rules(sheet[opened + 1 : closed])
        else:
            closed = sheet.find("}", opened)
            closed = len(sheet) if closed < 0 else closed
            declarations = _declarations(sheet[opened + 1 : closed])
            if declarations and prelude:
                yield prelude, declarations
        place = closed + 1


def _closing(sheet: str, opened: int) -> int:
    depth = 0
    for found in re.finditer(r"[{}]", sheet[opened:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return opened + found.start()
    return len(sheet)


def _declarations(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        if colon and name.strip().lower() in _OF_INTEREST:
            found[name.strip().lower()] = value.strip().lower()
    return found


def was_removed(tag: Tag) -> bool:
    """As `tag.decomposed`, which looks through the whole element for a child of some such name."""
    return bool(vars(tag).get("_decomposed"))


def remove_hidden(soup: BeautifulSoup, styles: Styles) -> None:
    """Take out what is not shown and cannot be opened."""
    opened = _openable(soup)
    for tag in soup.find_all(True):
        if was_removed(tag) or tag.name in _NEVER_HIDDEN:
            continue
        if _is_gone(tag, styles.get(id(tag), {})) and not _can_be_opened(tag, opened):
            tag.decompose()
    for tag in soup.find_all(True) if styles else ():
        seen = was_removed(tag) or tag.name in _NEVER_HIDDEN
        if not seen and styles.get(id(tag), {}).get("visibility") in ("hidden", "collapse"):
            _blank(tag, styles)


def _openable(soup: BeautifulSoup) -> set[str]:
    """The ids that links and buttons of the page lead to."""
    found: set[str] = set()
    for name in _OPENERS:
        for tag in soup.select(f"[{name}]"):
            value = str(tag[name])
            if name != "href" or value.startswith("#"):
                found.update(value.replace("#", " ").split())
    return found


def _is_gone(tag: Tag, style: dict[str, str]) -> bool:
    display = style.get("display")
    if display is not None:
        return display == "none"
    if style.get("opacity") in ("0", "0.0", "0%"):
        return True
    hidden = tag.get("hidden")
    return (hidden is not None and hidden != "until-found") or (tag.name == "dialog" and tag.get("open") is None)


def _can_be_opened(tag: Tag, opened: set[str]) -> bool:
    return bool(opened.intersection(str(tag.get("id") or "").split())) or tag.get("role") == "tabpanel"


def _blank(tag: Tag, styles: Styles) -> None:
    """Take the texts out of an invisible element, but for what is visible again within."""
    from bs4 import Tag
    from bs4.element import NavigableString

    for text in [node for node in tag.descendants if isinstance(node, NavigableString)]:
        around = text.parent
        while isinstance(around, Tag) and around is not tag:
            if styles.get(id(around), {}).get("visibility") == "visible":
                break
            around = around.parent
        if around is tag:
            text.extract()
