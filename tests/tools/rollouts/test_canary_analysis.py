import math
import random

import pytest

from tests.fakes.rollouts import traffic
from tools.rollouts.canary_analysis import Analysis, CanaryLimits, Observed, WaveReport, analyse, judge_wave, latencies
from tools.rollouts.sequential_test import Moments

OLD = traffic(20_000, 0.01)


def judge(candidate: Observed, baseline: Observed = OLD, minimum_samples: int = 1, **limits: float | None) -> Analysis:
    return analyse(candidate, baseline, CanaryLimits(**limits), alpha=0.05, minimum_samples=minimum_samples)  # type: ignore[arg-type]


def test_one_that_is_as_good_is_promoted() -> None:
    found = judge(traffic(4000, 0.01))
    assert found.verdict == "promote"
    assert "error rate 1.0% (40 of 4000) against 1.0% (200 of 20000)" in found.reasons[0]


def test_one_that_fails_more_often_is_rolled_back_with_the_numbers() -> None:
    found = judge(traffic(100, 0.3), minimum_samples=1000)
    assert found.verdict == "roll_back"
    assert len(found.reasons) == 1
    assert "30.0% (30 of 100) against 1.0% (200 of 20000)" in found.reasons[0]
    assert "limit +2.0" in found.reasons[0]


def test_one_that_is_slower_is_rolled_back() -> None:
    found = judge(traffic(2000, 0.01, seconds=0.3))
    assert found.verdict == "roll_back"
    assert "latency 299 ms (1980) against 100 ms" in found.reasons[0]


def test_too_few_requests_never_promote() -> None:
    found = judge(traffic(4000, 0.01), minimum_samples=5000)
    assert (found.verdict, found.enough) == ("inconclusive", False)
    assert found.reasons == ("4000 of at least 5000 requests seen",)


def test_one_in_between_is_inconclusive() -> None:
    found = judge(traffic(200, 0.01))
    assert (found.verdict, found.enough) == ("inconclusive", True)


def test_nothing_seen_is_inconclusive() -> None:
    found = judge(Observed(), Observed())
    assert found.verdict == "inconclusive"
    assert "unknown (no request)" in " ".join(found.reasons)


def test_an_absolute_limit_needs_no_former_version() -> None:
    only = {"error_rate_increase": None, "slowdown": None, "error_rate_max": 0.05}
    assert judge(traffic(1000, 0.01), Observed(), **only).verdict == "promote"
    assert judge(traffic(1000, 0.2), Observed(), **only).verdict == "roll_back"


def test_scores_are_compared_where_a_limit_is_set() -> None:
    def scored(mean: float, number: int) -> Observed:
        return Observed(number, 0, score=Moments.of([mean - 0.1, mean + 0.1] * (number // 2)))

    only = {"error_rate_increase": None, "slowdown": None, "score_drop": 0.05}
    assert judge(scored(0.8, 4000), scored(0.8, 4000), **only).verdict == "promote"
    assert judge(scored(0.6, 1000), scored(0.8, 4000), **only).verdict == "roll_back"
    assert judge(Observed(100), scored(0.8, 4000), **only).verdict == "inconclusive"


def test_no_limit_at_all_promotes() -> None:
    assert judge(traffic(10), error_rate_increase=None, slowdown=None).verdict == "promote"


def test_the_whole_run_seldom_errs_on_a_version_at_its_limit() -> None:
    """200 canaries that are exactly as bad as is allowed, looked at after every 20 requests: at most alpha are judged wrongly."""
    dice, wrong = random.Random(5), 0
    for _ in range(200):
        errors = former = 0
        for looks in range(1, 41):
            errors += sum(dice.random() < 0.05 for _ in range(20))
            former += sum(dice.random() < 0.03 for _ in range(20))
            found = analyse(
                Observed(20 * looks, errors), Observed(20 * looks, former), CanaryLimits(slowdown=None), alpha=0.05
            )
            if found.verdict == "roll_back":
                wrong += 1
                break
    assert wrong <= 0.05 * 200


def test_latency_is_a_ratio_of_geometric_means() -> None:
    slow, fast = latencies([0.2, 0.8]), latencies([0.1, 0.1])
    assert math.exp((slow.mean - fast.mean) * math.log(1e5)) == pytest.approx(4.0)
    assert latencies([0.0, 1e9]).total == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (WaveReport(10, 10, 0), "promote"),
        (WaveReport(10, 9, 1), "promote"),
        (WaveReport(10, 2, 2), "roll_back"),
        (WaveReport(10, 9, 0), "inconclusive"),
        (WaveReport(0, 0, 0), "promote"),
    ],
)
def test_a_wave_of_devices(report: WaveReport, verdict: str) -> None:
    found = judge_wave(report, 0.1)
    assert found.verdict == verdict
    assert f"{report.succeeded} of {report.devices} devices" in found.reasons[0]
