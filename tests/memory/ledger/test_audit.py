"""The chain of the audit log: whatever is done to it afterwards is found."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.home import open_home
from memory.ledger import Ledger, open_ledger
from memory.ledger.audit import Head, Verification, audit, audit_heads
from tests.effort import times

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LENGTH = 12
FIELDS = [column.name for column in audit.c if column.name not in {"tenant", "sequence"}]


def append(ledger: Ledger, count: int, tenant: str = "default") -> None:
    with ledger.unit(tenant) as unit:
        for number in range(count):
            unit.audit.append(
                at=NOW + timedelta(seconds=number),
                principal="ann",
                tool="set_stage",
                effect="write",
                arguments_digest="0" * 64,
                outcome="done",
                detail=f"number {number}",
            )


def verify(ledger: Ledger, tenant: str = "default", noted: Head | None = None) -> Verification:
    with ledger.view(tenant) as unit:
        return unit.audit.verify(noted)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A log of twelve entries; what an example does to it is undone."""
    ledger = open_ledger(open_home(tmp_path_factory.mktemp("audit")).ledger)
    append(ledger, LENGTH)
    append(ledger, 3, "other")
    yield ledger
    ledger.close()


class Undo(Exception):
    """Ends a transaction without a trace."""


def found_after(ledger: Ledger, *statements: sa.Executable) -> Verification:
    """What a verification finds after these statements, which are undone."""
    found: list[Verification] = []
    with suppress(Undo), ledger.unit("default") as unit:
        for statement in statements:
            unit._scope._connection.execute(statement)
        found.append(unit.audit.verify())
        raise Undo
    return found[0]


def entry(sequence: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (audit.c.tenant == "default", audit.c.sequence == sequence)


def test_what_was_appended_verifies_and_comes_back(ledger: Ledger) -> None:
    assert verify(ledger) == Verification(0, Head(0, "0" * 64))
    append(ledger, 5)
    found = verify(ledger)
    assert (found.checked, found.bad_sequence, found.head.count) == (5, None, 5)
    with ledger.view("default") as unit:
        newest, second = unit.audit.entries(limit=2)
        assert (newest.sequence, newest.detail, newest.at) == (5, "number 4", NOW + timedelta(seconds=4))
        assert newest.previous_hash == second.hash
        assert [one.sequence for one in unit.audit.entries(before=3)] == [2, 1]


def test_each_tenant_has_a_chain_of_its_own(ledger: Ledger) -> None:
    append(ledger, 2)
    append(ledger, 3, "other")
    assert (verify(ledger).checked, verify(ledger, "other").checked, verify(ledger, "none").checked) == (2, 3, 0)


def test_an_entry_is_gone_with_its_transaction(ledger: Ledger) -> None:
    append(ledger, 1)
    with suppress(Undo), ledger.unit("default") as unit:
        unit.audit.append(
            at=NOW, principal="p", tool="t", effect="write", arguments_digest="", outcome="done", detail=""
        )
        raise Undo
    append(ledger, 1)
    assert (verify(ledger).checked, verify(ledger).bad_sequence) == (2, None)


def test_a_detail_is_one_line_of_bounded_length(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        written = unit.audit.append(
            at=NOW, principal="p", tool="t", effect="write", arguments_digest="", outcome="failed", detail="a\nb" * 9999
        )
    assert len(written.detail) == 2000
    assert "\n" not in written.detail
    assert verify(ledger).bad_sequence is None


@settings(max_examples=times(7, 30))
@given(sequence=st.integers(1, LENGTH), field=st.sampled_from(FIELDS), text=st.text("0123456789abcxyz", max_size=8))
def test_any_altered_field_is_found(written: Ledger, sequence: int, field: str, text: str) -> None:
    value = NOW - timedelta(seconds=len(text) + 1) if field == "at" else text
    found = found_after(written, audit.update().where(*entry(sequence)).values({field: value}))
    assert found.bad_sequence == sequence
    assert found.checked == sequence - 1


@settings(max_examples=times(7, 30))
@given(sequence=st.integers(1, LENGTH))
def test_any_removed_entry_is_found(written: Ledger, sequence: int) -> None:
    assert found_after(written, audit.delete().where(*entry(sequence))).bad_sequence == sequence


@settings(max_examples=times(7, 30))
@given(kept=st.integers(0, LENGTH - 1))
def test_a_log_that_is_cut_off_is_found(written: Ledger, kept: int) -> None:
    cut = audit.delete().where(audit.c.tenant == "default", audit.c.sequence > kept)
    assert found_after(written, cut).bad_sequence == kept + 1


@settings(max_examples=times(7, 30))
@given(sequence=st.integers(1, LENGTH - 1))
def test_a_removed_entry_is_found_even_when_the_others_are_renumbered(written: Ledger, sequence: int) -> None:
    remove = audit.delete().where(*entry(sequence))
    close_up = [
        audit.update().where(*entry(number)).values(sequence=number - 1) for number in range(sequence + 1, LENGTH + 1)
    ]
    assert found_after(written, remove, *close_up).bad_sequence == sequence


@settings(max_examples=times(7, 30))
@given(pair=st.lists(st.integers(1, LENGTH), min_size=2, max_size=2, unique=True))
def test_any_two_swapped_entries_are_found(written: Ledger, pair: list[int]) -> None:
    one, other = pair
    swap = [
        audit.update().where(*entry(one)).values(sequence=0),
        audit.update().where(*entry(other)).values(sequence=one),
        audit.update().where(*entry(0)).values(sequence=other),
    ]
    assert found_after(written, *swap).bad_sequence == min(pair)


@settings(max_examples=times(7, 30))
@given(sequence=st.integers(1, LENGTH))
def test_an_inserted_entry_is_found(written: Ledger, sequence: int) -> None:
    shift = [
        audit.update().where(*entry(number)).values(sequence=number + 1) for number in range(LENGTH, sequence - 1, -1)
    ]
    forged = audit.insert().values(
        tenant="default", sequence=sequence, at=NOW, principal="eve", tool="t", effect="write", arguments_digest="",
        outcome="done", detail="", previous_hash="0" * 64, hash="0" * 64,
    )  # fmt: skip
    assert found_after(written, *shift, forged).bad_sequence == sequence


@settings(max_examples=times(7, 30))
@given(change=st.sampled_from([{"count": 11}, {"count": 13}, {"hash": "0" * 64}, {"seal": "0" * 64}]))
def test_an_altered_head_is_found(written: Ledger, change: dict[str, object]) -> None:
    theirs = audit_heads.c.tenant == "default"
    assert found_after(written, audit_heads.update().where(theirs).values(change)).bad_sequence == LENGTH + 1


def test_a_removed_head_is_found(written: Ledger) -> None:
    assert found_after(written, audit_heads.delete().where(audit_heads.c.tenant == "default")).bad_sequence is not None


def test_entries_of_another_tenant_do_not_fit(written: Ledger) -> None:
    assert verify(written, "other").checked == 3
    with written.view("other") as unit:
        (last,) = unit.audit.entries(limit=1)
    moved = (
        audit.update()
        .where(*entry(3))
        .values({name: getattr(last, name) for name in FIELDS if name != "previous_hash"})
    )
    assert found_after(written, moved).bad_sequence == 3


def test_a_log_made_anew_does_not_go_through_a_head_that_was_noted(ledger: Ledger) -> None:
    append(ledger, 4)
    noted = verify(ledger).head
    append(ledger, 2)
    assert verify(ledger, noted=noted).bad_sequence is None
    with ledger.database.write() as connection:
        connection.execute(audit.delete())
        connection.execute(audit_heads.delete())
    assert verify(ledger).bad_sequence is None
    assert verify(ledger, noted=noted).bad_sequence == 1
    append(ledger, 3)
    assert verify(ledger, noted=noted).bad_sequence == 4
    with ledger.database.write() as connection:
        connection.execute(audit.delete())
        connection.execute(audit_heads.delete())
    with ledger.unit("default") as unit:
        for _ in range(6):
            unit.audit.append(
                at=NOW, principal="eve", tool="t", effect="write", arguments_digest="", outcome="done", detail=""
            )
    assert verify(ledger).bad_sequence is None
    assert verify(ledger, noted=noted).bad_sequence == 4
