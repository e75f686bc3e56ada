"""Desired and reported state on the device's disk, and its configuration."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.configuration import Configuration
from edge.database import Database, open_database
from edge.kernel.canonical import digest_of
from edge.kernel.errors import InvalidInput, Untrusted
from edge.kernel.protocol.desired import Desired, Item, state_digest
from edge.state import DesiredState, ReportedState
from tests.effort import times


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "edge.db")


def item(name: str, revision: int, text: str | None) -> Item:
    return Item(kind="prompt", name=name, revision=revision, body=None if text is None else {"text": text})


def changes(since: int | None, revision: int, *items: Item, all_of: tuple[Item, ...] | None = None) -> Desired:
    digest = state_digest(items if all_of is None else all_of)
    return Desired(device="a", since=since, revision=revision, items=items, digest=digest)


def texts(state: DesiredState) -> dict[str, Any]:
    return {one.name: (one.body or {})["text"] for one in state.items()}


def test_a_new_device_asks_for_the_whole_and_takes_it(database: Database) -> None:
    state = DesiredState(database)
    assert (state.standing().revision, state.standing().whole) == (-1, True)
    assert state.take(changes(None, 3, item("a", 1, "x"), item("b", 3, "y"))) == {"prompt"}
    assert (texts(state), state.standing().revision, state.standing().whole) == ({"a": "x", "b": "y"}, 3, False)
    assert state.standing().digest == state_digest([item("a", 1, "x"), item("b", 3, "y")])


def test_changes_overwrite_and_tombstones_remove(database: Database) -> None:
    state = DesiredState(database)
    state.take(changes(None, 1, item("a", 1, "x"), item("b", 1, "y")))
    state.take(changes(1, 2, item("a", 2, "z"), item("b", 2, None), all_of=(item("a", 2, "z"),)))
    assert texts(state) == {"a": "z"}
    assert state.find("prompt", "b") is None


def test_the_whole_replaces_all_even_with_a_lower_revision_of_a_restored_hub(database: Database) -> None:
    state = DesiredState(database)
    state.take(changes(None, 9, item("a", 1, "x"), item("b", 9, "y")))
    state.take(changes(None, 2, item("c", 2, "z")))
    assert (texts(state), state.standing().revision) == ({"c": "z"}, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        changes(0, 2, item("a", 2, "z")),  # starts from what this device does not have
        changes(1, 2, item("a", 2, "z"), all_of=(item("a", 2, "other"),)),
        changes(None, 2, item("a", 2, "z"), all_of=()),
    ],
)
def test_what_does_not_fit_changes_nothing(database: Database, wrong: Desired) -> None:
    state = DesiredState(database)
    state.take(changes(None, 1, item("a", 1, "x")))
    before = state.standing()
    with pytest.raises(Untrusted):
        state.take(wrong)
    assert (texts(state), state.standing()) == ({"a": "x"}, before)


def test_what_the_disk_altered_has_another_digest(database: Database) -> None:
    state = DesiredState(database)
    state.take(changes(None, 1, item("a", 1, "x")))
    before = state.standing().digest
    for body in (json.dumps({"text": "evil"}), '{"text'):
        with database.transaction() as rows:
            rows.execute("UPDATE desired SET body = ?", (body,))
        assert state.standing().digest != before


def test_what_the_disk_made_unreadable_is_left_out_and_asked_for_again(database: Database) -> None:
    state = DesiredState(database)
    state.take(changes(None, 1, item("a", 1, "x"), item("b", 1, "y")))
    with database.transaction() as rows:
        rows.execute("UPDATE desired SET body = ? WHERE name = 'a'", ('{"text',))
    assert texts(state) == {"b": "y"}
    assert state.standing().whole
    state.take(changes(None, 1, item("a", 1, "x"), item("b", 1, "y")))
    assert (texts(state), state.standing().whole) == ({"a": "x", "b": "y"}, False)


def test_a_reported_part_that_the_disk_made_unreadable_is_left_out_until_it_is_put_again(database: Database) -> None:
    state = ReportedState(database)
    state.put("version", "m-1")
    state.put("health", {"ok": True})
    with database.transaction() as rows:
        rows.execute("UPDATE reported SET value = ? WHERE part = 'health'", ('{"ok',))
    assert state.due()[1] == {"version": "m-1"}
    assert state.put("health", {"ok": True})
    assert state.parts() == {"version": "m-1", "health": {"ok": True}}


def test_reported_state_is_due_until_the_hub_has_just_that(database: Database) -> None:
    state = ReportedState(database)
    assert state.due() == (0, None)
    assert state.put("version", "m-1")
    assert not state.put("version", "m-1")
    version, parts = state.due()
    assert (version, parts) == (1, {"version": "m-1"})
    state.hub_has(1, digest_of(parts))
    assert state.due() == (1, None)
    state.put("health", {"ok": True})
    assert state.due() == (2, {"version": "m-1", "health": {"ok": True}})


def test_after_the_disk_was_set_back_what_is_here_becomes_the_newest(database: Database) -> None:
    state = ReportedState(database)
    state.put("version", "m-1")
    for of_the_hub in (1, 7):
        state.hub_has(of_the_hub, digest_of({"version": "of another time"}))
        version, parts = state.due()
        assert version == of_the_hub + 1
        assert parts == {"version": "m-1"}


def test_configuration_keeps_what_was_changed_on_the_device(database: Database) -> None:
    configuration = Configuration(database)
    items = [
        Item(kind="configuration", name="configuration", revision=1, body={"values": {"a": 1, "b": 2}, "rules": {}})
    ]
    assert configuration.take(items) == ()
    configuration.change("a", 5)
    configuration.remove("b")
    configuration.change("c", None)
    assert configuration.take(items) == ()
    assert configuration.values() == {"a": 5, "c": None}
    gone = [items[0].model_copy(update={"body": {"values": {"b": 3}}})]
    conflicts = configuration.take(gone)
    assert [conflict.key for conflict in conflicts] == ["a", "b"]
    assert configuration.values() == {"b": 3, "c": None}


def test_a_rule_that_is_not_known_changes_nothing(database: Database) -> None:
    configuration = Configuration(database)
    body = {"values": {"a": 1}, "rules": {"a": "newest"}}
    with pytest.raises(InvalidInput):
        configuration.take([Item(kind="configuration", name="configuration", revision=1, body=body)])
    assert configuration.values() == {}


@settings(max_examples=times(5, 20))
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 3))))
def test_any_course_of_changes_ends_where_the_whole_does(steps: list[tuple[str, int | None]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "edge.db")
        state = DesiredState(database)
        wanted = dict[str, Item]()
        state.take(changes(None, 0))
        for revision, (name, text) in enumerate(steps, 1):
            wanted[name] = item(name, revision, None if text is None else str(text))
            everything = tuple(one for one in wanted.values() if one.body is not None)
            state.take(changes(revision - 1, revision, wanted[name], all_of=everything))
        assert texts(state) == {name: one.body["text"] for name, one in wanted.items() if one.body is not None}
        database.close()
