import pytest
from hypothesis import given

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.markdown import parse_markdown
from memory.documents.parsing.outline import normalise_newlines
from tests.fakes.documents import Written, check_document, markdown_soup, written_markdown


def paths(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Heading path and first line of each section."""
    document = parse_markdown("a.md", text.encode())
    check_document(document)
    return [
        (each.heading_path, document.text[each.start : each.end].strip().split("\n")[0]) for each in document.sections
    ]


def test_headings_divide_and_the_title_is_in_no_path() -> None:
    text = "intro\n\n# SE30\n\nfirst\n\n## Care\n\n### Fans\n\ndust\n\n## Lights\n\nred\n"
    assert paths(text) == [
        ((), "intro"),
        ((), "# SE30"),
        (("Care",), "## Care"),
        (("Care", "Fans"), "### Fans"),
        (("Lights",), "## Lights"),
    ]
    assert parse_markdown("a.md", text.encode()).title == "SE30"


def test_a_second_level_one_heading_is_in_the_path() -> None:
    assert paths("# One\n\n# Two\n\n### Deep\n")[1:] == [(("Two",), "# Two"), (("Two", "Deep"), "### Deep")]


def test_setext_headings() -> None:
    assert paths("Title\n=====\n\ntext\n\nPart\n---\n\nmore") == [((), "Title"), (("Part",), "Part")]


def test_what_only_looks_like_a_heading() -> None:
    text = "# T\n\n```sh\n# comment\n```\n\n    # indented\n\n> # quoted\n\n- # listed\n\n#hashtag\n\n~~~\n## no\n~~~\n"
    assert paths(text) == [((), "# T")]


def test_markup_in_headings_is_taken_out() -> None:
    text = "# The *new* `haldenctl` [tool](a.md) &amp; <b>co</b> ![logo](x.png) ##\n"
    assert parse_markdown("a.md", text.encode()).title == "The new haldenctl tool & co logo"


def test_empty_headings_are_none() -> None:
    assert paths("#\n\na\n\n##  \n\nb") == [((), "#")]


def test_front_matter_is_no_heading_but_stays_in_the_text() -> None:
    text = "---\ntitle: 'From the head'\nowner: me\n---\n\ntext\n"
    document = parse_markdown("a.md", text.encode())
    assert document.title == "From the head"
    assert document.text == text
    assert [section.heading_path for section in document.sections] == [()]
    assert parse_markdown("a.md", (text + "\n# Real\n").encode()).title == "Real"


def test_lines_after_front_matter_keep_their_offsets() -> None:
    text = "---\nowner: me\n---\n# A\n\n## B\nx\n"
    document = parse_markdown("a.md", text.encode())
    assert document.text[document.sections[-1].start :] == "## B\nx\n"


def test_a_rule_at_the_start_is_no_front_matter() -> None:
    assert paths("---\n\nNo key here\n\n---\n\n# T\n")[-1] == ((), "# T")


def test_the_file_name_is_the_last_resort() -> None:
    assert parse_markdown("manuals/se30-manual.md", b"## Only a part\n").title == "se30-manual"


def test_offsets_count_after_newlines_were_normalised() -> None:
    document = parse_markdown("a.md", b"# A\r\n\r\n## B\r\ntext\r\n")
    assert document.text == "# A\n\n## B\ntext\n"
    assert document.text[document.sections[1].start :] == "## B\ntext\n"


def test_characters_are_not_composed() -> None:
    assert parse_markdown("a.md", "e\u0301".encode()).text == "e\u0301"


def test_empty_and_binary_files_are_refused() -> None:
    for data in (b"", b"\n\n", b"a\0"):
        with pytest.raises(InvalidInput):
            parse_markdown("a.md", data)


@given(written_markdown())
def test_the_text_is_the_file(written: Written) -> None:
    if written.text.strip():
        document = parse_markdown("a.md", written.text.encode())
        check_document(document)
        assert document.text == written.text


@given(markdown_soup)
def test_anything_gives_a_document_or_a_refusal(text: str) -> None:
    try:
        document = parse_markdown("a.md", text.encode())
    except InvalidInput:
        return
    check_document(document)
    assert document.text == normalise_newlines(text.removeprefix("\ufeff"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Wait ~~30~~ 90 minutes.", "Wait 90 minutes."),
        ("Wait <del>30</del> 90 minutes.", "Wait 90 minutes."),
        ("<!-- 3 bar\n\nonce -->\n6 bar.", "6 bar."),
        ("At 6 <!-- 3 --> bar.", "At 6 bar."),
        ("Use `~~30~~` here.", "Use `~~30~~` here."),
        ("```\n<!-- kept -->\n```", "``` <!-- kept --> ```"),
    ],
)
def test_comments_and_struck_text_are_blank_and_all_else_keeps_its_place(source: str, shown: str) -> None:
    text = parse_markdown("a.md", source.encode()).text
    assert " ".join(text.split()) == shown
    assert len(text) == len(source)
    assert all(char in (" ", written) for char, written in zip(text, source, strict=True))
