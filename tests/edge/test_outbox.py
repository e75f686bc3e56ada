"""The outbox: append-only, bounded by class, and never without a reason for a number that lacks."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.database import open_database
from edge.kernel.canonical import digest_of
from edge.kernel.errors import InvalidInput, OutboxFull, StorageFailed
from edge.kernel.protocol.events import FIRST_CHAIN, EventKind, chain, class_of
from edge.kernel.protocol.messages import LARGEST_EVENT
from edge.outbox import Bounds, Outbox
from tests.effort import times
from tests.fakes.edge_devices import open_outbox
from tests.fakes.simulation.disks import FaultyDisk

TIGHT = Bounds(audit=6_000, record=5_000, telemetry=4_000, delivered=2_000)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return open_outbox(tmp_path / "edge.db", bounds=TIGHT)


def take_all(outbox: Outbox, most_events: int = 7) -> tuple[list[tuple[int, str]], Counter[str]]:
    """What goes up until nothing is left, as a hub would get it."""
    came, thinned = list[tuple[int, str]](), Counter[str]()
    while (batch := outbox.batch(most_events)).events:
        came += [(event.seq, event.kind) for event in batch.events]
        thinned.update(batch.thinned)
        assert outbox.acknowledge(batch.through, batch.through_chain) == "advanced"
    return came, thinned


def fill(outbox: Outbox, *more: EventKind) -> None:
    for n in range(1, 10_000):
        outbox.record_all([("audit", {"n": n, "x": "y" * 200}), *((kind, {"n": n}) for kind in more)])


def test_numbers_rise_by_one_and_chains_bind_all_before(outbox: Outbox) -> None:
    assert [outbox.record("note", {"n": n}) for n in range(4)] == [1, 2, 3, 4]
    before = FIRST_CHAIN
    for event in outbox.batch().events:
        told = event.on_wire()
        before = chain(before, *(told[name] for name in ("seq", "kind", "at", "boot", "uptime_s", "body")))
        assert event.chain == before


def test_events_outlive_the_process(tmp_path: Path) -> None:
    open_outbox(tmp_path / "edge.db").record("alert", {"text": "hot"})
    again = open_outbox(tmp_path / "edge.db", boot="boot-2")
    assert again.record("alert", {"text": "hotter"}) == 2
    assert [event.boot for event in again.batch().events] == ["boot-1", "boot-2"]


def test_audit_is_refused_when_there_is_no_room_and_nothing_else_is_touched(outbox: Outbox) -> None:
    outbox.record("note", {"n": 0})
    with pytest.raises(OutboxFull):
        fill(outbox)
    before = outbox.status()
    with pytest.raises(OutboxFull):
        outbox.record("refused", {"what": "x" * 300})
    assert outbox.status() == before
    outbox.record("note", {"n": 1})
    came, thinned = take_all(outbox)
    assert Counter(kind for _, kind in came)["note"] == 2
    assert not thinned
    assert outbox.record("audit", {"n": 100}) == came[-1][0] + 1


def test_records_give_way_to_one_event_that_tells_how_many(outbox: Outbox) -> None:
    for n in range(200):
        outbox.record("job" if n % 2 else "note", {"n": n})
    kept = [event for event in outbox.batch().events if event.kind != "gap"]
    (gap,) = [event.on_wire()["body"] for event in outbox.batch().events if event.kind == "gap"]
    assert gap["dropped"] + len(kept) == 200
    assert sum(gap["kinds"].values()) == gap["dropped"]
    assert kept[-1].on_wire()["body"] == {"n": 199}
    assert gap["first"] == 1
    assert gap["last"] < kept[0].seq


def test_telemetry_is_thinned_the_older_the_more(outbox: Outbox) -> None:
    for n in range(400):
        outbox.record("telemetry", {"n": n})
    numbers = [event.on_wire()["body"]["n"] for event in outbox.batch().events]
    assert (numbers[0], numbers[-1]) == (0, 399)
    steps = [after - before for before, after in pairwise(numbers)]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > 100
    assert steps[-1] == 1


@settings(max_examples=times(10, 40))
@given(st.lists(st.sampled_from(["audit", "note", "alert", "telemetry", "sync"]), max_size=200), st.integers(0, 40))
def test_every_number_that_lacks_is_counted(steps: list[str], pad: int) -> None:
    with TemporaryDirectory() as folder:
        outbox = open_outbox(Path(folder) / "edge.db", bounds=TIGHT)
        recorded, came, thinned = Counter[str](), list[tuple[int, str]](), Counter[str]()
        for step in steps:
            if step == "sync":
                some, gone = take_all(outbox, 3)
                came, thinned = came + some, thinned + gone
                continue
            try:
                outbox.record(step, {"x": "y" * pad})  # type: ignore[arg-type]
                recorded[class_of(step)] += 1  # type: ignore[arg-type]
            except OutboxFull:
                assert step == "audit"
        used = outbox.status().bytes_used
        assert all(used[name] <= getattr(TIGHT, name) for name in ("audit", "record", "telemetry", "delivered"))
        some, gone = take_all(outbox, 3)
        came, thinned = came + some, thinned + gone
        kinds: list[EventKind] = [kind for _, kind in came]  # type: ignore[misc]
        kept = Counter(class_of(kind) for kind in kinds if kind != "gap")
        assert [seq for seq, _ in came] == sorted({seq for seq, _ in came})
        assert kept["audit"] == recorded["audit"]
        assert kept["telemetry"] + thinned["telemetry"] == recorded["telemetry"]
        assert thinned["forgotten"] == 0
        gaps = outbox.status().last_seq - sum(recorded.values())  # Told or merged into later ones.
        assert kept["record"] + kinds.count("gap") + thinned["record"] == recorded["record"] + gaps
        assert outbox.status().bytes_used["audit"] == 0


def test_what_was_sent_does_not_give_way(outbox: Outbox) -> None:
    for n in range(5):
        outbox.record("telemetry", {"n": n})
    sent = outbox.batch()
    for n in range(5, 300):
        outbox.record("telemetry", {"n": n})
    assert outbox.batch().events[:5] == sent.events


def test_delivered_events_are_kept_within_their_bound_to_be_sent_again(outbox: Outbox) -> None:
    for n in range(4):
        outbox.record("audit", {"n": n})
    first = outbox.batch()
    outbox.acknowledge(first.through, first.through_chain)
    assert outbox.acknowledge(0, FIRST_CHAIN) == "rewound"
    assert outbox.batch().events == first.events
    outbox.acknowledge(first.through, first.through_chain)
    for n in range(4, 14):
        outbox.record("audit", {"n": n})
    take_all(outbox)
    assert 0 < outbox.status().bytes_used["delivered"] <= TIGHT.delivered
    assert outbox.acknowledge(0, FIRST_CHAIN) == "rewound"
    again = outbox.batch()
    assert [event.seq for event in again.events] == list(range(again.events[0].seq, 15))
    assert again.thinned == {"forgotten": again.events[0].seq - 1}


def test_a_place_in_another_history_begins_a_new_stream_with_all_that_is_here(outbox: Outbox) -> None:
    for n in range(5):
        outbox.record("audit", {"n": n})
    batch = outbox.batch(3)
    outbox.acknowledge(batch.through, batch.through_chain)
    assert outbox.acknowledge(4, digest_of("another")) == "forked"
    again = outbox.batch()
    assert again.stream != batch.stream
    assert (again.after, again.after_chain) == (0, FIRST_CHAIN)
    assert [event.seq for event in again.events] == [1, 2, 3, 4, 5]
    assert outbox.status().forks == 1


@pytest.mark.parametrize("place", [(6, "f" * 64), (3, "f" * 64), (0, "f" * 64)])
def test_places_that_are_not_this_outboxes(outbox: Outbox, place: tuple[int, str]) -> None:
    for n in range(5):
        outbox.record("audit", {"n": n})
    assert outbox.acknowledge(*place) == "forked"


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": object()}, {"x": "y" * LARGEST_EVENT}, {1: 2, "a": 3}])
def test_a_body_that_no_hub_could_keep_is_refused(outbox: Outbox, body: dict) -> None:
    with pytest.raises(InvalidInput):
        outbox.record("note", body)
    assert outbox.status().last_seq == 0


def test_half_characters_of_broken_logs_are_replaced(outbox: Outbox) -> None:
    outbox.record("note", {"line": "caf\udce9 \x00"})
    (event,) = outbox.batch().events
    text = event.on_wire()["body"]["line"]
    text.encode()
    assert text.startswith("caf\ufffd")
    assert text.endswith(" \x00")


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path / "edge.db", str)
    outbox = open_outbox(disk.path, connect=disk.connect)
    outbox.record("audit", {"n": 0})
    disk.fill()
    with pytest.raises(StorageFailed):
        fill(outbox, "note")
    status = outbox.status()
    disk.free()
    assert outbox.record("audit", {"n": -1}) == status.last_seq + 1
    events = [event.on_wire() for event in outbox.since(0, limit=100_000)]
    assert [event["seq"] for event in events] == list(range(1, status.last_seq + 2))
    assert len([event for event in events if event["kind"] == "note"]) == (status.last_seq - 1) // 2


def test_events_can_be_read_by_kind(outbox: Outbox) -> None:
    for n in range(6):
        outbox.record("note" if n % 2 else "alert", {"n": n})
    assert [event.seq for event in outbox.recent("note", limit=2)] == [4, 6]
    assert [event.seq for event in outbox.since(2, "alert")] == [3, 5]


def test_one_set_aside_stays_on_the_device(tmp_path: Path) -> None:
    database = open_database(tmp_path / "edge.db")
    outbox = open_outbox(database, bounds=TIGHT)
    for n in range(3):
        outbox.record("audit", {"n": n})
    outbox.set_aside(2)
    assert [event.seq for event in outbox.batch().events] == [1, 3]
    with database.read() as rows:
        assert rows.execute("SELECT seq FROM outbox_aside").fetchall() == [(2,)]
