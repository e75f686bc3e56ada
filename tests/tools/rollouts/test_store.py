"""The rollouts' store over a ledger: several changes at once, of several tenants."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from memory.ledger import Ledger, open_ledger
from memory.ledger.rollouts import Target
from tests.fakes.rollouts import NOON, a_rollout, serving
from tools.rollouts.canary_analysis import Analysis, CachedVerdict
from tools.rollouts.machine import advance, command
from tools.rollouts.rollout import Observation, Rollout
from tools.rollouts.store import LedgerRolloutStore, add_rollout, read_rollout, read_target

LATER = NOON + timedelta(seconds=15)
OLD = serving("old", prompt="short")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def added(ledger: Ledger, rollout_id: str, tenant: str = "default") -> Rollout:
    made = a_rollout(rollout_id, target=f"of {rollout_id}").model_copy(
        update={"tenant": tenant, "state": "progressing"}
    )
    with ledger.unit(tenant) as unit:
        unit.targets.save(Target(made.target, "serving", OLD.model_dump(mode="json"), NOON))
        add_rollout(unit, made)
    return made


def kept(ledger: Ledger, rollout: Rollout) -> Rollout:
    with ledger.view(rollout.tenant) as unit:
        return read_rollout(unit, rollout.id)


def test_of_several_changes_those_go_through_that_nobody_was_before(ledger: Ledger) -> None:
    store = LedgerRolloutStore(ledger)
    one, stale, moved, other = (
        added(ledger, "one"),
        added(ledger, "stale"),
        added(ledger, "moved"),
        added(ledger, "o", "b"),
    )
    store.commit([command(stale, "pause", "ann", NOON)])
    with ledger.unit("default") as unit:
        target = unit.targets.get(moved.target)
        unit.targets.save(target)
    steps = [advance(rollout, Observation(1), NOON) for rollout in (one, stale, moved, other)]
    assert {rollout.id for rollout in store.commit(steps)} == {"one", "o"}
    assert [kept(ledger, one).state, kept(ledger, other).state] == ["analysing", "analysing"]
    assert [kept(ledger, stale).state, kept(ledger, moved)] == ["paused", moved]
    with ledger.view("default") as unit:
        assert read_target(unit, one.target)[1] == 2
        assert read_target(unit, moved.target) == (OLD, 2)
        assert len(unit.rollouts.events(one.id)) == 3
        assert len(unit.rollouts.events(moved.id)) == 1


def test_what_is_put_off_keeps_its_verdict_and_is_no_change(ledger: Ledger) -> None:
    store = LedgerRolloutStore(ledger)
    one, stale, other = added(ledger, "one"), added(ledger, "stale"), added(ledger, "o", "b")
    store.commit([command(stale, "pause", "ann", NOON)])
    judged = CachedVerdict("x", Analysis("inconclusive", ("too few",), enough=True))
    later = [rollout.model_copy(update={"due_at": LATER, "judged": judged}) for rollout in (one, stale, other)]
    store.postpone(later)
    assert [kept(ledger, one), kept(ledger, other)] == [later[0], later[2]]
    assert kept(ledger, stale).due_at is None
    assert store.claim("one", NOON, LATER, 10) == []


def test_a_claim_begins_with_the_longest_due_and_leaves_those_of_others(ledger: Ledger) -> None:
    store = LedgerRolloutStore(ledger)
    rollouts = [added(ledger, f"r{number}", tenant) for number, tenant in enumerate(("a", "b", "a", "b"))]
    for place, rollout in enumerate(rollouts):
        store.postpone([rollout.model_copy(update={"due_at": NOON - timedelta(seconds=10 - place)})])
    assert [one.id for one in store.claim("one", NOON, LATER, 1)] == ["r0"]
    assert [one.id for one in store.claim("two", NOON, LATER, 2)] == ["r2", "r1"]
    assert [one.id for one in store.claim("one", NOON, LATER, 10)] == ["r0", "r3"]
    assert {one.id for one in store.claim("two", LATER, LATER + timedelta(seconds=1), 10)} == {"r0", "r1", "r2", "r3"}


def test_targets_that_are_not_there_have_no_revision(ledger: Ledger) -> None:
    one = added(ledger, "one")
    assert LedgerRolloutStore(ledger).revisions("default", [one.target, "none"]) == {one.target: 1, "none": 0}
    assert LedgerRolloutStore(ledger).revisions("b", [one.target]) == {one.target: 0}


def test_a_change_goes_through_only_under_the_lease(ledger: Ledger) -> None:
    store, one = LedgerRolloutStore(ledger), added(ledger, "one")
    step = advance(one, Observation(1), NOON)
    assert [rollout.id for rollout in store.claim("one", NOON, LATER, 10)] == ["one"]
    assert store.commit([step], "two") == []
    assert kept(ledger, one) == one
    assert [rollout.state for rollout in store.commit([step], "one")] == ["analysing"]


def test_a_lease_is_renewed_for_its_holder_while_the_rollout_is_open(ledger: Ledger) -> None:
    store = LedgerRolloutStore(ledger)
    rollouts = [added(ledger, name, tenant) for name, tenant in (("a", "x"), ("b", "y"), ("over", "x"))]
    store.claim("one", NOON, LATER, 10)
    (aborted,) = store.commit([command(rollouts[2], "abort", "ann", NOON)])
    store.commit([advance(aborted, Observation(1), NOON)])
    much_later = LATER + timedelta(minutes=1)
    assert store.renew("one", rollouts, much_later) == {"a", "b"}
    assert store.renew("two", rollouts, much_later) == set()
    assert store.claim("two", LATER, much_later, 10) == []
    assert len(store.claim("two", much_later, much_later, 10)) == 2
