import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.classification import accuracy, expected_calibration_error, recall, wilson_interval

labels = st.lists(st.integers(0, 5), min_size=1, max_size=50)


@given(labels)
def test_a_perfect_classifier_is_perfect(true: list[int]) -> None:
    values = np.array(true)
    assert accuracy(values, values) == 1.0
    assert recall(values, values, true[0]) == 1.0


@given(labels, st.randoms(use_true_random=False))
def test_accuracy_is_the_mean_of_recalls_weighted_by_class(true: list[int], random) -> None:
    predicted = np.array([random.randint(0, 5) for _ in true])
    values = np.array(true)
    weighted = sum(recall(predicted, values, label) * (values == label).mean() for label in set(true))
    assert accuracy(predicted, values) == pytest.approx(weighted)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidences = np.full(100, 0.9)
    correct = np.arange(100) < 70
    assert expected_calibration_error(confidences, correct) == pytest.approx(0.2)


def test_confidence_that_agrees_with_accuracy_has_no_calibration_error() -> None:
    confidences = np.concatenate([np.full(100, 0.8), np.full(100, 0.3)])
    correct = np.concatenate([np.arange(100) < 80, np.arange(100) < 30])
    assert expected_calibration_error(confidences, correct) == pytest.approx(0.0)


@given(st.integers(1, 500), st.data())
def test_the_wilson_interval_holds_the_proportion(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    assert 0.0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1.0


def test_the_wilson_interval_of_a_known_case() -> None:
    assert wilson_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 3), (4, 3)])
def test_impossible_proportions_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(successes, trials)


def test_empty_and_unequal_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="non-empty"):
        accuracy(np.array([], dtype=int), np.array([], dtype=int))
    with pytest.raises(ValueError, match="one length"):
        accuracy(np.array([1]), np.array([1, 2]))
    with pytest.raises(ValueError, match="no item"):
        recall(np.array([1]), np.array([1]), 2)
