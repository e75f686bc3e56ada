"""Three-way merge of configuration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.configuration import Rule, check_rules, merge, rule_for
from edge.kernel.errors import InvalidInput

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, -1.5]) | st.sampled_from(["a", "b"])
VALUES = SCALARS | st.lists(SCALARS, max_size=3)
STATES = st.dictionaries(st.sampled_from(["a", "a.b", "a.c", "b"]), VALUES)
RULES = st.dictionaries(
    st.sampled_from(["", "a", "a.", "a.b", "b"]),
    st.sampled_from(["hub_wins", "device_wins", "union", "smallest", "largest", "sum"]),
)
NUMBERS = st.integers(-100, 100)


@given(STATES, STATES, RULES)
def test_where_only_one_changed_that_holds(base: dict, changed: dict, rules: dict[str, Rule]) -> None:
    assert merge(base, changed, base, rules).values == changed
    assert merge(base, base, changed, rules).values == changed
    assert merge(base, changed, changed, rules).values == changed
    assert not merge(base, changed, base, rules).conflicts + merge(base, changed, changed, rules).conflicts


@given(STATES, STATES, STATES, RULES)
def test_merging_again_changes_nothing(base: dict, device: dict, hub: dict, rules: dict[str, Rule]) -> None:
    merged = merge(base, device, hub, rules)
    again = merge(hub, merged.values, hub, rules)
    assert (again.values, again.conflicts) == (merged.values, ())


@given(STATES, STATES, STATES, RULES)
def test_a_conflict_is_told_just_where_both_changed_a_value_differently(
    base: dict, device: dict, hub: dict, rules: dict[str, Rule]
) -> None:
    told = {conflict.key: conflict for conflict in merge(base, device, hub, rules).conflicts}
    for key in base.keys() | device.keys() | hub.keys():
        sides = [{"value": side[key]} if key in side else {} for side in (base, device, hub)]
        differ = [repr(sides[a]) != repr(sides[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
        assert (key in told) == all(differ)
        if key in told:
            assert [told[key].base, told[key].device, told[key].hub] == sides


@given(STATES, STATES, STATES)
def test_a_winner_wins_every_conflict(base: dict, device: dict, hub: dict) -> None:
    for rule, winner in (("hub_wins", hub), ("device_wins", device)):
        merged = merge(base, device, hub, {"": rule})
        for conflict in merged.conflicts:
            assert merged.values.get(conflict.key) == winner.get(conflict.key)


@given(STATES, STATES, STATES, st.sampled_from(["union", "smallest", "largest", "sum"]))
def test_rules_without_a_winner_do_not_care_who_is_who(base: dict, one: dict, other: dict, rule: Rule) -> None:
    there, back = merge(base, one, other, {"": rule}), merge(base, other, one, {"": rule})
    for conflict in there.conflicts:
        if conflict.rule == rule:
            assert there.values[conflict.key] == back.values[conflict.key]


@given(NUMBERS, NUMBERS, NUMBERS)
def test_numbers(base: int, device: int, hub: int) -> None:
    states = ({"n": base}, {"n": device}, {"n": hub})
    if len({base, device, hub}) == 3:
        assert merge(*states, {"": "smallest"}).values["n"] == min(device, hub)
        assert merge(*states, {"": "largest"}).values["n"] == max(device, hub)
        assert merge(*states, {"": "sum"}).values["n"] - base == (device - base) + (hub - base)


@given(*[st.frozensets(st.sampled_from("abcdef"))] * 3)
def test_a_union_has_what_either_added_and_lacks_what_either_removed(
    base: frozenset[str], device: frozenset[str], hub: frozenset[str]
) -> None:
    merged = merge(*({"s": sorted(side)} for side in (base, device, hub)), {"s": "union"})
    added, removed = (device | hub) - base, base - (device & hub)
    assert set(merged.values["s"]) == (base | added) - removed


def test_true_is_not_one() -> None:
    assert merge({"x": 1}, {"x": True}, {"x": 1}, {}).values == {"x": True}


def test_a_rule_that_does_not_fit_leaves_it_to_the_hub() -> None:
    (conflict,) = merge({"x": 1}, {"x": "much"}, {"x": 2}, {"x": "smallest"}).conflicts
    assert (conflict.rule, conflict.result) == ("hub_wins", {"value": 2})
    (conflict,) = merge({"x": 1}, {}, {"x": 2}, {"x": "largest"}).conflicts
    assert (conflict.rule, conflict.device, conflict.result) == ("hub_wins", {}, {"value": 2})
    (conflict,) = merge({"x": 1.0}, {"x": 1e308}, {"x": 1.5e308}, {"x": "sum"}).conflicts
    assert conflict.rule == "hub_wins"


def test_the_longest_prefix_decides() -> None:
    rules = check_rules({"": "sum", "alerts.": "union", "alerts.temperature": "smallest"})
    assert rule_for("alerts.temperature.limit", rules) == "smallest"
    assert rule_for("alerts.names", rules) == "union"
    assert rule_for("other", rules) == "sum"
    assert rule_for("other", {}) == "hub_wins"


def test_a_rule_that_is_not_known_is_refused() -> None:
    with pytest.raises(InvalidInput, match="newest"):
        check_rules({"x": "newest"})
