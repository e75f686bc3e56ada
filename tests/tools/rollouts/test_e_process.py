"""Evidence comes where there is a difference, and misleads no more often than it may."""

import math

import numpy as np
import pytest

from tests.effort import times
from tools.rollouts.e_process import Share, evidence_beyond, evidence_within, growth

pytestmark = pytest.mark.repeated
RUNS = times(150, 1000)
LOOKS = np.array([50, 100, 200, 400, 800, 1600])


def paths(usual: float, new: float, seed: int) -> list[list[tuple[Share, Share]]]:
    """Counts at each look: the new version has a twentieth of the requests."""
    dice = np.random.default_rng(seed)
    found: list[list[tuple[Share, Share]]] = []
    for _ in range(RUNS):
        grown = np.diff(LOOKS, prepend=0)
        mine, theirs = dice.binomial(grown, new).cumsum(), dice.binomial(19 * grown, usual).cumsum()
        found.append(
            [
                (Share(int(hits), int(seen)), Share(int(others), int(19 * seen)))
                for hits, others, seen in zip(mine, theirs, LOOKS, strict=True)
            ]
        )
    return found


@pytest.mark.parametrize("history", [Share(), Share(400, 20_000), Share(10, 10_000)], ids=["none", "right", "wrong"])
@pytest.mark.parametrize("usual", [0.005, 0.02, 0.1])
def test_looking_again_and_again_misleads_no_more_often_than_alpha(usual: float, history: Share) -> None:
    """Whatever the history says: it is a prior, and no evidence."""
    margin, alpha = 0.02, 0.1
    at_limit = paths(usual, usual + margin, 1)
    wrongly_within = [
        any(evidence_within(*look, history, margin) > -math.log(alpha) for look in run) for run in at_limit
    ]
    wrongly_beyond = [
        any(evidence_beyond(*look, history, margin, margin) > -math.log(alpha) for look in run) for run in at_limit
    ]
    same = paths(usual, usual, 2)
    wrongly_worse = [
        any(evidence_beyond(*look, history, margin, 0.0) > -math.log(alpha) for look in run) for run in same
    ]
    assert [sum(wrong) / RUNS <= alpha + 0.03 for wrong in (wrongly_within, wrongly_beyond, wrongly_worse)] == [
        True
    ] * 3


def test_a_difference_is_found_and_that_there_is_none_too() -> None:
    history = Share(200, 20_000)
    found = [evidence_beyond(*run[-1], history, 0.02, 0.02) for run in paths(0.01, 0.06, 3)]
    assert sum(one > math.log(20) for one in found) > 0.9 * RUNS
    found = [evidence_within(*run[-1], history, 0.02) for run in paths(0.01, 0.01, 4)]
    assert sum(one > math.log(20) for one in found) > 0.9 * RUNS


def test_evidence_grows_as_the_forecast_says() -> None:
    usual, margin, part, requests = 0.02, 0.02, 0.25, 40_000
    new, old = (Share(round(usual * share * requests), round(share * requests)) for share in (part, 1 - part))
    found = evidence_within(new, old, Share(2000, 100_000), margin)
    assert found == pytest.approx(growth(usual, usual, margin, part) * requests, rel=0.1)


def test_nothing_seen_is_no_evidence() -> None:
    nothing = Share()
    assert evidence_within(nothing, nothing, nothing, 0.02) == pytest.approx(0.0)
    assert evidence_beyond(nothing, nothing, nothing, 0.02, 0.0) == pytest.approx(0.0)


@pytest.mark.parametrize("hits", [0, 500])
def test_shares_at_the_ends_are_finite(hits: int) -> None:
    new = Share(hits, 500)
    for old in (Share(0, 500), Share(500, 500)):
        for margin in (0.0025, 0.02, 1.0):
            assert math.isfinite(evidence_within(new, old, Share(), margin))
            assert math.isfinite(evidence_beyond(new, old, Share(0, 1000), margin, margin))
