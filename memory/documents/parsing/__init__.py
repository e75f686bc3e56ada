"""Parsers: from a file's bytes to its readable text and the sections under its headings."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import PurePath

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.asciidoc import parse_asciidoc
from memory.documents.parsing.delimited import parse_csv
from memory.documents.parsing.docx import parse_docx
from memory.documents.parsing.epub import parse_epub
from memory.documents.parsing.html import parse_html
from memory.documents.parsing.key_paths import parse_json, parse_yaml_file
from memory.documents.parsing.mail import parse_mail, parse_mailbox
from memory.documents.parsing.markdown import parse_markdown
from memory.documents.parsing.notebook import parse_notebook
from memory.documents.parsing.pdf import parse_pdf
from memory.documents.parsing.plaintext import parse_plaintext
from memory.documents.parsing.pptx import parse_pptx
from memory.documents.parsing.rst import parse_rst
from memory.documents.parsing.xlsx import parse_xlsx
from memory.documents.passages import ParsedDocument

PARSER_VERSION = 2
"""Raised whenever a parser's output changes for the same file; kept with each document."""

_Parser = Callable[[str, bytes], ParsedDocument]


def _parse_mail(name: str, data: bytes) -> ParsedDocument:
    return parse_mail(name, data, parse_document)


def _parse_mailbox(name: str, data: bytes) -> ParsedDocument:
    return parse_mailbox(name, data, parse_document)


_PARSERS: dict[str, _Parser] = {
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".txt": parse_plaintext,
    ".text": parse_plaintext,
    ".log": parse_plaintext,
    ".rst": parse_rst,
    ".html": parse_html,
    ".htm": parse_html,
    ".xhtml": parse_html,
    ".pdf": parse_pdf,
    ".docx": parse_docx,
    ".docm": parse_docx,
    ".xlsx": parse_xlsx,
    ".xlsm": parse_xlsx,
    ".pptx": parse_pptx,
    ".pptm": parse_pptx,
    ".epub": parse_epub,
    ".csv": parse_csv,
    ".tsv": parse_csv,
    ".tab": parse_csv,
    ".json": parse_json,
    ".jsonl": parse_json,
    ".ndjson": parse_json,
    ".yaml": parse_yaml_file,
    ".yml": parse_yaml_file,
    ".ipynb": parse_notebook,
    ".adoc": parse_asciidoc,
    ".asciidoc": parse_asciidoc,
    ".eml": _parse_mail,
    ".mbox": _parse_mailbox,
}
SUPPORTED_SUFFIXES: frozenset[str] = frozenset(_PARSERS)
"""In lower case, with the dot."""

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?>.*?-->)\s*)*+<(?:!doctype\s+html|html)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_SNIFFED_BYTES = 4096
_PARTS: dict[str, _Parser] = {
    "word/document.xml": parse_docx,
    "xl/workbook.xml": parse_xlsx,
    "ppt/presentation.xml": parse_pptx,
    "META-INF/container.xml": parse_epub,
}
"""The part that tells the kind of a ZIP archive."""


def parse_document(name: str, data: bytes) -> ParsedDocument:
    """Parse a file.

    The name's suffix says what it is, unless the content plainly is of another supported kind; a file without a
    suffix is taken for what its content looks like, plain text at last.

    Args:
        name: the file's name, with or without folders.
        data: its content.

    Raises:
        InvalidInput: the file is empty, of an unsupported kind, damaged, protected, or without text.
    """
    name = PurePath(name).name or name
    found = _SUFFIX.search(name)
    suffix = found[0].lower() if found else ""
    if suffix and suffix not in _PARSERS:
        kinds = ", ".join(sorted(SUPPORTED_SUFFIXES))
        raise InvalidInput(f"Files of the kind {suffix} cannot be read: {name}.", f"Supported kinds: {kinds}.")
    if not data:
        raise InvalidInput(f"{name} is empty.", "Give a file with text in it.")
    parse = _sniffed(data) or _PARSERS.get(suffix, parse_plaintext)
    return parse(name, data)


def _sniffed(data: bytes) -> _Parser | None:
    """Tell the kind from the content, where it is plain."""
    if data.startswith(b"%PDF-"):
        return parse_pdf
    if data.startswith(b"PK\x03\x04"):
        return next((parse for part, parse in _PARTS.items() if part in _members(data)), None)
    return parse_html if _HTML.match(data, 0, _SNIFFED_BYTES) else None


def _members(data: bytes) -> frozenset[str]:
    """The paths in a ZIP archive; none where it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError):
        return frozenset()
