"""Word documents (.docx): the body's paragraphs, lists and tables in order. Notes and comments are not read."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, cast

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.outline import Extract, Heading, file_title, own_title
from memory.documents.passages import ParsedDocument

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

_MOST_BYTES = 200 * 1024 * 1024
_MOST_RATIO = 200
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How old .doc files begin, and .docx files with a password."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,  # an encrypted member; NotImplementedError: an unknown compression
    OSError,
    SyntaxError,  # what lxml raises for XML that is not well-formed
)
_BREAKS = {f"{W}tab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = frozenset((_FALLBACK, *(f"{W}{name}" for name in ("pPr", "rPr", "del", "moveFrom", "txbxContent"))))
_AROUND_BLOCKS = frozenset(f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))


class _Element(Protocol):
    """What is used of an lxml element."""

    @property
    def tag(self) -> object: ...
    @property
    def text(self) -> str | None: ...
    def __iter__(self) -> Iterator[_Element]: ...
    def iter(self, tag: str) -> Iterator[_Element]: ...
    def find(self, path: str) -> _Element | None: ...
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


def parse_docx(name: str, data: bytes) -> ParsedDocument:
    """Extract headings, paragraphs, lists ("- ") and tables ("a | b | c"); deleted and hidden text is left out.

    The title is the paragraph of the style Title, else the only heading of level one, else the document property,
    else the file's name.

    Raises:
        InvalidInput: the file is damaged, not a Word document, protected, far too large unpacked, or has no text.
    """
    _check_archive(name, data)
    from docx import Document
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError

    try:
        document = Document(io.BytesIO(data))
        body = cast("_Element", document.element.body)
        styles = _styles_of(cast("_Element", document.styles.element))
        property_title = document.core_properties.title
    except (PythonDocxError, OpcError, *_BROKEN) as error:
        raise _broken(name) from error
    extract = Extract()
    in_list = False
    for block in _blocks(body):
        in_list = _add(extract, block, styles, in_list=in_list)
    if not extract.text:
        raise InvalidInput(f"{name} has no text.", "If it holds scanned images, run OCR first.")
    title = _title(extract.headings) or own_title(property_title) or file_title(name)
    return extract.document(title, "application/vnd.openxmlformats-officedocument.wordprocessingml.document")


def _check_archive(name: str, data: bytes) -> None:
    if data.startswith(_OLE):
        raise InvalidInput(f"{name} is an old .doc file or has a password.", "Save it as .docx without a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size_bytes = sum(member.file_size for member in archive.infolist())
    except _BROKEN as error:
        raise _broken(name) from error
    if size_bytes > _MOST_BYTES or size_bytes > _MOST_RATIO * len(data):
        raise InvalidInput(
            f"{name} would unpack to {size_bytes} bytes, which is not believable for a document.",
            "Open it in Word and save it again.",
        )


def _broken(name: str) -> InvalidInput:
    return InvalidInput(f"{name} is damaged or not a Word document.", "Open it in Word and save it again.")


def _title(headings: list[Heading]) -> Heading | None:
    titles = [heading for heading in headings if heading.level == 0]
    chapters = [heading for heading in headings if heading.level == 1]
    return titles[0] if titles else chapters[0] if len(chapters) == 1 else None


def _blocks(parent: _Element) -> Iterator[_Element]:
    """Yield paragraphs and tables in order; text boxes come after the paragraph that they are anchored in."""
    for child in parent:
        if child.tag == f"{W}p":
            yield child
            yield from _boxed(child)
        elif child.tag == f"{W}tbl":
            cells = [cell for row in child for cell in _cells(row)]
            if len(cells) == 1:  # a frame around text
                yield from _blocks(cells[0])
            else:
                yield child
        elif child.tag in _AROUND_BLOCKS:
            yield from _blocks(child)


def _boxed(parent: _Element) -> Iterator[_Element]:
    for child in parent:
        if child.tag == f"{W}txbxContent":
            yield from _blocks(child)
        elif child.tag != _FALLBACK:
            yield from _boxed(child)


def _add(extract: Extract, block: _Element, styles: Mapping[str, Style], *, in_list: bool) -> bool:
    """Write down one paragraph or table; return whether it is a list item, as the one before was if `in_list`."""
    if block.tag == f"{W}tbl":
        _add_table(extract, block)
        return False
    text = _text(block)
    style = _style_of(block, styles)
    if not text or style.contents:
        return in_list
    if style.level is not None:
        extract.add_heading(style.level, text)
        return False
    if style.item:
        indent = "  " * style.depth
        extract.add(f"{indent}- " + text.replace("\n", f"\n{indent}  "), tight=in_list)
        return True
    extract.add(text)
    return False


def _add_table(extract: Extract, table: _Element) -> None:
    tight = False
    for row in table:
        cells = [" ".join(" ".join(_text(each) for each in cell.iter(f"{W}p")).split()) for cell in _cells(row)]
        if any(cells):
            extract.add(" | ".join(cells), tight=tight)
            tight = True


def _cells(row: _Element) -> Iterator[_Element]:
    """The cells of a row, also those in content controls; a merged cell comes once."""
    for child in row:
        if child.tag == f"{W}tc":
            yield child
        elif child.tag in _AROUND_BLOCKS:
            yield from _cells(child)


def _text(paragraph: _Element) -> str:
    lines = ("".join(_pieces(paragraph))).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _pieces(parent: _Element) -> Iterator[str]:
    for child in parent:
        if child.tag == f"{W}t":
            yield (child.text or "").replace("\n", " ")
        elif child.tag in _BREAKS:
            yield _BREAKS[str(child.tag)]
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED and not _is_hidden(child):
            yield from _pieces(child)


def _is_hidden(run: _Element) -> bool:
    vanish = run.find(f"{W}rPr/{W}vanish")
    return vanish is not None and vanish.get(f"{W}val") not in ("0", "false", "off")


def _styles_of(root: _Element) -> dict[str, Style]:
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


def _style_of(paragraph: _Element, styles: Mapping[str, Style]) -> Style:
    """What a paragraph is by its style and by its own properties."""
    properties = paragraph.find(f"{W}pPr")
    style = styles.get(_value(properties, "pStyle") or "", Style())
    return style if style.contents else _direct(style, paragraph)


def _direct(style: Style, element: _Element) -> Style:
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


def _value(element: _Element | None, child: str) -> str | None:
    found = None if element is None else element.find(f"{W}{child}")
    return None if found is None else found.get(_VALUE)


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) == 1 else None
