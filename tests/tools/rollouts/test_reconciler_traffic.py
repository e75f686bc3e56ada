"""Rollouts under made-up traffic end as they should; `python -m tests.bench.rollout_traffic` has the whole table."""

from collections import Counter

import pytest

from tests.bench.rollout_traffic import Scenario, Version, ends
from tests.effort import times
from tools.rollouts.plans import BlueGreen, Recreate, Rolling, Strategy

pytestmark = pytest.mark.repeated
SEEDS = times(12, 200)
USUAL = Version(0.01)


def states(scenario: Scenario) -> Counter[str]:
    return Counter(ends(scenario, seed)[0] for seed in range(SEEDS))


@pytest.mark.parametrize("errors", [0.005, 0.04])
@pytest.mark.parametrize("per_s", [5.0, 20.0])
def test_no_difference_is_promoted_whatever_fails_for_both(errors: float, per_s: float) -> None:
    same = Version(errors)
    found = states(Scenario("", same, same, per_s))
    assert (found["rolled_back"], found["promoted"] >= 0.9 * SEEDS) == (0, True)


@pytest.mark.parametrize(("per_s", "least"), [(1.0, 0.6), (5.0, 0.9)])
def test_errors_from_1_to_5_percent_go_back(per_s: float, least: float) -> None:
    found = states(Scenario("", USUAL, Version(0.05), per_s))
    assert (found["promoted"], found["rolled_back"] >= least * SEEDS) == (0, True)


@pytest.mark.parametrize(
    "worse", [Version(tail=0.03), Version(tail=0.08, tail_s=9.0), Version(slower=3.0)], ids=["p99", "p95", "all"]
)
def test_slow_tails_are_never_promoted(worse: Version) -> None:
    assert states(Scenario("", USUAL, worse, 5.0))["promoted"] == 0


@pytest.mark.parametrize("strategy", [Rolling(), Recreate(), BlueGreen()], ids=lambda one: one.kind)
def test_every_strategy_notices_harm(strategy: Strategy) -> None:
    assert states(Scenario("", USUAL, Version(0.2), 1.0, strategy=strategy)) == {"rolled_back": SEEDS}
    assert states(Scenario("", USUAL, USUAL, 5.0, strategy=strategy))["promoted"] >= 0.9 * SEEDS
