import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.rollouts.sequential_test import (
    Interval,
    Moments,
    difference,
    mean_bounds,
    mean_intervals,
    proportion_interval,
)

ALPHA = 0.1
RUNS = 400
LENGTH = 400


def ever(alarms: np.ndarray) -> float:
    """Share of the runs in which there is an alarm at any time."""
    return float(alarms.any(axis=1).mean())


@cache
def proportion(successes: int, trials: int) -> Interval:
    return proportion_interval(successes, trials, ALPHA / 2)


def difference_excludes(canary: np.ndarray, baseline: np.ndarray, truth: float) -> np.ndarray:
    """Shape (runs, length): whether the interval of the difference excludes the truth after each pair of observations."""
    ones, others = canary.cumsum(axis=1), baseline.cumsum(axis=1)
    out = np.zeros(canary.shape, dtype=bool)
    for run, row in enumerate(ones):
        for place, successes in enumerate(row):
            found = difference(proportion(int(successes), place + 1), proportion(int(others[run, place]), place + 1))
            out[run, place] = not found.low <= truth <= found.high
    return out


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_looking_at_two_proportions_after_every_observation_raises_few_false_alarms(share: float) -> None:
    random = np.random.default_rng(1)
    canary, baseline = random.random((2, RUNS, LENGTH)) < share
    assert ever(difference_excludes(canary, baseline, 0.0)) <= ALPHA


def test_a_fixed_sample_test_looked_at_so_often_raises_many() -> None:
    random = np.random.default_rng(1)
    canary, baseline = random.random((2, RUNS, LENGTH)) < 0.3
    number = np.arange(1, LENGTH + 1)
    one, other = canary.cumsum(axis=1) / number, baseline.cumsum(axis=1) / number
    pooled = (one + other) / 2
    z = np.abs(one - other) / np.sqrt(np.maximum(2 * pooled * (1 - pooled) / number, 1e-12))
    assert ever((z > 1.645)[:, 20:]) > 3 * ALPHA


def bounds(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    number = np.broadcast_to(np.arange(1, observed.shape[1] + 1), observed.shape)
    low, high = mean_bounds(
        number.ravel(), observed.cumsum(axis=1).ravel(), (observed**2).cumsum(axis=1).ravel(), alpha=ALPHA
    )
    return low.reshape(observed.shape), high.reshape(observed.shape)


@pytest.mark.parametrize(("a", "b"), [(2.0, 5.0), (0.2, 0.4), (200.0, 300.0)])
def test_looking_at_a_mean_after_every_observation_raises_few_false_alarms(a: float, b: float) -> None:
    observed = np.random.default_rng(2).beta(a, b, (150, 200))
    low, high = bounds(observed)
    truth = a / (a + b)
    assert ever((low > truth) | (high < truth)) <= ALPHA


def test_a_mean_of_rare_large_values_keeps_its_level() -> None:
    observed = (np.random.default_rng(3).random((150, 200)) < 0.01).astype(float)
    low, high = bounds(observed)
    assert ever((low > 0.01) | (high < 0.01)) <= ALPHA


def test_power_grows_with_the_number_of_observations() -> None:
    random = np.random.default_rng(4)
    canary, baseline = random.random((100, LENGTH)) < 0.35, random.random((100, LENGTH)) < 0.1
    found = difference_excludes(canary, baseline, 0.0)
    power = [ever(found[:, :length]) for length in (25, 100, 200, LENGTH)]
    assert power == sorted(power)
    assert power[0] < 0.2
    assert power[-1] > 0.95


def test_a_mean_is_known_better_where_the_observations_vary_less() -> None:
    steady, wild = Moments(1000, 500.0, 250.0 + 1000 * 0.05**2), Moments(1000, 500.0, 500.0)
    widths = [found.high - found.low for found in mean_intervals(steady, wild, alpha=0.05)]
    assert widths[0] < 0.03
    assert widths[1] > 3 * widths[0]


@given(st.integers(0, 3000), st.integers(0, 3000), st.floats(1e-6, 0.5))
def test_a_proportion_lies_within_its_interval_and_a_smaller_alpha_widens_it(
    successes: int, failures: int, alpha: float
) -> None:
    trials = successes + failures
    found, wider = (proportion_interval(successes, trials, level) for level in (alpha, alpha / 2))
    assert 0.0 <= wider.low <= found.low <= found.high <= wider.high <= 1.0
    if trials:
        assert found.low <= successes / trials <= found.high


@given(st.lists(st.floats(0.0, 1.0), max_size=60), st.floats(1e-6, 0.5))
def test_a_mean_lies_within_its_interval(values: list[float], alpha: float) -> None:
    moments = Moments.of(values)
    (found,) = mean_intervals(moments, alpha=alpha)
    assert 0.0 <= found.low <= found.high + 1e-12 <= 1.0 + 2e-12
    if values:
        assert found.low - 1e-9 <= moments.mean <= found.high + 1e-9
    else:
        assert math.isnan(moments.mean)


def test_both_sides_are_alike() -> None:
    found, mirrored = proportion_interval(3, 50, 0.05), proportion_interval(47, 50, 0.05)
    assert found.low == pytest.approx(1 - mirrored.high)
    assert found.high == pytest.approx(1 - mirrored.low)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="5 of 4"):
        proportion_interval(5, 4, 0.05)
    with pytest.raises(ValueError, match="alpha"):
        mean_intervals(Moments(), alpha=1.0)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Moments.of([0.5, 1.5])
    assert [proportion_interval(0, 0, 0.05)] == mean_intervals(Moments(), alpha=0.05) == [Interval(0.0, 1.0)]


@given(st.lists(st.lists(st.floats(0.0, 1.0), max_size=20), min_size=1, max_size=8), st.floats(1e-6, 0.5))
def test_the_means_of_few_are_bounded_as_those_of_many_are(several: list[list[float]], alpha: float) -> None:
    moments = [Moments.of(values) for values in several]
    found = mean_intervals(*moments, alpha=alpha)
    many = mean_intervals(*(moments * 40), alpha=alpha)[: len(moments)]
    assert [(one.low, one.high) for one in found] == [pytest.approx((one.low, one.high), abs=1e-9) for one in many]
