"""Makes Word documents, with parts that python-docx has no words for."""

import io
import zipfile
from collections.abc import Callable
from typing import Any, cast

__all__ = ["add_style", "append_xml", "repacked", "set_property", "word_file"]

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word_file(write: Callable[[Any], object]) -> bytes:
    """Return the bytes of a document that `write` fills."""
    from docx import Document

    document = Document()
    write(document)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def add_style(document: Any, name: str, base: str | None = None) -> str:
    """Add a paragraph style, perhaps based on another; return its name."""
    from docx.enum.style import WD_STYLE_TYPE

    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    if base:
        style.base_style = document.styles[base]
    return name


def append_xml(document: Any, xml: str) -> None:
    """Append an element to the body; `xml` has the prefix `w` and one place {w} for its declaration."""
    from docx.oxml import parse_xml

    document.element.body[-1].addprevious(cast("Any", parse_xml)(xml.replace("{w}", _W)))


def set_property(paragraph: Any, xml: str) -> None:
    """Append an element to a paragraph's properties; `xml` as in `append_xml`."""
    from docx.oxml import parse_xml

    paragraph._p.get_or_add_pPr().append(cast("Any", parse_xml)(xml.replace("{w}", _W)))


def repacked(data: bytes, member: str, content: bytes) -> bytes:
    """Return the archive with the content of one member replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == member else source.read(name))
    return file.getvalue()
