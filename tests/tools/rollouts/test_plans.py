import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.kernel.errors import InvalidInput
from tests.fakes.rollouts import serving
from tools.rollouts.canary_analysis import PARTS
from tools.rollouts.plans import (
    BlueGreen,
    Canary,
    Recreate,
    Rolling,
    Shadow,
    Strategy,
    make_plan,
    parse_strategy,
    state_at,
)
from tools.rollouts.targets import Arm, TargetState, wave

NEW = Arm(version="new")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kind": "canary", "steps": [{"weight": 150}]},
            r"canary.steps.0.weight: Input should be less than or equal to 99",
        ),
        ({"kind": "canary", "steps": [{"weight": 0}]}, r"greater than or equal to 1"),
        ({"kind": "canary", "steps": [{"weight": 50}, {"weight": 20}]}, "weights must rise, but 20 follows 50"),
        ({"kind": "canary", "steps": [{"weight": 20}, {"weight": 20}]}, "weights must rise, but 20 follows 20"),
        ({"kind": "canary", "steps": []}, "steps"),
        (
            {"kind": "canary", "steps": [{"weight": 5, "hold_s": 10, "limit_s": 5}]},
            "hold_s 10 is longer than limit_s 5",
        ),
        ({"kind": "canary", "stages": []}, "stages"),
        ({"kind": "rolling", "part_percent": 120}, "less than or equal to 100"),
        ({"kind": "big_bang"}, "big_bang"),
        ("canary", "strategy"),
    ],
)
def test_what_is_no_strategy_is_refused_with_the_place_and_the_reason(given: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_strategy(given)


def test_a_strategy_cannot_do_everything() -> None:
    old = serving("old")
    for strategy in (BlueGreen(), Shadow()):
        with pytest.raises(InvalidInput, match="a device holds one model at a time"):
            make_plan(strategy, "devices", old, NEW)
    with pytest.raises(InvalidInput, match="serves nothing yet"):
        make_plan(Canary(), "serving", TargetState(), NEW)
    with pytest.raises(InvalidInput, match="both sides are the same"):
        make_plan(Canary(), "serving", old, Arm(version="old"))
    with pytest.raises(InvalidInput, match="more than one version"):
        make_plan(
            Canary(), "serving", TargetState(arms=(Arm(version="a", weight=50), Arm(version="b", weight=50))), NEW
        )
    with pytest.raises(InvalidInput, match="error_threshold"):
        make_plan(Canary(), "serving", old, NEW, error_threshold=1.5)
    assert make_plan(Canary(), "serving", old, Arm(version="old", configuration={"temperature": 0}))
    assert make_plan(Recreate(), "serving", TargetState(), NEW).steps[-1].weight == 100


def test_all_judged_steps_together_err_with_the_plans_alpha() -> None:
    limits = make_plan(Canary(), "serving", serving("old"), NEW).limits
    assert limits.alpha_within + limits.alpha_beyond + limits.alpha_worse == pytest.approx(limits.alpha)
    assert sum(PARTS.values()) == pytest.approx(1.0)


def test_only_the_steps_that_are_judged_share_what_they_may_err() -> None:
    assert make_plan(Canary(), "serving", serving("old"), NEW).judged_steps == 3
    assert make_plan(BlueGreen(), "serving", serving("old"), NEW).judged_steps == 1


@pytest.mark.parametrize("strategy", [Rolling(), Recreate(), BlueGreen()])
def test_what_replaces_a_version_is_held_and_asks_for_requests(strategy: Strategy) -> None:
    judged = [step for step in make_plan(strategy, "serving", serving("old"), NEW).steps if step.judge != "ready"]
    assert all(step.hold_s >= 300 and step.minimum_samples >= 100 for step in judged)


def test_the_first_version_of_a_target_is_there_once_it_is_ready() -> None:
    (step,) = make_plan(Recreate(), "serving", TargetState(), NEW).steps
    assert (step.judge, step.hold_s, step.minimum_samples, step.limit_s) == ("ready", 0.0, 0, 600.0)


def test_an_undecided_switch_goes_back_and_a_wave_of_devices_is_never_left_behind() -> None:
    assert make_plan(BlueGreen(), "serving", serving("old"), NEW).steps[-1].at_limit == "roll_back"
    served = make_plan(Canary(), "serving", serving("old"), NEW).steps
    assert [step.at_limit for step in served] == ["next", "next", "pause"]
    assert {step.at_limit for step in make_plan(Canary(), "devices", serving("old"), NEW).steps} == {"pause"}


@given(
    st.one_of(
        st.builds(Rolling, part_percent=st.integers(1, 100)), st.just(Canary()), st.just(BlueGreen()), st.just(Shadow())
    )
)
def test_in_every_step_the_weights_sum_to_100_and_rise(strategy: Rolling) -> None:
    before = serving("old")
    steps = make_plan(strategy, "serving", before, NEW).steps
    for step in steps:
        state = state_at(step, before, NEW)
        assert sum(arm.weight for arm in state.arms) == 100
        assert state.arms[0].version == "old"
    weights = [step.weight for step in steps]
    assert weights == sorted(set(weights))


def test_weights_that_do_not_sum_to_100_are_no_state() -> None:
    with pytest.raises(ValidationError, match="sum to 100, not 90"):
        TargetState(arms=(Arm(version="a", weight=50), Arm(version="b", weight=40)))


def test_an_arm_is_measured_by_version_and_configuration() -> None:
    keys = {
        Arm(version="a").key,
        Arm(version="a", configuration={"x": 1}).key,
        Arm(version="a", configuration={"x": 2}).key,
    }
    assert len(keys) == 3
    assert (
        Arm(version="a", configuration={"x": 1, "y": 2}).key
        == Arm(version="a", configuration={"y": 2, "x": 1}, weight=3).key
    )


@given(st.sets(st.text(min_size=1, max_size=5), max_size=40), st.integers(0, 100), st.integers(0, 100))
def test_waves_grow_and_reach_at_least_one_device(devices: set[str], one: int, other: int) -> None:
    low, high = sorted((one, other))
    first, second = wave(devices, low, "edge"), wave(devices, high, "edge")
    assert first <= second <= devices
    assert bool(first) == bool(devices and low)
    assert wave(devices, 100, "edge") == devices
