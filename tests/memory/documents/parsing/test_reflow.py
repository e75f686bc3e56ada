from hypothesis import given
from hypothesis import strategies as st

from memory.documents.parsing.reflow import Line, is_same_text, paragraphs_of, without_running_lines


def line(text: str, at: float, *, page: int = 0, left: float = 70.0, width: float = 5.0, height: float = 12.0) -> Line:
    """A line whose characters are all `width` points wide, with its upper edge `at` points from the page's foot."""
    return Line(text, page, left, left + width * len(text), at, at - height, at / 842)


def texts(*lines: Line) -> list[str]:
    return [paragraph.text for paragraph in paragraphs_of(lines, (), {})]


FULL = "A line of forty letters, well filled up,"


def test_a_larger_gap_begins_a_paragraph() -> None:
    wrapped = [line(FULL, 700), line("goes on here and is over.", 686)]
    assert texts(*wrapped, line("Next.", 665)) == [f"{FULL} goes on here and is over.", "Next."]


def test_a_first_line_indent_begins_a_paragraph() -> None:
    first = [line(FULL, 700), line("of this length that ends at the margin.", 686)]
    assert len(texts(*first, line("Indented, and then it goes on to", 672, left=90))) == 2


def test_larger_type_begins_a_paragraph() -> None:
    assert len(texts(line("A heading of some length, long as this", 700, height=20), line(FULL, 680))) == 2


def test_a_line_that_ended_early_ends_its_paragraph() -> None:
    assert texts(line("Owner: me", 700), line("Revision: 3 of the manual, from March on", 686)) == [
        "Owner: me",
        "Revision: 3 of the manual, from March on",
    ]


def test_the_next_column_goes_on_where_the_sentence_does() -> None:
    left = [line(FULL, 700), line("goes on in this column and then in the", 686)]
    assert texts(*left, line("other one.", 700, left=320)) == [f"{left[0].text} {left[1].text} other one."]
    assert len(texts(*left, line("Another.", 700, left=320))) == 2


def test_a_bullet_on_a_line_of_its_own() -> None:
    assert texts(line("•", 700), line("One thing", 700, left=90), line("• two", 686)) == ["- One thing", "- two"]


def test_forced_starts_and_headings() -> None:
    lines = [line("Exchange of", 700), line("a drive", 686), line("pull it and", 672), line("wait.", 658)]
    assert [each.text for each in paragraphs_of(lines, {3}, {0: 2})] == ["Exchange of a drive", "pull it and", "wait."]


def test_the_same_text_by_its_letters() -> None:
    assert is_same_text("1. Drives:", "DRIVES")
    assert is_same_text("2.1 Fan-less", "2.1  fan less")
    assert not is_same_text("1 Codes", "2 Codes")
    assert not is_same_text("--", "")


def test_a_page_keeps_what_is_all_it_has() -> None:
    pages = [[line(f"Slide {number}", 700, page=number)] for number in range(4)]
    assert [each.text for each in without_running_lines(pages)] == ["Slide 0", "Slide 1", "Slide 2", "Slide 3"]


_LINES = st.lists(
    st.builds(
        line,
        st.sampled_from(["word and", "Words.", "网关", "关机。", "tor-", "• x", "3. y", "-", "a/", "1 2"]),
        st.floats(20, 800),
        page=st.integers(0, 3),
        left=st.floats(20, 400),
        height=st.floats(0, 30),
    ),
    max_size=30,
)


@given(_LINES, st.sets(st.integers(0, 30)))
def test_every_line_is_in_one_paragraph_and_every_letter_stays(lines: list[Line], starts: set[int]) -> None:
    lines.sort(key=lambda each: each.page)
    paragraphs = paragraphs_of(lines, starts, {})
    assert [place for each in paragraphs for place in range(each.first, each.after)] == list(range(len(lines)))
    assert starts & set(range(len(lines))) <= {each.first for each in paragraphs}
    letters = [char for each in lines for char in each.text if char.isalnum()]
    assert [char for each in paragraphs for char in each.text if char.isalnum()] == letters
