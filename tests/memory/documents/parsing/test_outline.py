import pytest

from memory.documents.parsing.outline import Extract, Heading, fenced, file_title, own_title, sections_of
from memory.documents.passages import Section


def test_sections_take_the_headings_above_and_skip_the_title() -> None:
    text = "T\na\nB\nc\nD\n"
    title = Heading(1, "T", 0)
    headings = [title, Heading(3, "B", 4), Heading(2, "D", 8)]
    assert sections_of(text, headings, title) == (
        Section((), 0, 4),
        Section(("B",), 4, 8),
        Section(("D",), 8, 10),
    )


def test_headings_at_one_place_make_one_section() -> None:
    assert sections_of("abc", [Heading(1, "A", 0), Heading(2, "B", 0)]) == (Section(("A", "B"), 0, 3),)


def test_blank_text_before_the_first_heading_is_no_section() -> None:
    assert sections_of("\n\nA\n", [Heading(1, "A", 2)]) == (Section(("A",), 0, 4),)


def test_an_extract_separates_blocks_and_knows_where_they_start() -> None:
    extract = Extract()
    assert extract.add("one\r\ntwo\n") == 0
    assert extract.add(" \n ") is None
    assert extract.add("- a") == 9
    assert extract.add("- b", tight=True) == 13
    extract.add_heading(2, " Care \n of fans ")
    assert extract.text == "one\ntwo\n\n- a\n- b\n\nCare of fans"
    assert extract.headings == [Heading(2, "Care of fans", 18)]


def test_code_gets_a_fence_that_it_does_not_close_itself() -> None:
    assert fenced("\n  a\n\nb  \n") == "```\n  a\n\nb\n```"
    assert fenced("x\n````\n").startswith("`````\n")
    assert fenced(" \n") == ""


@pytest.mark.parametrize(
    "title", ["", "Microsoft Word - a.doc", "untitled", "Document1", "report.docx", "(anonymous)", "- 3 -"]
)
def test_titles_that_say_nothing(title: str) -> None:
    assert own_title(title) == ""


def test_titles_that_say_something() -> None:
    assert own_title(" Boreal  T1\n") == "Boreal T1"
    assert file_title("a/b/se30.manual.md") == "se30.manual"
    assert file_title("") == "untitled"
