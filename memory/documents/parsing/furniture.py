"""What stands on a page around its content: navigation, banners, search forms, adverts.

An element is not judged by its name alone: a warning is often an `aside`, and a whole page may be one `form`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memory.documents.parsing.visibility import was_removed

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_CONTENT = ("main", "article")
_SECTIONS = ("main", "article", "section", "td", "blockquote", "figure")
_NOTICE = re.compile(
    r"warn|caution|danger|notice|\bnotes?\b|\btips?\b|hint|important|admonition|callout|attention|alert|safety|info\b"
    r"|achtung|hinweis|gefahr|vorsicht",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"side-?bar|related|share|social|advert|\bads?\b|promo|toc\b|breadcrumb|newsletter|widget|cookie", re.IGNORECASE
)
_NOTES = re.compile(r"foot-?notes?|end-?notes?|\bnotes\b|references", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:\S+\s+){3,}\S*[.!?。！？]|[\u3400-\u9fff]{6,}")
_PROSE = ("p", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "dl")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CONSENT = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
_MOSTLY, _LEAST = 0.5, 0.6


def remove_furniture(soup: BeautifulSoup) -> None:
    """Take furniture out of a page; what holds most of its text stays whatever it is."""
    whole = max(1, _size(soup.body or soup))
    for tag in soup.find_all("nav"):
        if not was_removed(tag) and (_size(tag) < _MOSTLY * whole or _are_links(tag)):
            tag.decompose()
    for tag in soup.find_all(("div", "section"), id=_CONSENT) + soup.find_all(("div", "section"), class_=_CONSENT):
        if not was_removed(tag) and _size(tag) < _LEAST * whole:
            tag.decompose()
    own = " ".join(soup.title.get_text().split()).casefold() if soup.title else ""
    judged = {"aside": _is_beside, "form": _is_dialogue, "header": _is_banner, "footer": _is_imprint}
    for tag in soup.find_all(tuple(judged)):
        if was_removed(tag) or _size(tag) > _MOSTLY * whole or not judged[tag.name](tag):
            continue
        named = tag.find("h1") if tag.name == "header" else None
        if named is not None and " ".join(named.get_text().split()).casefold() in own and named.get_text(strip=True):
            tag.replace_with(named.extract())
        else:
            tag.decompose()


def content_of(soup: BeautifulSoup) -> Tag:
    """The element that has the content: `main`, or the only article where it has most of the text."""
    main = soup.find("main") or soup.find(role="main")
    if main is not None and main.get_text(strip=True):
        return main
    articles = soup.find_all("article", limit=2)
    only = articles[0] if len(articles) == 1 else None
    return only if only is not None and _size(only) >= _MOSTLY * _size(soup.body or soup) else soup


def _size(tag: Tag) -> int:
    return len(tag.get_text(strip=True))


def _are_links(tag: Tag) -> bool:
    return sum(_size(link) for link in tag.find_all("a")) > _MOSTLY * _size(tag)


def _names(tag: Tag) -> str:
    return " ".join(str(tag.get(name) or "") for name in ("class", "id", "role", "epub:type")).replace("['", " ")


def _is_beside(tag: Tag) -> bool:
    """Whether an aside is no part of the text: not in the content, not between paragraphs, not named a notice."""
    if _NOTES.search(_names(tag)) and tag.find(id=True):
        return False
    if _BESIDE.search(_names(tag)) or _are_links(tag):
        return True
    if _NOTICE.search(_names(tag)) or tag.find_parent(_SECTIONS):
        return False
    before, after = tag.find_previous_sibling(_PROSE), tag.find_next_sibling(_PROSE)
    return before is None or after is None


def _is_dialogue(tag: Tag) -> bool:
    """Whether a form asks for something and says nothing."""
    asks = tag.find("input", type=("password", "email", "search")) is not None or tag.get("role") == "search"
    if asks:
        return True
    return tag.find((*_HEADINGS, *_CONTENT, "table")) is None and not _SENTENCE.search(tag.get_text(" ", strip=True))


def _is_banner(tag: Tag) -> bool:
    return tag.find_parent(_SECTIONS) is None


def _is_imprint(tag: Tag) -> bool:
    """Whether a footer has no notes of the text in it and does not end a part of it."""
    if tag.find(class_=_NOTES) or tag.find(id=re.compile(r"^(?:fn|note|footnote)", re.IGNORECASE)) or tag.find("sup"):
        return False
    return tag.find_parent(_SECTIONS) is None or _are_links(tag)
