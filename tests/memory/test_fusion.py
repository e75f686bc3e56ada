import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.fusion import convex_combination

scores = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-5, 5), max_size=8)
weight = st.floats(0.05, 1.0)


@given(scores, scores, weight, weight)
def test_fused_scores_lie_between_0_and_1(one: dict, other: dict, first: float, second: float) -> None:
    fused = convex_combination([one, other], [first, second])
    assert fused.keys() == one.keys() | other.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(scores, scores, weight, weight)
def test_the_order_of_retrievers_does_not_matter(one: dict, other: dict, first: float, second: float) -> None:
    fused = convex_combination([one, other], [first, second])
    turned = convex_combination([other, one], [second, first])
    assert turned == pytest.approx(fused)


@given(scores, weight)
def test_one_retriever_keeps_its_order(one: dict, only: float) -> None:
    fused = convex_combination([one], [only])
    ranked = sorted(one, key=lambda item: one[item])
    assert [fused[item] for item in ranked] == sorted(fused.values())


def test_what_both_retrievers_rank_first_is_first() -> None:
    fused = convex_combination([{"a": 9.0, "b": 8.0, "c": 1.0}, {"a": 0.8, "d": 0.7, "b": 0.1}], [0.5, 0.5])
    assert max(fused, key=lambda item: fused[item]) == "a"
    assert fused["a"] == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [[1.0], [-0.5, 1.0], [0.0, 0.0]])
def test_unusable_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match=r"weights"):
        convex_combination([{"a": 1.0}, {"b": 1.0}], weights)
