from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.ranking import ndcg, recall, reciprocal_rank

MEASURES = [ndcg, recall, reciprocal_rank]
items = st.sampled_from("abcdefghij")
ranked = st.lists(items, unique=True)
judged = st.dictionaries(items, st.sampled_from([0.0, 1.0, 2.0]))
depth = st.integers(1, 12)


def test_a_worked_example() -> None:
    grades = {"a": 2.0, "b": 1.0, "x": 1.0, "n": 0.0}
    assert ndcg(["n", "b", "a"], grades) == pytest.approx(
        (1 / log2(3) + 2 / log2(4)) / (2 / log2(2) + 1 / log2(3) + 1 / log2(4))
    )
    assert recall(["n", "b", "a"], grades) == pytest.approx(2 / 3)
    assert reciprocal_rank(["n", "b", "a"], grades) == 0.5


@pytest.mark.parametrize("measure", MEASURES)
@given(order=ranked, grades=judged, k=depth)
def test_every_measure_lies_between_0_and_1(measure, order: list, grades: dict, k: int) -> None:
    assert 0.0 <= measure(order, grades, k) <= 1.0 + 1e-12


@pytest.mark.parametrize("measure", MEASURES)
@given(order=ranked, grades=judged, k=depth)
def test_what_stands_beyond_the_depth_does_not_count(measure, order: list, grades: dict, k: int) -> None:
    assert measure(order, grades, k) == measure(order[:k], grades, k)


@pytest.mark.parametrize("measure", MEASURES)
@given(order=ranked, grades=judged, k=depth, place=st.integers(0, 8))
def test_a_better_item_further_up_is_never_worse(measure, order: list, grades: dict, k: int, place: int) -> None:
    if place + 1 >= len(order) or grades.get(order[place], 0.0) >= grades.get(order[place + 1], 0.0):
        return
    better = [*order[:place], order[place + 1], order[place], *order[place + 2 :]]
    assert measure(better, grades, k) >= measure(order, grades, k)


@given(judged, depth)
def test_the_ideal_order_is_worth_1(grades: dict, k: int) -> None:
    ideal = sorted(grades, key=lambda item: -grades[item])
    is_any_relevant = any(grade > 0 for grade in grades.values())
    assert ndcg(ideal, grades, k) == pytest.approx(1.0 if is_any_relevant else 0.0)
    assert reciprocal_rank(ideal, grades, k) == (1.0 if is_any_relevant else 0.0)
    assert recall(ideal, grades, max(k, len(ideal) or 1)) == (1.0 if is_any_relevant else 0.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_relevant_or_nothing_ranked_is_0(measure) -> None:
    assert measure(["a"], {}, 10) == 0.0
    assert measure(["a"], {"a": 0.0}, 10) == 0.0
    assert measure([], {"a": 1.0}, 10) == 0.0


@pytest.mark.parametrize("measure", MEASURES)
def test_what_is_no_ranking_is_refused(measure) -> None:
    with pytest.raises(ValueError, match="twice"):
        measure(["a", "b", "a"], {"a": 1.0}, 10)
    with pytest.raises(ValueError, match="k must be"):
        measure(["a"], {"a": 1.0}, 0)
