"""Small books and presentations, as their programs write them."""

import io
import zipfile
from collections.abc import Mapping, Sequence

_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def epub(pages: Mapping[str, str], title: str = "The Book of Kilns", extra: Mapping[str, str] | None = None) -> bytes:
    """A book of XHTML pages: file name -> body."""
    items = "".join(
        f'<item id="i{at}" href="{name}" media-type="application/xhtml+xml"/>' for at, name in enumerate(pages)
    )
    spine = "".join(f'<itemref idref="i{at}"/>' for at in range(len(pages)))
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
            **{f"OEBPS/{name}": f"<html><body>{body}</body></html>" for name, body in pages.items()},
            **(extra or {}),
        }
    )


def paragraph(text: str, level: int = 0) -> str:
    """A paragraph; markup of runs may be given instead of text."""
    runs = text if text.startswith("<a:r>") else f"<a:r><a:t>{text}</a:t></a:r>"
    return f'<a:p><a:pPr lvl="{level}"/>{runs}</a:p>'


def shape(kind: str, *paragraphs: str) -> str:
    """A placeholder of a kind, such as "title" or "body"; "" for a text box."""
    holder = f'<p:ph type="{kind}"/>' if kind else ""
    return f"<p:sp><p:nvSpPr><p:nvPr>{holder}</p:nvPr></p:nvSpPr><p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Cells are text, or "^" for one that is merged into that above it and "<" into that to its left."""
    marks = {"^": ' vMerge="1"', "<": ' hMerge="1"'}
    cells = [
        [
            f"<a:tc{marks.get(cell, '')}><a:txBody>{paragraph('' if cell in marks else cell)}</a:txBody></a:tc>"
            for cell in row
        ]
        for row in rows
    ]
    body = "".join(f"<a:tr>{''.join(row)}</a:tr>" for row in cells)
    return (
        f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{body}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )


def pptx(slides: Sequence[str], notes: Mapping[int, str] | None = None, hidden: Sequence[int] = ()) -> bytes:
    """A presentation; slides count from 1, and each is the markup of its shapes."""
    notes = notes or {}
    numbers = range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + at}" r:id="rId{at}"/>' for at in numbers)
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_TYPE}/slide" Target="slides/slide{at}.xml"/>' for at in numbers
    )
    parts = {
        "_rels/.rels": _relations(
            f'<Relationship Id="r" Type="{_TYPE}/officeDocument" Target="ppt/presentation.xml"/>'
        ),
        "ppt/presentation.xml": f"<p:presentation {_P} {_R}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(relations),
    }
    for at, shapes in enumerate(slides, 1):
        show = ' show="0"' if at in hidden else ""
        parts[f"ppt/slides/slide{at}.xml"] = (
            f"<p:sld {_P} {_A}{show}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        )
        if at in notes:
            parts[f"ppt/slides/_rels/slide{at}.xml.rels"] = _relations(
                f'<Relationship Id="n" Type="{_TYPE}/notesSlide" Target="../notesSlides/notesSlide{at}.xml"/>'
            )
            spoken = shape("body", paragraph(notes[at])) + shape("sldNum", paragraph(str(at)))
            parts[f"ppt/notesSlides/notesSlide{at}.xml"] = f"<p:notes {_P} {_A}><p:cSld>{spoken}</p:cSld></p:notes>"
    return zipped(parts)


def _relations(inside: str) -> str:
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inside}</Relationships>'
    )
