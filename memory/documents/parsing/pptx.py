"""Presentations (.pptx): each slide's title, text, tables and notes, in order.

Read from the parts themselves: python-pptx would bring Pillow and XlsxWriter (23 MB) to open them and writes more than
it reads.
"""

import re
from collections.abc import Iterator
from typing import Any

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.archive import BROKEN, Archive
from memory.documents.parsing.outline import Extract, file_title, own_title
from memory.documents.parsing.scripts import lowered, raised
from memory.documents.parsing.table_pieces import add_table, clean_cell, has_head
from memory.documents.passages import ParsedDocument

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/")
_FURNITURE = frozenset(("sldNum", "dt", "ftr", "hdr", "sldImg"))
_TITLES = frozenset(("title", "ctrTitle"))
_LISTS = frozenset(("body", "obj", ""))
_DEEPEST = 8


def parse_pptx(name: str, data: bytes) -> ParsedDocument:
    """Read each slide that is shown as a section "Slide 3: its title"; lists as items, its notes at its end.

    Pictures are not read. The title is the document property, else that of the first slide, else the file's name.

    Raises:
        InvalidInput: the file is damaged, protected, too large unpacked, or has no text.
    """
    archive = Archive(name, data, "a PowerPoint presentation")
    extract = Extract()
    try:
        relations = archive.relations("")
        main = next((path for kind, path in relations.values() if kind == "officeDocument"), "")
        slides = archive.relations(main)
        presentation = archive.xml(main)
        if _STRICT.search(archive.read(main)):
            raise InvalidInput(f"{name} is Strict Open XML, which is not supported.", "Save it as .pptx.")
        first = ""
        for number, entry in enumerate(presentation.iter(f"{_P}sldId"), 1):
            key = next((value for key, value in entry.attrib.items() if key.endswith("}id")), "")
            path = slides.get(key, ("", ""))[1]
            if path in archive.names:
                title = _add_slide(extract, archive, path, number)
                first = first or title
        core = next((path for kind, path in relations.values() if kind == "core-properties"), "")
        own = archive.xml(core).findtext("{http://purl.org/dc/elements/1.1/}title") if core in archive.names else ""
    except BROKEN as error:
        raise archive.damaged() from error
    if not extract.text.strip():
        raise InvalidInput(f"{name} has no text, only pictures.", "Save it as PDF and run OCR.")
    title = own_title(own or "") or first or file_title(name)
    return extract.document(title, "application/vnd.openxmlformats-officedocument.presentationml.presentation")


def _add_slide(extract: Extract, archive: Archive, path: str, number: int) -> str:
    """Write down a slide; returns its title. A hidden slide is left out."""
    slide = archive.xml(path)
    if slide.get("show") in ("0", "false"):
        return ""
    relations = archive.relations(path)
    shapes = list(_shapes(slide))
    title = next((_one_line(shape) for shape in shapes if _kind(shape) in _TITLES), "")
    slide_extract = Extract()
    for shape in shapes:
        kind = _kind(shape)
        if kind in _TITLES or kind in _FURNITURE:
            continue
        if shape.tag == f"{_P}graphicFrame":
            _add_frame(slide_extract, shape, relations, archive)
        else:
            _add_text(slide_extract, shape, is_list=kind is not None and kind in _LISTS)
    notes = [archive.xml(each) for kind, each in relations.values() if kind == "notesSlide" and each in archive.names]
    spoken = [line for each in notes for shape in _shapes(each) if _kind(shape) == "body" for line in _lines(shape)]
    if title or slide_extract.text or spoken:
        extract.add_heading(1, f"Slide {number}: {title}" if title else f"Slide {number}")
        extract.add(slide_extract.text)
        if spoken:
            extract.add_heading(2, "Notes")
            extract.add("\n\n".join(text for _, text in spoken))
    return title


def _shapes(root: Any) -> Iterator[Any]:
    """Shapes and frames in order, also those in groups."""
    return (each for each in root.iter(f"{_P}sp", f"{_P}graphicFrame"))


def _kind(shape: Any) -> str | None:
    """The kind of placeholder; "" for one without a kind; None for what is none."""
    holder = shape.find(f"*/{_P}nvPr/{_P}ph")
    return None if holder is None else holder.get("type", "")


def _add_text(extract: Extract, shape: Any, *, is_list: bool) -> None:
    lines = list(_lines(shape))
    items = is_list and len(lines) > 1
    for at, (depth, text) in enumerate(lines):
        indent = "  " * min(depth, _DEEPEST)
        extract.add(f"{indent}- {text}" if items else text, tight=items and at > 0)


def _lines(shape: Any) -> Iterator[tuple[int, str]]:
    """(depth, text) of the paragraphs of a shape that are not blank."""
    body = shape.find(f"{_P}txBody")
    for paragraph in () if body is None else body.iter(f"{_A}p"):
        text = _text(paragraph)
        if text:
            properties = paragraph.find(f"{_A}pPr")
            level = "0" if properties is None else properties.get("lvl", "0")
            yield int(level) if level.isdigit() else 0, text


def _one_line(shape: Any) -> str:
    return " ".join(text for _, text in _lines(shape))


def _text(paragraph: Any) -> str:
    """A paragraph on one line; raised and lowered figures stay so, struck text is left out."""
    parts: list[str] = []
    for run in paragraph.iter(f"{_A}r", f"{_A}br", f"{_A}fld"):
        if run.tag == f"{_A}br":
            parts.append(" ")
            continue
        properties, words = run.find(f"{_A}rPr"), run.findtext(f"{_A}t") or ""
        style = {} if properties is None else properties.attrib
        if style.get("strike", "noStrike") != "noStrike":
            continue
        baseline = style.get("baseline", "0").rstrip("%")
        height = int(baseline) if baseline.lstrip("-").isdigit() else 0
        parts.append(raised(words) if height > 0 else lowered(words) if height < 0 else words)
    return " ".join("".join(parts).split())


def _add_frame(extract: Extract, frame: Any, relations: dict[str, tuple[str, str]], archive: Archive) -> None:
    """A table, or the words of a diagram."""
    for table in frame.iter(f"{_A}tbl"):
        rows = _cells(table)
        head = rows[0] if has_head(rows) else None
        add_table(extract, rows[1:] if head else rows, head, level=2, first=2 if head else 1)
    for reference in frame.iter(f"{_DIAGRAM}relIds"):
        key = next((value for name, value in reference.attrib.items() if name.endswith("}dm")), "")
        path = relations.get(key, ("", ""))[1]
        words = [_text(each) for each in archive.xml(path).iter(f"{_A}p")] if path in archive.names else []
        for at, text in enumerate(word for word in words if word):
            extract.add(f"- {text}", tight=at > 0)


def _cells(table: Any) -> list[list[str]]:
    """The rows of a table; what is merged stands in each of its cells."""
    rows: list[list[str]] = []
    for row in table.iter(f"{_A}tr"):
        cells: list[str] = []
        for at, cell in enumerate(row.iter(f"{_A}tc")):
            text = clean_cell(" ".join(_text(paragraph) for paragraph in cell.iter(f"{_A}p")))
            if cell.get("hMerge") in ("1", "true") and cells:
                text = cells[-1]
            elif cell.get("vMerge") in ("1", "true") and rows and at < len(rows[-1]):
                text = rows[-1][at]
            cells.append(text)
        if any(cells):
            rows.append(cells)
    return rows
