import math
import random
from dataclasses import replace

import pytest

from tests.fakes.rollouts import traffic
from tools.rollouts.canary_analysis import (
    Analysis,
    CanaryLimits,
    Case,
    Evidence,
    Observed,
    WaveReport,
    analyse,
    judge_wave,
)
from tools.rollouts.response_times import Times
from tools.rollouts.sequential_test import Moments

OLD = traffic(20_000, 0.01)


def judge(candidate: Observed, baseline: Observed = OLD, minimum_samples: int = 1, **limits: float | None) -> Analysis:
    case = Case(candidate, baseline, CanaryLimits(**limits), minimum_samples=minimum_samples)  # type: ignore[arg-type]
    return analyse(replace(case, history=baseline))


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
    assert "median of whole answers 0.3" in found.reasons[0]


def test_a_tail_that_neither_median_nor_p95_shows_is_never_promoted() -> None:
    def tailed(requests: int, slow: int) -> Observed:
        dice = random.Random(requests)
        usual = [dice.lognormvariate(0, 0.6) for _ in range(requests - slow)]
        return Observed(requests, 0, times={"answer": Times.of([*usual, *[30.0] * slow])})

    found = judge(tailed(3000, 90), tailed(20_000, 0))
    assert found.verdict == "roll_back"
    assert ["p99" in reason for reason in found.reasons] == [True]
    assert judge(tailed(3000, 0), tailed(20_000, 0)).verdict == "promote"


def test_streamed_answers_are_judged_apart_by_their_first_token_and_pace() -> None:
    def streamed(first_s: float, token_s: float) -> Observed:
        times = {"first_token": Times.of([first_s] * 3000), "token": Times.of([token_s] * 3000)}
        whole = Times.of([first_s + 100 * token_s] * 3000)
        return Observed(6000, 0, times={"answer": Times.of([1.0] * 3000), "stream": whole, **times})

    same = streamed(0.2, 0.02)
    assert judge(same, same).verdict == "promote"
    late = judge(streamed(0.6, 0.016), same)  # the whole answer takes no longer
    assert (late.verdict, all("first token" in reason for reason in late.reasons)) == ("roll_back", True)
    halting = judge(streamed(0.2, 0.06), same)
    assert any("time per token" in reason for reason in halting.reasons)


def test_clients_that_leave_speak_against_a_version_but_are_no_requests() -> None:
    def left(share: float) -> Observed:
        return replace(traffic(4000, 0.01), left=round(4000 * share))

    assert judge(left(0.3), left(0.01)).reasons[0].startswith("clients left")
    assert judge(left(0.05), left(0.05)).verdict == "promote"


def test_what_stood_in_for_another_version_is_not_counted() -> None:
    assert judge(replace(traffic(4000, 0.01), retries=800, retry_errors=800)).verdict == "promote"


def test_a_rare_kind_of_answer_does_not_keep_the_others_waiting() -> None:
    rare = {**traffic(4000).times, "first_token": Times.of([0.1] * 9)}
    assert judge(replace(traffic(4000, 0.01), times=rare)).verdict == "promote"


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
    only = {"error_rate_increase": None, "slowdown": None, "slowdown_p95": None, "slowdown_p99": None}
    assert judge(traffic(1000, 0.01), Observed(), **only, error_rate_max=0.05).verdict == "promote"
    assert judge(traffic(1000, 0.2), Observed(), **only, error_rate_max=0.05).verdict == "roll_back"


def test_scores_are_compared_where_a_limit_is_set() -> None:
    def scored(mean: float, number: int) -> Observed:
        return Observed(number, 0, score=Moments.of([mean - 0.1, mean + 0.1] * (number // 2)))

    only = {"error_rate_increase": None, "slowdown": None, "slowdown_p95": None, "slowdown_p99": None}
    assert judge(scored(0.8, 4000), scored(0.8, 4000), **only, score_drop=0.05).verdict == "promote"
    assert judge(scored(0.6, 1000), scored(0.8, 4000), **only, score_drop=0.05).verdict == "roll_back"
    assert judge(Observed(100), scored(0.8, 4000), **only, score_drop=0.05).verdict == "inconclusive"


def test_no_limit_at_all_promotes() -> None:
    none = dict.fromkeys(("error_rate_increase", "slowdown", "slowdown_p95", "slowdown_p99"))
    assert judge(traffic(10), **none).verdict == "promote"


def test_the_whole_run_seldom_errs_on_a_version_at_its_limit() -> None:
    """200 canaries that are exactly as bad as is allowed, looked at after every 20 requests: at most alpha are judged wrongly."""
    dice, wrong = random.Random(5), 0
    for _ in range(200):
        errors = former = 0
        for looks in range(1, 41):
            errors += sum(dice.random() < 0.05 for _ in range(20))
            former += sum(dice.random() < 0.03 for _ in range(20))
            case = Case(Observed(20 * looks, errors), Observed(20 * looks, former), CanaryLimits(slowdown=None))
            if analyse(case).verdict != "inconclusive":
                wrong += 1
                break
    assert wrong <= 0.05 * 200


def test_what_earlier_steps_found_is_evidence_in_the_later_ones() -> None:
    few = traffic(400, 0.01)
    first = judge(few)
    assert first.verdict == "inconclusive"
    case = Case(few, OLD, CanaryLimits(), OLD, first.carried, steps=3)
    assert analyse(case).verdict == "promote"


def test_harm_that_begins_late_is_found_whatever_was_found_before() -> None:
    well = {"error_rate_increase": Evidence(within=500.0, beyond=-500.0, worse=-500.0)}
    case = Case(traffic(200, 0.3), OLD, CanaryLimits(), OLD, well, steps=3)
    assert analyse(case).verdict == "roll_back"


def test_worse_at_all_is_told_apart_from_over_the_limit() -> None:
    found = judge(traffic(260, 0.05))
    assert (found.verdict, bool(found.worse), bool(found.doubts)) == ("inconclusive", True, True)
    assert not judge(traffic(260, 0.01)).worse


def test_evidence_adds_up_whatever_its_size() -> None:
    found = Evidence().then(1.0, 1.0, 1.0).then(2.0, 3.0, -4.0)
    assert found.within == 3.0
    assert found.beyond == pytest.approx(math.log(math.exp(4.0) + math.exp(3.0)))
    assert found.worse == pytest.approx(math.log(math.exp(-3.0) + math.exp(-4.0)))
    assert Evidence().then(0, 900.0, 0).then(0, 900.0, 0).beyond == pytest.approx(1800.0)


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


def test_without_a_limit_of_the_median_no_times_are_looked_at() -> None:
    assert CanaryLimits(slowdown=None) == CanaryLimits(slowdown=None, slowdown_p95=None, slowdown_p99=None)
    assert CanaryLimits(slowdown=None, slowdown_p95=0.5).slowdown_p95 == 0.5
    assert CanaryLimits().slowdown_p99 == 1.0
