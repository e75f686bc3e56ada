"""Books (.epub): the chapters in reading order, each read as the HTML page that it is."""

import posixpath
from typing import Any
from urllib.parse import unquote, urldefrag

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.archive import BROKEN, Archive
from memory.documents.parsing.html import parse_html
from memory.documents.parsing.outline import file_title, own_title
from memory.documents.passages import ParsedDocument, Section

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/html"))
_MOST_CHAPTERS = 5000


def parse_epub(name: str, data: bytes) -> ParsedDocument:
    """Read the pages of the spine one after another; what each has as its title stands over its own headings.

    The title is that of the book's metadata, else the file's name.

    Raises:
        InvalidInput: the file is damaged, copy-protected, too large unpacked, or has no text.
    """
    archive = Archive(name, data, "an EPUB book")
    try:
        if _ENCRYPTION in archive.names:
            methods = [each.get("Algorithm") or "" for each in archive.xml(_ENCRYPTION).iter("{*}EncryptionMethod")]
            if any(method not in _FONTS for method in methods):
                raise InvalidInput(f"{name} is copy-protected.", "Give a book without protection.")
        root = next(archive.xml(_CONTAINER).iter("{*}rootfile"), None)
        path = "" if root is None else root.get("full-path") or ""
        package = archive.xml(path)
        title = own_title(package.findtext(".//{http://purl.org/dc/elements/1.1/}title") or "")
        pages = _pages(package, posixpath.dirname(path))
    except BROKEN as error:
        raise archive.damaged() from error
    text = ""
    sections: list[Section] = []
    for page in pages:
        if page not in archive.names:
            continue
        try:
            part = parse_html(page, archive.read(page))
        except InvalidInput:  # a cover, a blank page
            continue
        start = len(text) + 2 if text else 0
        if sections:  # what parts two chapters belongs to the one before
            last = sections.pop()
            sections.append(Section(last.heading_path, last.start, start))
        chapter = () if part.title == file_title(page) else (part.title,)
        text += ("\n\n" if text else "") + part.text
        sections += [
            Section((*chapter, *each.heading_path), start + each.start, start + each.end) for each in part.sections
        ]
    if not text.strip():
        raise InvalidInput(f"{name} has no text.", "If its pages are pictures, run OCR first.")
    return ParsedDocument(title or file_title(name), text, tuple(sections), "application/epub+zip")


def _pages(package: Any, folder: str) -> list[str]:
    """Paths of the pages in reading order, without the table of contents."""
    items = {each.get("id"): each for each in package.iter("{*}item")}
    found: list[str] = []
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES or reference.get("linear") == "no":
            continue
        if "nav" not in (item.get("properties") or "").split():
            found.append(posixpath.normpath(posixpath.join(folder, unquote(urldefrag(item.get("href") or "")[0]))))
    return list(dict.fromkeys(found))[:_MOST_CHAPTERS]
