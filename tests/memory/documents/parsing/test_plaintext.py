from hypothesis import given

from memory.documents.parsing.plaintext import parse_plaintext
from memory.errors import InvalidInput
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
