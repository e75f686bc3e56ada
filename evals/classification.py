"""Measures of a classifier's answers."""

import math

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def accuracy(predicted: Labels, true: Labels) -> float:
    """Share of items, 0 to 1, whose predicted label is the true one.

    Raises:
        ValueError: there are no items, or the shapes differ.
    """
    _check(predicted, true)
    return float((predicted == true).mean())


def recall(predicted: Labels, true: Labels, label: int) -> float:
    """Share of the items of one true label, 0 to 1, that were given it.

    Raises:
        ValueError: no item has the label, or the shapes differ.
    """
    _check(predicted, true)
    theirs = true == label
    if not theirs.any():
        raise ValueError(f"no item has the label {label}")
    return float((predicted[theirs] == label).mean())


def expected_calibration_error(confidences: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = 15) -> float:
    """How far stated confidence is from accuracy, on average over equal-width bins (Guo et al. 2017).

    Args:
        confidences: of the predicted labels, 0 to 1, shape (n,).
        correct: whether each prediction was right, shape (n,).
        bins: >= 1.

    Returns:
        0 (calibrated) to 1.

    Raises:
        ValueError: there are no items, or the shapes differ.
    """
    _check(confidences, correct)
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            gaps += inside.mean() * abs(confidences[inside].mean() - correct[inside].mean())
    return float(gaps)


def wilson_interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Interval of a proportion (Wilson 1927); 95 % for z = 1.96.

    Raises:
        ValueError: not 0 <= successes <= trials, or trials is 0.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} is no proportion")
    share = successes / trials
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    middle = share + z * z / (2 * trials)
    scale = 1 + z * z / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _check(one: NDArray[np.generic], other: NDArray[np.generic]) -> None:
    if one.shape != other.shape or one.ndim != 1 or one.size == 0:
        raise ValueError(f"needs two non-empty vectors of one length, got shapes {one.shape} and {other.shape}")
