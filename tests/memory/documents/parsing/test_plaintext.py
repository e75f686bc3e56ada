import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.outline import normalise_newlines
from memory.documents.parsing.plaintext import decode_text, parse_plaintext
from tests.fakes.documents import check_document, markdown_soup


def paths(text: str) -> list[tuple[str, ...]]:
    document = parse_plaintext("a.txt", text.encode())
    check_document(document)
    return [section.heading_path for section in document.sections]


def test_underlined_headings() -> None:
    text = "POST CODES\n==========\n\nintro\n\n1. READING\n----------\n\nx\n\n2. TABLE\n--------\n\ny\n"
    assert paths(text) == [(), ("1. READING",), ("2. TABLE",)]
    assert parse_plaintext("a.txt", text.encode()).title == "POST CODES"


def test_the_order_of_marks_gives_the_levels_as_in_restructuredtext() -> None:
    text = "=====\nGuide\n=====\n\nSetup\n~~~~~\n\nFirst\n^^^^^\n\na\n\nCare\n~~~~\n"
    assert paths(text) == [(), ("Setup",), ("Setup", "First"), ("Care",)]


def test_several_outermost_headings_are_no_title() -> None:
    text = "One\n===\n\nx\n\nTwo\n===\n\ny\n"
    assert paths(text) == [("One",), ("Two",)]
    assert parse_plaintext("notes/log.txt", text.encode()).title == "log"


def test_chinese_headings() -> None:
    assert paths("保养\n====\n\n每六个月。\n\n风扇\n--\n\nx\n\n清洁\n----\n") == [(), ("清洁",)]


def test_what_is_no_heading() -> None:
    assert paths("# a comment\nvalue 1\n") == [()]
    assert paths("end of a paragraph\nlast line\n---------\nnext") == [()]
    assert paths("CODE  MEANING\n-------------\n19    training\n") == [()]
    assert paths("A much longer line of text than the rule below\n---\n\nx") == [()]
    assert paths("=======\n-------\n\nx") == [()]


def test_text_without_headings_is_one_section() -> None:
    assert paths("2026-03-02 INFO start\n2026-03-02 WARN E-T085\n") == [()]


@given(markdown_soup)
def test_anything_gives_a_document_or_a_refusal(text: str) -> None:
    try:
        document = parse_plaintext("a.txt", text.encode())
    except InvalidInput:
        return
    check_document(document)


CHINESE = "网关在八十五摄氏度时降频，在九十五摄氏度时关机。"


@pytest.mark.parametrize(
    "data",
    [
        CHINESE.encode(),
        codecs.BOM_UTF8 + CHINESE.encode(),
        codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + CHINESE.encode("utf-32-le"),
        CHINESE.encode("gb18030"),
    ],
)
def test_chinese_in_any_usual_encoding(data: bytes) -> None:
    assert decode_text(data, "a.txt") == CHINESE


@pytest.mark.parametrize("text", ["Gerät über 40 °C, Prüfung nötig", "résumé – l’été à Orléans", "Größe: 5 µm ± 1"])
def test_western_text_is_not_taken_for_chinese(text: str) -> None:
    assert decode_text(text.encode("cp1252"), "a.txt") == text


def test_a_declared_encoding_is_believed_where_utf_8_does_not_fit() -> None:
    assert decode_text("Привет, завод".encode("cp1251"), "a.html", "windows-1251") == "Привет, завод"
    assert decode_text("Größe".encode(), "a.html", "latin-1") == "Größe"


@pytest.mark.parametrize("declared", ["no-such-thing", "hex", "unicode_escape", "utf-7", "a\0b"])
def test_a_declared_encoding_that_is_none_is_ignored(declared: str) -> None:
    assert decode_text("Größe 5".encode("cp1252"), "a.html", declared) == "Größe 5"


@pytest.mark.parametrize("data", [b"", b" \n\t ", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        decode_text(data, "a.txt")


@pytest.mark.parametrize("data", [b"a\0b", bytes(range(1, 9)) * 40, b"\x7fELF\x01\x02\x03\x04\x05", b"\xff\xfea\0\0\0"])
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="binary"):
        decode_text(data, "a.txt")


def test_an_encoding_that_cannot_be_told_is_refused_with_advice() -> None:
    with pytest.raises(InvalidInput, match="encoding") as caught:
        decode_text("펌프".encode("euc-kr"), "a.txt")
    assert "UTF-8" in caught.value.advice


def test_a_false_byte_order_mark_is_refused() -> None:
    with pytest.raises(InvalidInput, match="UTF-8"):
        decode_text(codecs.BOM_UTF8 + b"\xff\xff", "a.txt")


def test_coloured_logs_are_text() -> None:
    assert decode_text(b"\x1b[31mE-T085\x1b[0m\n" * 9, "a.log").count("E-T085") == 9


def test_every_line_break_becomes_one_line_feed() -> None:
    assert normalise_newlines("a\r\nb\rc\fd\u2028e\x85f\n") == "a\nb\nc\nd\ne\nf\n"


@given(st.text())
def test_newlines_are_replaced_one_for_one(text: str) -> None:
    normal = normalise_newlines(text)
    assert normal.splitlines() == normal.removesuffix("\n").split("\n") or not normal
    assert len(normal) == len(text.replace("\r\n", "\n"))


@given(st.text(min_size=1))
def test_utf_8_text_comes_back_or_is_refused(text: str) -> None:
    try:
        decoded = decode_text(text.encode(), "a.txt")
    except InvalidInput:
        assert not text.lstrip("\ufeff").strip() or any(not char.isprintable() for char in text)
    else:
        assert decoded == normalise_newlines(text.removeprefix("\ufeff"))
