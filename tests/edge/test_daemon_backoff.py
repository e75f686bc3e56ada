"""Back-off: any time up to a cap that doubles, and never beyond the largest."""

from hypothesis import given
from hypothesis import strategies as st

from edge.daemon import Backoff


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=100))
def test_waits_stay_below_a_cap_that_doubles(dice: list[float]) -> None:
    backoff = Backoff(iter(dice).__next__, first_s=2, longest_s=60)
    for failure, one in enumerate(dice):
        assert backoff.failed() == min(60, 2.0 * 2**failure) * one
    assert backoff.failures == len(dice)


def test_a_success_begins_anew() -> None:
    backoff = Backoff(lambda: 0.5, first_s=2, longest_s=900)
    assert [backoff.failed() for _ in range(3)] == [1, 2, 4]
    backoff.succeeded()
    assert backoff.failed() == 1


def test_years_of_failures_are_still_numbers() -> None:
    backoff = Backoff(lambda: 0.999, longest_s=900)
    waits = [backoff.failed() for _ in range(3000)]
    assert max(waits) < 900


@given(st.floats(0, 1, exclude_max=True))
def test_regular_waits_are_spread_by_a_tenth(dice: float) -> None:
    assert 54 - 1e-9 <= Backoff(lambda: dice).spread(60) <= 66
