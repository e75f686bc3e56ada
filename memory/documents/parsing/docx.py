"""Word documents (.docx): the body's paragraphs, lists, tables and notes in order. Comments are not read.

Text is read as it is shown: what is struck out, hidden or deleted with tracked changes is left out, automatic numbers
are counted, superscripts stay raised, equations are written in one line. Strict Open XML is read as the usual kind.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.archive import BROKEN, OLE
from memory.documents.parsing.equations import Node, office_math
from memory.documents.parsing.labels import as_item, written
from memory.documents.parsing.numbering import Element, Numbering, W, numbering_of
from memory.documents.parsing.outline import Extract, Heading, file_title, own_title
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
from memory.documents.passages import ParsedDocument

_VALUE = f"{W}val"
_TITLE = frozenset(("title", "titel", "titre", "título", "titolo", "标题", "標題", "表題", "제목"))
_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|заголовок|标题|標題|見出し|제목)\s*([1-9])", re.IGNORECASE
)
_CONTENTS = re.compile(r"(?:toc|目录|目錄)\s*(?:heading|标题|標題|[1-9])", re.IGNORECASE)
_LIST = re.compile(r"list\b|liste\b|列表|列出段落|清單", re.IGNORECASE)
_CONTINUES = re.compile(
    r"list (?:continue|paragraph)|listenfortsetzung|listenabsatz|liste continue|paragraphe? de liste|列表接续|列出段落",
    re.IGNORECASE,
)
_BODY_LEVEL = 9
"""Outline level, 0-based, of what is no heading."""

_MOST_BYTES = 200 * 1024 * 1024
_MOST_RATIO = 200
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/"
_BREAKS = {f"{W}tab": " ", f"{W}ptab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_INVISIBLE: dict[int, None] = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))
"""Soft hyphens and what has no width."""
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PICTURE_WORDS = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_OFFICE = "{urn:schemas-microsoft-com:office:office}"
_IMAGE_DATA = (
    "{urn:schemas-microsoft-com:vml}imagedata",
    "{http://schemas.openxmlformats.org/drawingml/2006/main}blip",
)
_SKIPPED = frozenset(f"{W}{name}" for name in ("pPr", "rPr", "sdtPr", "del", "moveFrom", "txbxContent", "rt", "rubyPr"))
_AROUND_BLOCKS = frozenset(f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))
_OFF = ("0", "false", "off")
_RAISED_BY = 3
"""Half points by which text is raised or lowered at least."""
_ENDS = (".", ":", "!", "?", "。", "：")
_INDENTED = 200
"""Twentieths of a point by which a paragraph under an item is indented at least."""


@dataclass(frozen=True, slots=True)
class Look:
    """How characters look; None where that is inherited.

    Attributes:
        struck, hidden: whether they are.
        script: "sup", "sub" or "" for neither.
        font: its name.
    """

    struck: bool | None = None
    hidden: bool | None = None
    script: str | None = None
    font: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph or run is.

    Attributes:
        key: the style's id.
        level: 0 for the document's title, 1 to 9 for headings, None for all else.
        item: whether it is a list item.
        depth: of the list, 0 for the outermost; None where the list decides.
        numbering: the number of the list that counts it, "" for none.
        continues: whether it goes on with the list item before.
        contents: whether it belongs to the table of contents.
        look: of its characters.
    """

    key: str = ""
    level: int | None = None
    item: bool = False
    depth: int | None = None
    numbering: str = ""
    continues: bool = False
    contents: bool = False
    look: Look = Look()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of text in a paragraph: of a kind "", "sup", "sub", "math" or "image"."""

    text: str
    kind: str = ""


def parse_docx(name: str, data: bytes) -> ParsedDocument:
    """Extract headings, paragraphs, lists ("- " or the number) and tables ("a | b | c").

    Deleted, hidden and struck text is left out; notes stand after the paragraph or table that refers to them. The title
    is the paragraph of the style Title, else the only heading of level one, else the document property, else the
    file's name.

    Raises:
        InvalidInput: the file is damaged, not a Word document, protected, far too large unpacked, or has no text.
    """
    _check_archive(name, data)
    from docx import Document
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError

    try:
        document = Document(io.BytesIO(_transitional(data)))
        body = cast("Element", document.element.body)
        styles = _styles_of(cast("Element", document.styles.element))
        parts = {kind: _part(document, kind) for kind in ("numbering", "footnotes", "endnotes")}
        property_title = document.core_properties.title
        numbering = numbering_of(parts["numbering"])
    except (PythonDocxError, OpcError, *BROKEN) as error:
        raise _broken(name) from error
    reader = _Reader(styles, numbering, _notes_of(parts), _marks_of_notes(body, styles))
    for block in _blocks(body):
        reader.add(block)
    extract = reader.extract
    if not extract.text:
        raise InvalidInput(f"{name} has no text.", "If it holds scanned images, run OCR first.")
    title = _title(extract.headings) or own_title(property_title) or file_title(name)
    return extract.document(title, "application/vnd.openxmlformats-officedocument.wordprocessingml.document")


def _check_archive(name: str, data: bytes) -> None:
    if data.startswith(OLE):
        raise InvalidInput(f"{name} is an old .doc file or has a password.", "Save it as .docx without a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size_bytes = sum(member.file_size for member in archive.infolist())
    except BROKEN as error:
        raise _broken(name) from error
    if size_bytes > _MOST_BYTES or size_bytes > _MOST_RATIO * len(data):
        raise InvalidInput(
            f"{name} would unpack to {size_bytes} bytes, which is not believable for a document.",
            "Open it in Word and save it again.",
        )


def _broken(name: str) -> InvalidInput:
    return InvalidInput(f"{name} is damaged or not a Word document.", "Open it in Word and save it again.")


def _transitional(data: bytes) -> bytes:
    """A document of Strict Open XML with the namespaces of the usual kind; any other as it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {member.filename: archive.read(member) for member in archive.infolist()}
    if not any(_STRICT.search(content) for name, content in members.items() if name.endswith(".rels")):
        return data
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            is_xml = name.endswith((".xml", ".rels"))
            archive.writestr(name, _STRICT.sub(_TRANSITIONAL, content) if is_xml else content)
    return file.getvalue()


def _part(document: Any, kind: str) -> Element | None:
    """The root of a part that the document refers to; None where it has none."""
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
            return cast("Element", cast("Any", parse_xml)(relation.target_part.blob))
    return None


def _notes_of(parts: Mapping[str, Element | None]) -> dict[tuple[str, str], Element]:
    """The notes by kind ("footnote", "endnote") and id."""
    notes: dict[tuple[str, str], Element] = {}
    for kind in ("footnote", "endnote"):
        root = parts[f"{kind}s"]
        for note in root.iter(f"{W}{kind}") if root is not None else ():
            notes[kind, note.get(f"{W}id") or ""] = note
    return notes


def _title(headings: list[Heading]) -> Heading | None:
    titles = [heading for heading in headings if heading.level == 0]
    chapters = [heading for heading in headings if heading.level == 1]
    return titles[0] if titles else chapters[0] if len(chapters) == 1 else None


def _blocks(parent: Element) -> Iterator[Element]:
    """Yield paragraphs and tables in order; text boxes come after the paragraph that they are anchored in."""
    for child in parent:
        if child.tag == f"{W}p":
            yield child
            yield from _boxed(child)
        elif child.tag == f"{W}tbl":
            cells = [cell for row in _rows(child) for cell in _cells(row)]
            if len(cells) == 1:  # a frame around text
                yield from _blocks(cells[0])
            else:
                yield child
        elif child.tag in _AROUND_BLOCKS and not _is_placeholder(child):
            yield from _blocks(child)
        elif child.tag == f"{_MC}AlternateContent":
            yield from _blocks(_chosen(child))


def _boxed(parent: Element) -> Iterator[Element]:
    for child in parent:
        if child.tag == f"{W}txbxContent":
            yield from _blocks(child)
        elif child.tag == f"{_MC}AlternateContent":
            yield from _boxed(_chosen(child))
        elif child.tag not in (f"{W}del", f"{W}moveFrom"):
            yield from _boxed(child)


def _chosen(alternatives: Element) -> Element:
    """The one of several forms of the same content to read: the first that has text, else the first."""
    forms = list(alternatives)
    texts = (f"{W}t", f"{W}sym", f"{_MATH}t", f"{W}drawing", f"{W}pict")
    return (
        next((form for form in forms if next(form.iter(*texts), None) is not None), forms[0]) if forms else alternatives
    )


def _is_placeholder(control: Element) -> bool:
    """Whether a content control shows only what is to be filled in."""
    shown = control.find(f"{W}sdtPr/{W}showingPlcHdr")
    return shown is not None and shown.get(_VALUE) not in _OFF


@dataclass(slots=True)
class _Reader:
    """Writes down blocks in order; keeps count of lists, notes and fields."""

    styles: Mapping[str, Style]
    numbering: Numbering
    notes: Mapping[tuple[str, str], Element]
    marks: frozenset[str]
    """Raised texts that begin a paragraph: marks of notes that are typed by hand."""
    extract: Extract = field(default_factory=Extract)
    depth: int | None = None
    """Of the list item before; None where another block came since."""
    fields: list[bool] = field(default_factory=list[bool])
    """For each field around: whether its result has begun; before, it holds instructions."""
    instruction: str = ""
    cited: list[tuple[str, Element]] = field(default_factory=list[tuple[str, Element]])
    """Notes, with their marks, that are still to be written down."""
    counted: dict[str, int] = field(default_factory=dict[str, int])
    joined: list[_Piece] = field(default_factory=list[_Piece])
    """Of paragraphs whose end was deleted: they go on with the next one."""

    def add(self, block: Element) -> None:
        """Write down one paragraph or table, and after it the notes that it refers to."""
        if block.tag == f"{W}tbl":
            self.add_table(block)
        else:
            self.add_paragraph(block)
        while self.cited:
            mark, note = self.cited.pop(0)
            text = " ".join(" ".join(self.text(part).split()) for part in note.iter(f"{W}p")).strip()
            if text:
                self.extract.add(f"{mark} {text}")
                self.depth = None

    def add_paragraph(self, paragraph: Element) -> None:
        style = self.style_of(paragraph)
        if _mark_is_deleted(paragraph):
            self.joined.extend(self.pieces(paragraph, style.look))
            return
        text = self.text(paragraph)
        label = self.label(style, paragraph)
        if not text or style.contents:
            return
        if style.level is not None:
            self.extract.add_heading(style.level, f"{label} {text}" if label not in ("", "-") else text)
            self.depth = None
        elif style.item and label:
            self.depth, tight = style.depth or 0, self.depth is not None
            indent = "  " * self.depth
            mark = "- " if label == "-" else as_item(label)
            self.extract.add(f"{indent}{mark}" + text.replace("\n", f"\n{indent}  "), tight=tight)
        elif self.depth is not None and (style.continues or _is_indented(paragraph)):
            indent = "  " * (self.depth + 1)
            self.extract.add(indent + text.replace("\n", f"\n{indent}"), tight=True)
        else:
            self.extract.add(text)
            self.depth = None

    def add_table(self, table: Element) -> None:
        if any(self.style_of(paragraph).level is not None for paragraph in table.iter(f"{W}p")):  # serves the layout
            for row in _rows(table):
                for cell in _cells(row):
                    for block in _blocks(cell):
                        self.add(block)
        else:
            add_table(self.extract, self.rows(table))
        self.depth = None

    def rows(self, table: Element) -> list[list[Cell]]:
        """The cells of a table; one that goes on downwards is one cell of several rows."""
        found: list[list[Cell]] = []
        above: dict[int, tuple[int, int]] = {}
        for row in _rows(table):
            properties = row.find(f"{W}trPr")
            cells: list[Cell] = []
            column = int(_value(properties, "gridBefore") or 0)
            if column:
                cells.append(Cell("", column))
            for cell in _cells(row):
                own = cell.find(f"{W}tcPr")
                width = max(1, int(_value(own, "gridSpan") or 1))
                merge = None if own is None else own.find(f"{W}vMerge")
                goes_on = merge is not None and merge.get(_VALUE) in (None, "continue")
                if goes_on and column in above:
                    place, at = above[column]
                    found[place][at] = replace(found[place][at], rows=found[place][at].rows + 1)
                else:
                    above[column] = len(found), len(cells)
                    cells.append(Cell(self.cell_text(cell), width, head=_is_on(properties, "tblHeader")))
                column += width
            found.append(cells)
        return found

    def cell_text(self, cell: Element) -> str:
        parts: list[str] = []
        for block in _blocks(cell):
            if block.tag == f"{W}tbl":
                parts.append(in_one_line(self.rows(block)))
                continue
            style = self.style_of(block)
            text, label = self.text(block), self.label(style, block)
            if text:
                item = f"{label} {text}" if style.item and label not in ("", "-") else text
                parts.append(f"; {item}" if style.item and parts else item)
        return " ".join(" ".join(parts).replace(" ; ", "; ").split())

    def label(self, style: Style, paragraph: Element) -> str:
        """The automatic number of a paragraph, "-" for a bullet, "" for none; counts it."""
        if not style.numbering or style.contents:
            return "-" if style.item else ""
        found = self.numbering.next_label(style.numbering, style.depth or 0)
        return "-" if found is None else found

    def style_of(self, paragraph: Element) -> Style:
        """What a paragraph is by its style and by its own properties."""
        properties = paragraph.find(f"{W}pPr")
        style = self.styles.get(_value(properties, "pStyle") or "", self.styles.get("", Style()))
        style = style if style.contents else _direct(style, paragraph)
        if style.numbering and style.depth is None:
            style = replace(style, depth=self.numbering.level_of(style.numbering, style.key) or 0)
        return style

    def text(self, paragraph: Element) -> str:
        pieces = [*self.joined, *self.pieces(paragraph, self.style_of(paragraph).look)]
        self.joined.clear()
        lines = _written(pieces, self.marks).split("\n")
        return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)

    def pieces(self, parent: Element, look: Look) -> list[_Piece]:
        """The visible text under an element, whose characters look so unless they say otherwise."""
        found: list[_Piece] = []
        for child in parent:
            if not isinstance(child.tag, str) or child.tag in _SKIPPED or _is_placeholder(child):
                continue
            if child.tag == f"{W}r":
                own = _looking(_looking(look, self.styles.get(_value(child.find(f"{W}rPr"), "rStyle") or "")), child)
                if not (own.struck or own.hidden):
                    found.extend(self.pieces(child, own))
            elif child.tag == f"{_MC}AlternateContent":
                found.extend(self.pieces(_chosen(child), look))
            elif child.tag in (f"{W}fldChar", f"{W}instrText"):
                found.extend(self.field_part(child))
            elif not all(self.fields):
                continue
            else:
                found.extend(self.content(child, look))
        return found

    def content(self, element: Element, look: Look) -> Iterator[_Piece]:
        tag = str(element.tag)
        if tag == f"{W}t":
            text = (element.text or "").replace("\n", " ").translate(_INVISIBLE)
            yield _Piece(from_symbol_font(text, look.font or ""), look.script or "")
        elif tag in _BREAKS:
            yield _Piece(_BREAKS[tag])
        elif tag == f"{W}sym":
            code = element.get(f"{W}char") or ""
            shown = chr(int(code, 16)) if re.fullmatch("[0-9A-Fa-f]{2,4}", code) else ""
            yield _Piece(from_symbol_font(shown, element.get(f"{W}font") or "Symbol"), look.script or "")
        elif tag in (f"{_MATH}oMath", f"{_MATH}oMathPara"):
            yield _Piece(office_math(cast("Node", element)) or GAP_FORMULA, "math")
        elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
            yield self.reference(element)
        elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
            yield from _picture(element)
        elif tag == f"{W}checkBox" or tag.endswith("}checkbox"):
            yield _Piece("☒ " if _is_on(element, "checked") else "☐ ")
        else:
            yield from self.pieces(element, look)

    def field_part(self, element: Element) -> list[_Piece]:
        """Follow the parts of a field; an equation typed as a field shows what is not in the text."""
        if element.tag == f"{W}instrText":
            self.instruction += element.text or ""
            return []
        kind = element.get(f"{W}fldCharType")
        if kind == "begin":
            self.fields.append(False)
            self.instruction = ""
            box = next(element.iter(f"{W}checkBox"), None)
            if box is not None and all(self.fields[:-1]):
                ticked = box.find(f"{W}checked") if box.find(f"{W}checked") is not None else box.find(f"{W}default")
                return [_Piece("☒ " if ticked is not None and ticked.get(_VALUE) not in _OFF else "☐ ")]
        elif self.fields and kind == "separate":
            self.fields[-1] = True
        elif self.fields and kind == "end":
            had_result = self.fields.pop()
            if not had_result and self.instruction.split()[:1] == ["EQ"] and all(self.fields):
                return [_Piece(GAP_FORMULA, "math")]
        return []

    def reference(self, element: Element) -> _Piece:
        kind = "footnote" if element.tag == f"{W}footnoteReference" else "endnote"
        note = self.notes.get((kind, element.get(f"{W}id") or ""))
        if element.get(f"{W}customMarkFollows") in ("1", "true", "on"):
            if note is not None:
                self.cited.append(("*", note))
            return _Piece("")
        self.counted[kind] = self.counted.get(kind, 0) + 1
        number = written(self.counted[kind], "decimal" if kind == "footnote" else "lowerRoman")
        if note is not None:
            self.cited.append((f"[{number}]", note))
        return _Piece(f"[{number}]")


def _picture(element: Element) -> Iterator[_Piece]:
    """What stands for a picture in the line: its words, or that it is missing; nothing for one that floats."""
    embedded = next(element.iter(f"{_OFFICE}OLEObject"), None)
    if embedded is not None and "equation" in (embedded.get("ProgID") or "").lower():
        yield _Piece(GAP_FORMULA, "math")
        return
    if (
        next(element.iter(f"{_PICTURE_WORDS}anchor"), None) is not None
        or next(element.iter(*_IMAGE_DATA), None) is None
    ):
        return
    described = next(element.iter(f"{_PICTURE_WORDS}docPr"), None)
    yield _Piece(" ".join((described.get("descr") or "").split()) if described is not None else "", "image")


def _written(pieces: list[_Piece], marks: frozenset[str]) -> str:
    """Put the pieces of a paragraph together."""
    merged: list[_Piece] = []
    for piece in pieces:
        if merged and merged[-1].kind == piece.kind in ("", "sup", "sub"):
            merged[-1] = _Piece(merged[-1].text + piece.text, piece.kind)
        elif piece.text or piece.kind == "image":
            merged.append(piece)
    text = ""
    for place, piece in enumerate(merged):
        after = "".join(other.text for other in merged[place + 1 :])
        if piece.kind == "image":
            if piece.text:
                text += f" {piece.text} "
            elif text.strip() and (after.strip() or not text.rstrip().endswith(_ENDS)):
                text += f" {GAP_IMAGE} "
        elif piece.kind == "math":
            text += f"{' ' if text[-1:].isalnum() else ''}{piece.text}{' ' if after[:1].isalnum() else ''}"
        elif piece.kind in ("sup", "sub") and piece.text.strip():
            text += _script(piece, text, after, marks) + (" " if piece.text[-1].isspace() else "")
        else:
            text += piece.text
    return text


def _script(piece: _Piece, before: str, after: str, marks: frozenset[str]) -> str:
    if piece.kind == "sub":
        return set_apart(lowered(piece.text), after[:1])
    figure = re.search(r"[\d.,]*\d$", before)
    if piece.text.strip() in marks and figure and figure[0] != "10":
        return note_mark(piece.text)
    return set_apart(raised(piece.text, before), after[:1])


def _marks_of_notes(body: Element, styles: Mapping[str, Style]) -> frozenset[str]:
    marks: set[str] = set()
    for paragraph in body.iter(f"{W}p"):
        run = next((child for child in paragraph if child.tag == f"{W}r"), None)
        if run is not None and _looking(Look(), run).script == "sup":
            marks.add("".join(part.text or "" for part in run.iter(f"{W}t")).strip())
    return frozenset(marks)


def _rows(table: Element) -> Iterator[Element]:
    """The rows of a table, also those in content controls; without those that were deleted."""
    for child in table:
        if child.tag == f"{W}tr":
            properties = child.find(f"{W}trPr")
            if properties is None or properties.find(f"{W}del") is None:
                yield child
        elif child.tag in _AROUND_BLOCKS:
            yield from _rows(child)


def _cells(row: Element) -> Iterator[Element]:
    """The cells of a row, also those in content controls; without those that were deleted."""
    for child in row:
        if child.tag == f"{W}tc":
            if child.find(f"{W}tcPr/{W}cellDel") is None:
                yield child
        elif child.tag in _AROUND_BLOCKS:
            yield from _cells(child)


def _mark_is_deleted(paragraph: Element) -> bool:
    return (
        paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None or paragraph.find(f"{W}pPr/{W}rPr/{W}moveFrom") is not None
    )


def _is_indented(paragraph: Element) -> bool:
    indent = paragraph.find(f"{W}pPr/{W}ind")
    value = None if indent is None else indent.get(f"{W}left") or indent.get(f"{W}start")
    return bool(value and value.isascii() and value.isdigit() and int(value) >= _INDENTED)


def _styles_of(root: Element) -> dict[str, Style]:
    """Read the styles part: from a style's id to what it means, with what it inherits; "" for the default paragraph."""
    elements = {element.get(f"{W}styleId") or "": element for element in root.iter(f"{W}style")}
    styles: dict[str, Style] = {}

    def resolve(key: str, above: tuple[str, ...]) -> Style:
        if key in styles or key not in elements or key in above:
            return styles.get(key, Style())
        element = elements[key]
        base = resolve(_value(element, "basedOn") or "", (*above, key))
        name = (_value(element, "name") or "").strip()
        heading = _HEADING.fullmatch(name)
        style = _direct(replace(base, key=key), element)
        style = replace(style, look=_looking(style.look, element))
        if name.lower() in _TITLE:
            style = replace(style, level=0)
        elif heading:
            style = replace(style, level=int(heading[1]))
        elif _CONTENTS.match(name):
            style = Style(contents=True)
        elif _CONTINUES.match(name) and not style.numbering:
            style = replace(style, continues=True)
        elif _LIST.match(name):
            style = replace(style, item=True)
        styles[key] = style
        return style

    for key in elements:
        resolve(key, ())
    default = next(
        (
            key
            for key, each in elements.items()
            if each.get(f"{W}default") == "1" and each.get(f"{W}type") == "paragraph"
        ),
        None,
    )
    styles[""] = styles.get(default or "", Style())
    return styles


def _direct(style: Style, element: Element) -> Style:
    """Apply the properties that a style or paragraph states itself."""
    properties = element.find(f"{W}pPr")
    outline = _number(_value(properties, "outlineLvl"))
    if outline is not None:
        style = replace(style, level=outline + 1 if outline < _BODY_LEVEL else None)
    numbering = None if properties is None else properties.find(f"{W}numPr")
    if numbering is not None:
        number = _value(numbering, "numId")
        depth = _number(_value(numbering, "ilvl"))
        number = style.numbering if number is None else number
        is_item = number not in ("", "0")
        depth = style.depth if depth is None else depth
        continues = style.continues and not is_item
        style = replace(style, item=is_item, depth=depth, numbering=number if is_item else "", continues=continues)
    return style


def _looking(look: Look, of: Element | Style | None) -> Look:
    """A look with what a style, or the properties of a run or style, say themselves."""
    if of is None:
        return look
    if isinstance(of, Style):
        said = of.look
        return Look(
            look.struck if said.struck is None else said.struck,
            look.hidden if said.hidden is None else said.hidden,
            look.script if said.script is None else said.script,
            look.font if said.font is None else said.font,
        )
    properties = of.find(f"{W}rPr")
    if properties is None:
        return look
    struck = [_is_on(properties, name) for name in ("strike", "dstrike") if properties.find(f"{W}{name}") is not None]
    hidden = _is_on(properties, "vanish") if properties.find(f"{W}vanish") is not None else look.hidden
    fonts = properties.find(f"{W}rFonts")
    font = None if fonts is None else fonts.get(f"{W}ascii") or fonts.get(f"{W}hAnsi")
    script = {"superscript": "sup", "subscript": "sub", "baseline": ""}.get(_value(properties, "vertAlign") or "?")
    shift = re.fullmatch(r"(-?\d{1,3})(?:\.\d+)?(?:pt)?", _value(properties, "position") or "")
    if script is None and shift and abs(int(shift[1])) >= _RAISED_BY:
        script = "sup" if int(shift[1]) > 0 else "sub"
    return Look(
        any(struck) if struck else look.struck, hidden, look.script if script is None else script, font or look.font
    )


def _is_on(properties: Element | None, child: str) -> bool:
    found = None if properties is None else properties.find(f"{W}{child}")
    return found is not None and found.get(_VALUE) not in _OFF


def _value(element: Element | None, child: str) -> str | None:
    found = None if element is None else element.find(f"{W}{child}")
    return None if found is None else found.get(_VALUE)


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) == 1 else None
