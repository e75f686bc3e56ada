import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.grounding.matching import Covered, cover
from agents.grounding.question import read_question
from agents.grounding.relevance import Rarity
from edge.kernel.text_analysis import terms_of
from tests.fakes.passages import passage_of


def covered(question: str, *texts: str, title: str = "Handbook", heading: str = "") -> list[Covered]:
    passages = [passage_of(text, title, *filter(None, [heading]), document=f"{n}.md") for n, text in enumerate(texts)]
    return cover(read_question(question), passages, Rarity(dict.fromkeys(terms_of(question), 1), 10))


def test_a_sentence_that_has_all_words_covers_the_question() -> None:
    (one,) = covered("Where is the laundry?", "The laundry is in block A.")
    assert one.coverage == pytest.approx(1.0)
    assert one.missing == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Do you mend a bicycle?", "Every bike is repaired."),
        ("Is a dog permitted?", "Dogs are allowed."),
    ],
)
def test_words_of_like_meaning_match(question: str, text: str) -> None:
    (one,) = covered(question, text)
    (other,) = covered(question, "Lockers take a coin.")
    assert one.coverage > 0.3 + other.coverage


def test_headings_count_a_little_less_than_the_sentence() -> None:
    (inside,) = covered("How long is the warranty?", "The warranty lasts 9 days.")
    (over,) = covered("How long is the warranty?", "It lasts 9 days.", heading="Warranty")
    (neither,) = covered("How long is the warranty?", "It lasts 9 days.")
    assert inside.coverage > over.coverage > neither.coverage
    assert over.own < inside.own


def test_an_amount_says_cost_without_the_word() -> None:
    (priced,) = covered("What does the sauna cost?", "The sauna is a supplement of 9 euros.")
    (unpriced,) = covered("What does the sauna cost?", "The sauna is a pleasure.")
    assert priced.in_kind
    assert not unpriced.in_kind
    assert priced.coverage > unpriced.coverage


def test_what_is_counted_must_be_there() -> None:
    (lanes,) = covered("How many lanes are there?", "There are 5 lanes.")
    (doors,) = covered("How many lanes are there?", "There are 5 doors.")
    assert lanes.in_kind
    assert not doors.in_kind


def test_chinese_words_match_by_pairs_of_characters() -> None:
    together, apart = covered("彩色打印", "彩色打印每页一元。", "打开有印章的色卡，彩笔除外。")
    assert together.coverage > apart.coverage > 0


def test_the_first_row_of_a_table_is_no_answer() -> None:
    rows = covered("Which lamp is blue?", "| Lamp | Colour |\n| --- | --- |\n| NET | blue |")
    assert [one.place.text for one in rows] == ["| NET | blue |"]


def test_a_question_without_terms_is_covered_by_nothing() -> None:
    assert covered("What is it?", "The fan is loud.") == []


@given(st.text(max_size=40), st.lists(st.text(max_size=60), max_size=3))
def test_shares_are_shares(question: str, texts: list[str]) -> None:
    for one in covered(question, *texts):
        assert -1e-5 <= one.own <= one.coverage + 1e-5 <= 1 + 2e-5
        assert -1e-5 <= one.missing <= 1 + 1e-5
