"""Books."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.epub import parse_epub
from tests.fakes.archives import epub, zipped
from tests.fakes.documents import check_document

PAGES = {
    "cover.xhtml": "<img src='cover.png'/>",
    "one.xhtml": "<h1>Kilns</h1><p>Kilns are hot.</p>",
    "two.xhtml": "<h1>Care</h1><p>Text.</p><h2>Doors</h2><p>Close the door at 90 °C.</p>",
}


def test_chapters_are_read_in_order_under_their_titles() -> None:
    document = parse_epub("10811.epub", epub(PAGES))
    check_document(document)
    assert document.title == "The Book of Kilns"
    assert document.text == "Kilns\n\nKilns are hot.\n\nCare\n\nText.\n\nDoors\n\nClose the door at 90 °C."
    assert [section.heading_path for section in document.sections] == [("Kilns",), ("Care",), ("Care", "Doors")]


def test_a_protected_book_is_refused() -> None:
    cipher = '<encryption><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></encryption>'
    with pytest.raises(InvalidInput, match="copy-protected"):
        parse_epub("a.epub", epub(PAGES, extra={"META-INF/encryption.xml": cipher}))
    fonts = '<encryption><EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/></encryption>'
    assert parse_epub("a.epub", epub(PAGES, extra={"META-INF/encryption.xml": fonts})).text


@pytest.mark.parametrize("data", [b"PK\x03\x04", zipped({"META-INF/container.xml": "<container/>"})])
def test_a_damaged_book_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        parse_epub("a.epub", data)
