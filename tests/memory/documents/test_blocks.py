import pytest
from hypothesis import given

from memory.documents.blocks import blocks_of, front_matter_end
from tests.fakes.documents import markdown_soup


def kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind, text[block.start : block.end]) for block in blocks_of(text)]


def test_the_kinds_of_blocks() -> None:
    text = (
        "# Care\n\nDust the fins\nevery 6 months.\n- one\n  more\n- two\n\n| a | b |\n|---|---|\n\n"
        "```sh\n# x\n\n- y\n```\n***\nPart\n---\n"
    )
    assert kinds(text) == [
        ("heading", "# Care"),
        ("paragraph", "Dust the fins\nevery 6 months."),
        ("item", "- one\n  more"),
        ("item", "- two"),
        ("table", "| a | b |\n|---|---|"),
        ("code", "```sh\n# x\n\n- y\n```"),
        ("rule", "***"),
        ("heading", "Part\n---"),
    ]


@pytest.mark.parametrize(
    "item", ["* a", "+ a", "• a", "·a", "3. a", "12) a", "b) a", "(2) a", "（二）甲", "一、甲", "2、甲", "  - a"]
)
def test_marks_of_items(item: str) -> None:
    assert kinds(f"{item}\n{item}") == [("item", item), ("item", item)]


def test_a_number_in_wrapped_text_is_no_item() -> None:
    text = "The clock was set to the year\n1986. Nobody knows why, but in\n12) it says so."
    assert kinds(text) == [("paragraph", text)]
    assert [kind for kind, _ in kinds("Steps:\n1. one\n2. two")] == ["paragraph", "item", "item"]


@pytest.mark.parametrize(
    "table",
    [
        "Item | Value\nFan | 6",
        "one | row",
        "CODE  MEANING\n----  -------\n19    training",
        "temp\t10 s\nfan\t10 s",
        "| a |\n| b |",
    ],
)
def test_tables(table: str) -> None:
    assert kinds(f"{table}\n\nx") == [("table", table), ("paragraph", "x")]


@pytest.mark.parametrize("text", ["a | b\nand on", "One.  Two.\nThree.  Four.", "Topic:   x\nplain"])
def test_what_is_no_table(text: str) -> None:
    assert kinds(text) == [("paragraph", text)]


def test_an_unclosed_fence_goes_on_to_the_end() -> None:
    assert kinds("~~~\na\n\n```\nb") == [("code", "~~~\na\n\n```\nb")]


def test_front_matter_is_one_block() -> None:
    text = "---\n# who\ntitle: x\n---\n\n---\nb: y\n---\n"
    assert kinds(text)[0] == ("code", "---\n# who\ntitle: x\n---")
    assert front_matter_end(text) == 23
    assert front_matter_end("---\n\nHello\n---\n") == 0
    assert front_matter_end("---\ntitle: x\n") == 0


@given(markdown_soup)
def test_every_line_that_is_not_blank_is_in_one_block(text: str) -> None:
    covered = [place for block in blocks_of(text) for place in range(block.start, block.end)]
    assert covered == sorted(set(covered))
    missing = set(range(len(text))) - set(covered)
    assert all(text[place].isspace() for place in missing)


def test_rows_below_a_head_without_a_first_name_belong_to_its_table() -> None:
    assert [kind for kind, _ in kinds("|  | low | high |\n--- | --- | ---\nPX | 1 | 2")] == ["table"]
