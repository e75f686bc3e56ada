"""Parsers: from a file's bytes to its readable text and the sections under its headings."""

import re
from collections.abc import Callable
from pathlib import PurePath

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.docx import parse_docx
from memory.documents.parsing.html import parse_html
from memory.documents.parsing.markdown import parse_markdown
from memory.documents.parsing.pdf import parse_pdf
from memory.documents.parsing.plaintext import parse_plaintext
from memory.documents.parsing.rst import parse_rst
from memory.documents.passages import ParsedDocument

PARSER_VERSION = 2
"""Raised whenever a parser's output changes for the same file; kept with each document."""

_Parser = Callable[[str, bytes], ParsedDocument]
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
}
SUPPORTED_SUFFIXES: frozenset[str] = frozenset(_PARSERS)
"""In lower case, with the dot."""

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?>.*?-->)\s*)*+<(?:!doctype\s+html|html)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_SNIFFED_BYTES = 4096


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
    if data.startswith(b"PK\x03\x04") and b"word/document.xml" in data:
        return parse_docx
    return parse_html if _HTML.match(data, 0, _SNIFFED_BYTES) else None
