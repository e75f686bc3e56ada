"""Weighted rendezvous hashing: sticky, as the weights say, and only ever towards what gained weight."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom

from tools.rollouts.targets import Arm
from tools.serving.routing import Traffic, attempt_order, chosen_arm, share_of

keys = st.text(max_size=40)
weights = st.integers(0, 100)
splits = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), weights, min_size=1, max_size=5)


def arms_of(split: dict[str, int]) -> tuple[Arm, ...]:
    return tuple(Arm(version=version, weight=weight) for version, weight in split.items())


def version_of(split: dict[str, int], key: str, target: str = "t") -> str | None:
    arm = chosen_arm(target, arms_of(split), key)
    return arm.version if arm else None


@given(splits, keys)
def test_the_same_caller_gets_the_same_version_in_whatever_order_the_arms_come(split: dict[str, int], key: str):
    backwards = dict(reversed(split.items()))
    assert version_of(split, key) == version_of(split, key) == version_of(backwards, key)


@given(splits, keys, st.data())
def test_more_weight_for_one_version_moves_callers_to_it_alone(split: dict[str, int], key: str, data: st.DataObject):
    grown = data.draw(st.sampled_from(sorted(split)))
    before = version_of(split, key)
    after = version_of({**split, grown: data.draw(st.integers(split[grown], 100))}, key)
    assert after in {before, grown}


@given(st.integers(0, 100), st.integers(0, 100), keys)
def test_a_canary_that_grows_at_the_expense_of_the_stable_version_loses_no_caller(low: int, high: int, key: str):
    assume(low <= high)
    before = version_of({"stable": 100 - low, "canary": low}, key)
    after = version_of({"stable": 100 - high, "canary": high}, key)
    assert before == after or (before, after) == ("stable", "canary")


@given(splits, keys)
def test_weight_zero_serves_nobody_and_stands_in_for_nobody(split: dict[str, int], key: str):
    traffic = Traffic("t", arms_of(split), fallbacks=tuple(split))
    tried = [arm.version for arm in attempt_order(traffic, key)]
    assert set(tried) == {version for version, weight in split.items() if weight > 0}
    assert len(tried) == len(set(tried))


@pytest.mark.parametrize("percent", [1, 5, 10, 50, 90])
def test_the_share_is_within_binomial_bounds(percent: int):
    callers = 20_000
    got = sum(
        version_of({"stable": 100 - percent, "canary": percent}, f"caller {number}", "champion") == "canary"
        for number in range(callers)
    )
    low, high = binom.interval(1 - 1e-6, callers, percent / 100)
    assert low <= got <= high


def test_shares_of_three_are_as_the_weights():
    callers, split = 20_000, {"a": 5, "b": 3, "c": 2}
    got = [version_of(split, f"caller {number}") for number in range(callers)]
    for version, weight in split.items():
        low, high = binom.interval(1 - 1e-6, callers, weight / 10)
        assert low <= got.count(version) <= high


def test_targets_draw_apart():
    split = {"stable": 90, "canary": 10}
    both = sum(
        version_of(split, f"caller {n}", "one") == version_of(split, f"caller {n}", "two") == "canary"
        for n in range(20_000)
    )
    low, high = binom.interval(1 - 1e-6, 20_000, 0.01)
    assert low <= both <= high


def test_stand_ins_come_by_weight_then_the_fallbacks():
    traffic = Traffic("t", arms_of({"a": 1, "b": 60, "c": 39, "d": 0}), fallbacks=("d", "e", "e"))
    order = [arm.version for arm in attempt_order(traffic, "x")]
    first, rest = order[0], [version for version in ("b", "c", "a") if version != order[0]]
    assert order == [first, *rest, "e"]


def test_two_configurations_of_one_version_are_two_arms():
    arms = tuple(Arm(version="m", configuration={"system": system}, weight=50) for system in "AB")
    chosen = {chosen.key for n in range(100) if (chosen := chosen_arm("t", arms, str(n)))}
    assert chosen == {arm.key for arm in arms}
    assert len(chosen) == 2


@given(st.lists(keys, max_size=3))
def test_a_share_is_inside_the_open_interval(parts: list[str]):
    assert 0.0 < share_of(*parts) < 1.0
