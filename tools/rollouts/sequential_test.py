"""Always-valid sequential inference: intervals that may be looked at after every observation.

A fixed-sample test that is looked at again and again raises a false alarm sooner or later. The intervals here are
confidence *sequences*: with probability at least 1 - alpha they hold the truth at all times at once, so that one may
stop at any moment and for any reason (Johari, Koomen, Pekelis, Walsh 2015, 2022, "Always Valid Inference"; Howard,
Ramdas, McAuliffe, Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences"). Each inverts a
mixture of test supermartingales by Ville's inequality. They hold for any number of observations, not only for many.

Observations are summed up by counts and moments: nothing needs the single values, or their order.
Not known here: that observations depend on each other, or that what is measured drifts while it is measured.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_HALVINGS = 32
"""Of an interval of length 1 by bisection: to 2e-10, on the safe side."""
_AT_ONCE, _FEW = 4, 64
"""Halvings in one step, up to so many means: the work in an array is little beside what a call of numpy costs."""
_BETS = 0.5 * 2.0 ** -np.arange(0.0, 10.5, 0.5)
"""The mixture's parameters; up to 0.5 the evidence falls steadily towards the sample mean (see `_log_evidence`)."""
_PRICES = -np.log1p(-_BETS) - _BETS
"""What each bet pays per squared deviation: psi_E of Howard et al. 2021."""


@dataclass(frozen=True, slots=True)
class Interval:
    """`low` <= truth <= `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over observations in 0..1: how many, their sum, and the sum of their squares."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> "Moments":
        """Raises ValueError: a value is outside 0..1."""
        array = np.fromiter(values, dtype=np.float64)
        if array.size and not (array.min() >= 0.0 and array.max() <= 1.0):
            raise ValueError("observations must lie in 0..1")
        return cls(int(array.size), float(array.sum()), float(array @ array))

    def plus(self, other: "Moments") -> "Moments":
        """Of the observations of both."""
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """NaN where there is no observation."""
        return self.total / self.count if self.count else math.nan


def proportion_interval(successes: int, trials: int, alpha: float) -> Interval:
    """Confidence sequence of a proportion: the beta-binomial mixture (Robbins 1970; Howard et al. 2021, section 3).

    The mixture is Jeffreys' Beta(1/2, 1/2). Without trials it is 0 to 1.

    Args:
        alpha: probability that the truth is ever outside, in (0, 1).

    Raises:
        ValueError: not 0 <= successes <= trials, or alpha is not in (0, 1).
    """
    _check_alpha(alpha)
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no proportion")
    if trials == 0:
        return Interval(0.0, 1.0)
    failures = trials - successes
    mixture = _log_beta(successes + 0.5, failures + 0.5) - _log_beta(0.5, 0.5)
    threshold = -math.log(alpha)

    def rejected(share: float) -> bool:
        against = successes * math.log(share) if successes else 0.0
        against += failures * math.log1p(-share) if failures else 0.0
        return mixture - against >= threshold

    middle = successes / trials  # the likelihood falls from here to both sides
    low, high = middle, middle
    if successes:
        outside, low = 0.0, middle
        for _ in range(_HALVINGS):
            probe = (outside + low) / 2
            outside, low = (probe, low) if rejected(probe) else (outside, probe)
        low = outside
    if failures:
        outside, high = 1.0, middle
        for _ in range(_HALVINGS):
            probe = (outside + high) / 2
            outside, high = (probe, high) if rejected(probe) else (outside, probe)
        high = outside
    return Interval(low, high)


def mean_intervals(*moments: Moments, alpha: float) -> list[Interval]:
    """Confidence sequences of means of observations in 0..1, narrow where they vary little; see `mean_bounds`."""
    counts, totals, squares = zip(*((one.count, one.total, one.squares) for one in moments), strict=True)
    low, high = mean_bounds(np.array(counts), np.array(totals), np.array(squares), alpha=alpha)
    return [Interval(float(one), float(other)) for one, other in zip(low, high, strict=True)]


def mean_bounds(counts: NDArray[np.int64], totals: Vector, squares: Vector, *, alpha: float) -> tuple[Vector, Vector]:
    """Confidence sequences of means of observations in 0..1, for many sets of moments at once.

    For observations X of mean m, exp(b * sum(X - m) - psi(b) * sum((X - m)^2)) is a supermartingale for 0 <= b < 1,
    with psi(b) = -log(1 - b) - b (Fan, Grama, Liu 2015; Howard et al. 2020). It is mixed over a grid of b; each side
    has alpha / 2. It needs moments only: bets are not tuned to each observation as in Waudby-Smith, Ramdas 2023.

    Args:
        counts: shape (n,), as are the others.

    Returns:
        Lower and upper ends, each of shape (n,), within 0..1; 0 and 1 without observations.

    Raises:
        ValueError: alpha is not in (0, 1).
    """
    _check_alpha(alpha)
    number = counts.astype(np.float64)
    both = (np.append(totals, number - totals), np.append(squares, number - 2 * totals + squares))
    low, mirrored = np.split(_lower(np.append(number, number), *both, alpha / 2), 2)
    return low, 1.0 - mirrored


def difference(one: Interval, other: Interval) -> Interval:
    """Confidence sequence of one truth less another, from their intervals: its alpha is the sum of theirs."""
    return Interval(one.low - other.high, one.high - other.low)


def _lower(number: Vector, totals: Vector, squares: Vector, alpha: float) -> Vector:
    threshold = -math.log(alpha)
    outside = np.zeros_like(totals)
    inside = np.divide(totals, number, out=np.zeros_like(totals), where=number > 0)
    halvings = _AT_ONCE if totals.size <= _FEW else 1
    shares = np.arange(1, 2**halvings) / 2**halvings
    for _ in range(_HALVINGS // halvings):
        width = inside - outside
        probes = outside[:, None] + width[:, None] * shares
        evidence = _log_evidence(number[:, None], totals[:, None], squares[:, None], probes)
        rejected = np.logical_and.accumulate(evidence >= threshold, axis=1).sum(axis=1) / 2**halvings
        outside, inside = outside + width * rejected, outside + width * (rejected + 0.5**halvings)
    return outside


def _log_evidence(number: Vector, totals: Vector, squares: Vector, mean: Vector) -> Vector:
    """Log of the evidence that the true mean is larger than `mean`, in its shape.

    For a bet b its slope in `mean` is -number * (b - 2 psi(b) (sample mean - mean)), negative for b <= 0.5 because
    2 psi(b) < b there: below the sample mean it falls monotonically, so what is not rejected is an interval.
    """
    excess = totals - number * mean
    spread = np.maximum(squares - 2 * mean * totals + number * mean**2, 0.0)
    each = excess[..., None] * _BETS - spread[..., None] * _PRICES
    top = each.max(axis=-1)
    return top + np.log(np.exp(each - top[..., None]).sum(axis=-1) / _BETS.size)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie in (0, 1), not {alpha}")
