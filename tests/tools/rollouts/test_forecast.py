"""How long it will take is said before it is seen, and small traffic gets the time that it takes."""

import pytest

from tests.bench.rollout_traffic import Scenario, Version, ends
from tests.fakes.rollouts import serving, traffic
from tools.rollouts.canary_analysis import Evidence, Observed
from tools.rollouts.forecast import Traffic, fitted, forecast
from tools.rollouts.plans import BlueGreen, Canary, CanaryStep, Recreate, Strategy, make_plan
from tools.rollouts.targets import Arm, TargetState

OLD, NEW = serving("old"), Arm(version="new")
USUAL = traffic(10_000, 0.01)


def plan_of(strategy: Strategy):
    return make_plan(strategy, "serving", OLD, NEW)


def test_it_is_about_what_comes() -> None:
    found = forecast(plan_of(Canary()), Traffic(5.0, USUAL))
    assert found is not None
    assert found.decides
    took = [ends(Scenario("", Version(0.01), Version(0.01), 5.0), seed)[1] for seed in range(5)]
    assert 0.5 * found.total_s < 3600 * sorted(took)[2] < 2 * found.total_s


def test_more_traffic_takes_less_time_and_little_does_not_decide() -> None:
    per_s = (0.01, 1.0, 5.0, 20.0)
    found = [forecast(plan_of(Canary()), Traffic(one, USUAL)) for one in per_s]
    assert [one.decides for one in found if one] == [False, True, True, True]
    totals = [one.total_s for one in found[1:] if one]
    assert totals == sorted(totals, reverse=True)


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert forecast(plan_of(Canary()), Traffic(0.0, Observed())) is None
    assert forecast(make_plan(Canary(), "devices", OLD, NEW), Traffic(5.0, USUAL)) is None


def test_what_was_found_already_shortens_what_is_left() -> None:
    plan, now = plan_of(Canary()), Traffic(1.0, USUAL)
    fresh = forecast(plan, now, taken=2)
    known = {
        name: Evidence(within=4.0) for name in ("error_rate_increase", "answer_median", "answer_p95", "answer_p99")
    }
    later = forecast(plan, now, taken=2, carried=known)
    assert fresh is not None
    assert later is not None
    assert later.total_s < fresh.total_s
    assert forecast(plan, now, taken=3, since_s=1e6).total_s == 0.0  # type: ignore[union-attr]


def test_limits_of_time_follow_the_traffic_unless_they_were_given() -> None:
    plenty, little = (fitted(plan_of(Canary()), Traffic(per_s, USUAL)) for per_s in (5.0, 0.1))
    assert [step.limit_s for step in plenty.steps] == [3600.0] * 3
    assert 3600.0 < little.steps[0].limit_s <= 86_400.0
    given = plan_of(Canary(steps=(CanaryStep(weight=10, limit_s=600),)))
    assert fitted(given, Traffic(0.1, USUAL)) == given
    assert fitted(plan_of(BlueGreen()), Traffic(0.1, USUAL)).steps[-1].limit_s == 3600.0


def test_a_first_version_takes_no_time_of_judging() -> None:
    plan = make_plan(Recreate(), "serving", TargetState(), NEW)
    found = forecast(plan, Traffic(1.0, USUAL))
    assert found is not None
    assert found.total_s == pytest.approx(0.0)
