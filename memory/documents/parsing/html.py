"""HTML: what a reader of the page would read, without navigation and other furniture.

The page is first made plain (`_plain`): what is hidden or struck through goes, equations, pictures of equations,
superscripts and form fields become text in their places. Then its blocks are written down in order (`_Reader`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.equations import Node, math_ml
from memory.documents.parsing.furniture import content_of, remove_furniture
from memory.documents.parsing.labels import as_item, label
from memory.documents.parsing.outline import Extract, fenced, file_title
from memory.documents.parsing.plaintext import decode_text
from memory.documents.parsing.scripts import (
    GAP_FORMULA,
    GAP_IMAGE,
    from_symbol_font,
    lowered,
    note_mark,
    raised,
    set_apart,
)
from memory.documents.parsing.tables import Cell, add_table, in_one_line
from memory.documents.parsing.visibility import Styles, remove_hidden, styles_of, was_removed
from memory.documents.passages import ParsedDocument

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement


_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml[^>]*>?", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_INVISIBLE: dict[int, None] = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))
"""Soft hyphens and what has no width."""
_NEVER_READ = "audio canvas datalist head iframe noscript object rp rt rtc script style svg template video".split()
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
_STRUCK = ("del", "s", "strike")
_LONGEST_SCRIPT = 60
"""What is longer than so many characters is no superscript, whatever its element."""
_LONGEST_TERM = 80
_ENOUGH = 80
"""So many characters before an element say how it is meant."""
_NOTE = re.compile(r"\bnote|footnote|\bfn\b|noteref|reference|cite", re.IGNORECASE)
_NOTE_MARK = re.compile(r"\[\w{1,4}\]|[⁰¹²³⁴-⁹*†‡]+")
"""Of a note: it stands before the note's first paragraph."""
_MATH_IMAGE = re.compile(r"math|\btex\b|latex|equation|formula", re.IGNORECASE)
_SYMBOL_FONT = re.compile(r"^[\"' ]*(?:symbol|wingdings)", re.IGNORECASE)
_TYPED = frozenset(("", "text", "number", "tel", "date", "time", "datetime-local", "month", "week", "url"))
_PROSE = ("p", "li", "td", "th", "dd", "label", "span", "div")


def parse_html(name: str, data: bytes) -> ParsedDocument:
    """Extract headings, paragraphs, lists ("- " or the number), tables ("a | b | c") and `pre` (as fenced code).

    Reads `main` or the article that has most of the text where the page has one. The title is the first h1, else
    <title>, else the file's name.

    Raises:
        InvalidInput: the file is empty, not text, or has no readable text.
    """
    declared = _CHARSET.search(data[:2048])
    markup = decode_text(data, name, declared[1].decode("ascii", "replace") if declared else None)
    soup = _soup(markup)
    own = " ".join(soup.title.get_text().split()) if soup.title else ""
    _plain(soup)
    remove_furniture(soup)
    extract = _extract(content_of(soup))
    if not extract.text:
        raise InvalidInput(f"{name} has no readable text.", "If a script fills the page, save it from a browser.")
    title = next((heading for heading in extract.headings if heading.level == 1), None)
    return extract.document(title or own or file_title(name), "text/html")


def _soup(markup: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup

    # The line break tells Beautiful Soup that a short text is no file name.
    return BeautifulSoup(_DECLARATION.sub("", markup) + "\n", "lxml")


def _plain(soup: BeautifulSoup) -> None:
    """Leave what a reader sees, all of it as text."""
    styles = styles_of(soup)
    _keep_one_form_of_equations(soup)
    remove_hidden(soup, styles)
    for tag in soup.find_all(True):
        struck = tag.name in _STRUCK or "line-through" in _decoration(styles, tag)
        if not was_removed(tag) and (tag.name in _NEVER_READ or struck):
            tag.decompose()
    for math in soup.find_all(re.compile(r"^(?:\w+:)?math$")):
        _replace(math, _equation(math))
    for image in soup.find_all("img"):
        _replace(image, _image(image))
    for tag in soup.find_all(("button", "input", "select")):
        _read_control(tag)
    for tag in soup.find_all(class_="admonition-title"):
        _lead_with(tag)
    for tag in soup.find_all("q"):
        tag.insert(0, "“")
        tag.append("”")
    for tag in soup.find_all(True):
        font = str(tag.get("face") or "") if tag.name == "font" else styles.get(id(tag), {}).get("font-family", "")
        if _SYMBOL_FONT.match(font):
            _replace(tag, from_symbol_font(tag.get_text(), font.split(",")[0]))
    _write_scripts(soup, styles)


def _lead_with(title: Tag) -> None:
    """Put the title of a notice, such as "Warning", before its first paragraph."""
    after = title.find_next_sibling(True)
    words = " ".join(title.get_text().split())
    if words and after is not None and after.name == "p":
        after.insert(0, f"{words}{'' if words.endswith((':', '!', '?')) else ':'} ")
        title.decompose()


def _decoration(styles: Styles, tag: Tag) -> str:
    style = styles.get(id(tag), {})
    return style.get("text-decoration", "") + style.get("text-decoration-line", "")


def _replace(tag: Tag, text: str) -> None:
    """Make a text of an element, in its place: `replace_with` looks through all its siblings."""
    if not was_removed(tag):
        tag.clear()
        tag.name = "span"
        tag.append(text)


def _keep_one_form_of_equations(soup: BeautifulSoup) -> None:
    """Renderers put an equation into a page twice: drawn, and as MathML or TeX."""
    for drawn in soup.select(".katex-html, .MathJax_Preview, mjx-math"):
        drawn.decompose()
    for script in soup.find_all("script", type=re.compile("^math/tex")):
        for near in (script.find_previous_sibling(True), script.find_next_sibling(True)):
            if near is not None and any(
                name.startswith("MathJax") for name in near.get_attribute_list("class") if name
            ):
                near.decompose()
        _replace(script, f" {script.get_text()} ")


def _equation(math: Tag) -> str:
    etree: Any = import_module("lxml.etree")
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(re.sub(r"<(/?)\w+:", r"<\1", str(math)).encode(), parser)
    written = None if root is None else math_ml(cast("Node", root))
    if written is None:
        return f" {GAP_FORMULA} " if math.get_text(strip=True) or math.find(True) else ""
    before, after = _text_beside(math, "previous"), _text_beside(math, "next")
    return f"{' ' if before[-1:].isalnum() else ''}{written}{' ' if after[:1].isalnum() else ''}"


def _text_beside(tag: Tag, side: str) -> str:
    """The text of the node right before or after an element, "" where another element's block is."""
    node: PageElement | None = tag.previous_sibling if side == "previous" else tag.next_sibling
    return node.get_text() if node is not None else ""


def _image(image: Tag) -> str:
    """What stands for an image: its words where it is part of a sentence or an equation, a gap where it has none."""
    described = image.get("alt")
    words = " ".join(str(described or image.get("title") or "").split())
    marks = " ".join(str(image.get(name) or "") for name in ("class", "src", "role"))
    within = image.find_parent(("p", "li", "td", "th", "dd", "dt", "caption", *_HEADINGS))
    if _MATH_IMAGE.search(marks):
        return words or f" {GAP_FORMULA} "
    if within is None or not (
        _text_before(image) or _goes_on_after(image) or (image.parent is not within and within.get_text(strip=True))
    ):
        return ""
    if words or described is not None:
        return f" {words} " if words else ""
    return f" {GAP_IMAGE} " if _goes_on_after(image) and _text_before(image) else ""


def _text_before(tag: Tag) -> str:
    parts: list[str] = []
    length = 0
    for node in tag.previous_siblings:
        parts.append(node.get_text())
        length += len(parts[-1].strip())
        if length >= _ENOUGH:
            break
    return "".join(reversed(parts)).strip()


def _goes_on_after(tag: Tag) -> bool:
    return any(node.get_text().strip() for node in tag.next_siblings)


def _read_control(tag: Tag) -> None:
    """Keep what a control says: a button's words within a heading or a sentence, a field's value."""
    if was_removed(tag):
        return
    if tag.name == "input":
        _replace(tag, _field(tag))
        return
    if tag.name == "select":
        _replace(tag, " ".join(option.get_text() for option in tag.find_all("option", selected=True)))
        return
    within = tag.find_parent((*_HEADINGS, "summary", "dt", "legend", "caption"))
    words = tag.get_text(strip=True)
    opens = tag.get("aria-expanded") is not None or tag.get("aria-controls") or tag.find(tuple(_HEADINGS))
    if within is not None and within.get_text(strip=True) == words:
        tag.unwrap()
    elif opens and within is None:
        tag.name = "div"
    elif tag.parent is not None and tag.parent.name in _PROSE and _goes_on_after(tag) and _text_before(tag):
        tag.unwrap()
    else:
        tag.decompose()


def _field(tag: Tag) -> str:
    kind = str(tag.get("type") or "").lower()
    if kind in ("checkbox", "radio"):
        return "☒ " if tag.get("checked") is not None else "☐ "
    return f" {tag.get('value')} " if kind in _TYPED and tag.get("value") else ""


def _write_scripts(soup: BeautifulSoup, styles: Styles) -> None:
    """Write raised and lowered text into the line; inner ones first."""
    found = [(tag, _script(tag, styles)) for tag in soup.find_all(True)]
    scripts = [(tag, way) for tag, way in found if way and len(tag.get_text()) <= _LONGEST_SCRIPT]
    notes = {tag.get_text(strip=True) for tag, way in scripts if way == "sup" and _begins_block(tag)}
    for tag, way in reversed(scripts):
        if was_removed(tag) or tag.parent is None:
            continue
        before, words = _text_before(tag), " ".join(tag.get_text().split())
        if tag.get_text()[-1:].isspace():
            tag.insert_after(" ")
        after = next((text[0] for node in tag.next_siblings if (text := node.get_text())), "")
        if way == "sub":
            _replace(tag, set_apart(lowered(words), after))
        elif _is_note(tag, words) or (words in notes and _follows_plain_figure(before)):
            _replace(tag, note_mark(words))
        elif not _write_fraction(tag, before, words):
            _replace(tag, set_apart(raised(words, before), after))


def _script(tag: Tag, styles: Styles) -> str:
    if tag.name in ("sup", "sub"):
        return tag.name
    aligned = styles.get(id(tag), {}).get("vertical-align", "")
    if aligned in ("super", "sub") and tag.name not in _BLOCKS:
        return "sup" if aligned == "super" else "sub"
    names = tag.get_attribute_list("class")
    if tag.name in ("span", "small", "a"):
        if tag.get("role") == "doc-noteref" and tag.find("sup") is None:
            return "sup"
        return "sup" if "superscript" in names else "sub" if "subscript" in names else ""
    return ""


def _begins_block(tag: Tag) -> bool:
    """Whether a raised mark stands at the beginning of its block, as that of a note's text does."""
    block = tag.find_parent(tuple(_BLOCKS))
    return (
        block is not None and not _text_before(tag) and block.get_text(strip=True).startswith(tag.get_text(strip=True))
    )


def _is_note(tag: Tag, words: str) -> bool:
    """Whether a raised mark leads to a note."""
    if not words or len(words) > 8:
        return False
    link = tag if tag.name == "a" else tag.find("a") or tag.find_parent("a")
    leads = link is not None and "#" in str(link.get("href") or "")
    named = " ".join(str(tag.get(name) or "") for name in ("class", "id", "role", "epub:type"))
    return leads or bool(_NOTE.search(named))


def _follows_plain_figure(before: str) -> bool:
    """Whether a figure other than a ten stands before: powers are mostly powers of ten."""
    figure = re.search(r"[\d.,]*\d$", before)
    return figure is not None and figure[0] != "10"


def _write_fraction(tag: Tag, before: str, words: str) -> bool:
    """Write "1 1/2" for a raised and a lowered number with a stroke between them."""
    stroke = tag.next_sibling
    lower = stroke.next_sibling if stroke is not None else None
    written = lower.get_text().strip(" ₀₁₂₃₄₅₆₇₈₉") if lower is not None else "x"
    if stroke is None or lower is None or stroke.get_text().strip() not in ("/", "⁄", "∕"):
        return False
    below = lower.get_text().strip().translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
    number = re.match(r"\d+", below)
    if not words.isdigit() or number is None or written[:1].isdigit():
        return False
    lower.replace_with(below[number.end() :])
    stroke.extract()
    _replace(tag, f"{' ' if before[-1:].isdigit() else ''}{words}/{number[0]}")
    return True


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
            reader.words.append(_BLANKS.sub(" ", child.translate(_INVISIBLE)))
    return reader.extract


@dataclass(slots=True)
class _List:
    """A list that is being read: the number of its next item, None for bullets."""

    number: int | None
    kind: str = "1"
    step: int = 1


@dataclass(slots=True)
class _Reader:
    """Writes down blocks as elements begin and end."""

    extract: Extract = field(default_factory=Extract)
    words: list[str] = field(default_factory=list[str])
    """Inline text since the last block began or ended; "\\n" for a line break."""
    lists: list[_List] = field(default_factory=list[_List])
    """The lists around, from the outermost."""
    mark: str = ""
    """Of the list item that has no text yet."""
    terms: list[str] = field(default_factory=list[str])
    """Of a list of definitions, those that the next definition is of."""
    described: bool = False
    """Whether `terms` have a definition already."""
    tight: bool = False
    """Whether the outermost list around has text already."""

    def enter(self, tag: Tag) -> bool:
        """Begin an element; False where it was read as a whole, so that its children are not to be looked at."""
        if tag.name == "br":
            self.words.append("\n")
        level = _heading_level(tag)
        if tag.name not in _BLOCKS and not level:
            return True
        if tag.name in ("dt", "dd") and tag.find_parent("dt"):  # one that was not closed
            self.end_term()
        if tag.name == "p" and _NOTE_MARK.fullmatch("".join(self.words).strip()):
            self.words.append(" ")
        else:
            self.flush()
        if level:
            self.terms.clear()
            self.extract.add_heading(level, _inline(tag).rstrip(_PERMALINK))
        elif tag.name == "pre":
            self.extract.add(fenced(_preformatted(tag)))
        elif tag.name == "table" and not _is_layout(tag):
            caption = tag.find("caption")
            if caption:
                self.extract.add(_inline(caption))
            add_table(self.extract, _rows_of(tag))
        else:
            self.begin(tag)
            return True
        return False

    def begin(self, tag: Tag) -> None:
        if tag.name in _LISTS:
            self.lists.append(_list(tag))
        elif tag.name == "li":
            self.begin_item(tag)
        elif tag.name == "dt" and self.described:
            self.terms.clear()
            self.described = False

    def leave(self, tag: Tag) -> None:
        if tag.name == "dt":
            self.end_term()
        if tag.name in _BLOCKS:
            self.flush()
        if tag.name in _LISTS:
            self.lists.pop()
            self.tight = self.tight and bool(self.lists)
        elif tag.name == "li":
            self.mark = ""
        elif tag.name == "dl" and self.terms:
            self.add_terms()
            self.terms.clear()

    def end_term(self) -> None:
        term = " ".join("".join(self.words).split())
        self.words.clear()
        if term:
            self.terms.append(term)

    def begin_item(self, tag: Tag) -> None:
        self.mark = "- "
        if self.lists and self.lists[-1].number is not None:
            here = self.lists[-1]
            here.number = _number(tag.get("value"), here.number or 0)
            self.mark = as_item(label(here.number, str(tag.get("type") or here.kind)))
            here.number += here.step

    def flush(self) -> None:
        """Write down the inline text as a paragraph, or as (a further part of) a list item or a definition."""
        lines = [" ".join(line.split()) for line in "".join(self.words).split("\n")]
        text = "\n".join(line for line in lines if line)
        self.words.clear()
        if not text:
            return
        if self.terms and not self.lists:
            self.described = True
            term = ", ".join(self.terms)
            if len(term) <= _LONGEST_TERM:
                text = f"{term}{' ' if term.endswith((':', '：')) else ': '}{text}"
            else:
                self.add_terms()
                self.terms.clear()
        if self.lists:
            self.add_terms()
            indent = "  " * min(len(self.lists) - 1, _DEEPEST) + ("" if self.mark else "  ")
            text = indent + self.mark + text.replace("\n", f"\n{indent}  ")
        self.extract.add(text, tight=self.tight)
        self.mark = ""
        self.tight = bool(self.lists)

    def add_terms(self) -> None:
        """Write down terms whose definition does not stand on their line."""
        if self.terms and not self.described:
            self.described = True
            self.extract.add(f"{', '.join(self.terms)}:".replace("::", ":"))


def _heading_level(tag: Tag) -> int:
    if tag.name in _HEADINGS:
        return _HEADINGS[tag.name]
    return max(1, min(6, _number(tag.get("aria-level"), 2))) if tag.get("role") == "heading" else 0


def _list(tag: Tag) -> _List:
    if tag.name != "ol":
        return _List(None)
    falls = tag.get("reversed") is not None
    first = len(tag.find_all("li", recursive=False)) if falls else 1
    return _List(_number(tag.get("start"), first), str(tag.get("type") or "1"), -1 if falls else 1)


def _is_layout(table: Tag) -> bool:
    """Whether a table serves the layout: its cells are read as blocks."""
    if table.get("role") in ("presentation", "none") or table.find(tuple(_HEADINGS)):
        return True
    rows = _own(table, "tr")
    cells = [_cells(row) for row in rows]
    if max((len(row) for row in cells), default=0) < 2:
        return any(cell.find(("p", "div", "ul", "ol", "table", "pre", "dl")) for row in cells for cell in row)
    if not table.find("table"):
        return False
    if table.find("caption", recursive=False) or any(cell.name == "th" for row in cells for cell in row):
        return False
    inner = sum(
        len(each.get_text(strip=True)) for each in table.find_all("table") if each.find_parent("table") is table
    )
    return 2 * inner > len(table.get_text(strip=True))


def _own(table: Tag, name: str) -> list[Tag]:
    """Parts of a table that are not those of a table within."""
    return [part for part in table.find_all(name) if part.find_parent("table") is table]


def _cells(row: Tag) -> list[Tag]:
    return row.find_all(("td", "th"), recursive=False)


def _rows_of(table: Tag) -> list[list[Cell]]:
    """The rows as they are shown: the head first, the foot last."""
    order = {"thead": 0, "tfoot": 2}
    sections: dict[int, list[list[Tag]]] = {}
    for row in _own(table, "tr"):
        section = row.parent.name if row.parent is not None else ""
        sections.setdefault(order.get(section, 1), []).append(_cells(row))
    rows: list[list[Cell]] = []
    for place in sorted(sections):
        section = sections[place]
        for at, row in enumerate(section):
            rows.append([_cell(cell, len(section) - at, is_head=place == 0) for cell in row])
    return rows


def _cell(tag: Tag, rows_left: int, *, is_head: bool) -> Cell:
    rows = _number(tag.get("rowspan"), 1) or rows_left
    of_row = str(tag.get("scope") or "").startswith("row")
    text = _inline(tag)
    return Cell(
        text, _number(tag.get("colspan"), 1), min(rows, rows_left), is_head or (tag.name == "th" and not of_row)
    )


def _inline(tag: Tag) -> str:
    """The text of an element on one line; blocks inside it are kept apart by a space, the items of a list by ";"."""
    for table in reversed(tag.find_all("table")):
        table.replace_with(f" {in_one_line(_rows_of(table))} ")
    return " ".join(_strings(tag, _BLOCKS | {"br"}, " ").translate(_INVISIBLE).split())


def _preformatted(tag: Tag) -> str:
    return _strings(tag, frozenset(("br",)), "\n").translate(_INVISIBLE)


def _strings(tag: Tag, breaking: frozenset[str], gap: str) -> str:
    from bs4 import Tag
    from bs4.element import NavigableString

    parts: list[str] = []
    for node in tag.descendants:
        if isinstance(node, Tag):
            is_next = node.name == "li" and gap == " " and "".join(parts[-4:]).strip()
            parts.append("; " if is_next else gap if node.name in breaking else "")
        elif type(node) is NavigableString:
            parts.append(node)
    return "".join(parts)


def _number(value: object, default: int) -> int:
    """A number that an attribute gives."""
    found = re.fullmatch(r"\s*(-?\d{1,5})\s*", value) if isinstance(value, str) else None
    return int(found[1]) if found else default
