"""Usage is written in batches: nothing is lost on a clean stop, at most one interval on a crash."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel.errors import StorageFailed, Unavailable
from memory.ledger import Ledger, open_ledger
from memory.ledger.usage import counted_uses
from tests.effort import times
from tests.fakes.gateways import FakeSink
from tools.serving.ledger import LedgerSink
from tools.serving.metering import UsageRecord, UsageWriter

DAY = datetime(2026, 5, 4, tzinfo=UTC)


def use(tenant: str = "default", version: str = "m@1", *, failed: bool = False, second: int = 0) -> UsageRecord:
    return UsageRecord(
        id=uuid.uuid4().hex,
        tenant=tenant,
        principal="p",
        target="champion",
        version=version,
        runtime="local",
        endpoint="chat/completions",
        started_at=datetime(2026, 5, 4, 12, 0, second, tzinfo=UTC),
        latency_s=0.25,
        first_token_s=None,
        prompt_tokens=7,
        completion_tokens=3,
        estimated=False,
        cost_usd=0.5,
        outcome="unavailable" if failed else "done",
        failed=failed,
        streamed=False,
        attempt=1,
        shadow=False,
    )


class Ticks:
    """A sleep that ends when the test says so, and tells when it was begun."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.begun.set()
        await self.go.wait()
        self.go.clear()

    async def tick(self) -> None:
        """Let one interval pass, and what is done after it."""
        await self.begun.wait()
        self.begun.clear()
        self.go.set()
        await self.begun.wait()


async def test_a_clean_stop_writes_what_waits():
    sink = FakeSink()
    async with UsageWriter(sink, sleep=Ticks()) as writer:
        rows = [use() for _ in range(5)]
        for row in rows:
            writer.record(row)
        assert sink.rows == []
    assert sink.rows == rows


async def test_each_interval_writes_what_came_in_it():
    sink, ticks = FakeSink(), Ticks()
    async with UsageWriter(sink, sleep=ticks, batch=2) as writer:
        for _ in range(5):
            writer.record(use())
        await ticks.tick()
        assert len(sink.rows) == 5


async def test_a_sink_that_fails_gets_the_same_rows_again():
    sink, ticks = FakeSink(broken=True), Ticks()
    async with UsageWriter(sink, sleep=ticks) as writer:
        row = use()
        writer.record(row)
        await ticks.tick()
        assert sink.rows == []
        sink.broken = False
        await ticks.tick()
        assert sink.rows == [row]


async def test_nothing_is_served_uncounted():
    sink = FakeSink(broken=True)
    writer = UsageWriter(sink, most_waiting=2)
    writer.record(use())
    writer.require_room()
    writer.record(use())
    with pytest.raises(Unavailable, match="cannot be recorded"):
        writer.require_room()
    with pytest.raises(StorageFailed):
        await writer.flush()


async def test_tenants_are_written_apart():
    batches: list[set[str]] = []

    class Noting(FakeSink):
        async def write(self, uses: object) -> None:
            batches.append({row.tenant for row in uses})  # type: ignore[attr-defined]

    writer = UsageWriter(Noting())
    for tenant in ("a", "b", "a", "b"):
        writer.record(use(tenant))
    await writer.flush()
    assert batches == [{"a"}, {"b"}]


async def test_the_ledger_adds_up_minutes(tmp_path: Path):
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    sink = LedgerSink(ledger)
    await sink.write([use(second=1), use(second=59, failed=True), use(version="m@2")])
    await sink.write([use(second=30)])
    with ledger.view("default") as unit:
        rows = {row.version: row for row in unit.usage.of(target="champion")}
    assert (rows["m@1"].requests, rows["m@1"].errors, rows["m@1"].tokens_in, rows["m@1"].tokens_out) == (3, 1, 21, 9)
    assert (rows["m@1"].latency_ms_sum, rows["m@1"].cost) == (750.0, 1.5)
    assert rows["m@2"].requests == 1
    assert await sink.tokens_since("default", datetime(2026, 5, 4, tzinfo=UTC)) == 40
    ledger.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


async def test_shadows_are_no_use_of_the_tenants(ledger: Ledger):
    sink = LedgerSink(ledger)
    await sink.write([use(), replace(use(), shadow=True), replace(use(failed=True), shadow=True)])
    with ledger.view("default") as unit:
        used, shadowed = (log.total(DAY) for log in (unit.usage, unit.shadow_usage))
        assert [row.version for row in unit.shadow_usage.of(target="champion")] == ["m@1"]
    assert (used["requests"], used["errors"], used["tokens_in"], used["cost"]) == (1, 0, 7, 0.5)
    assert (shadowed["requests"], shadowed["errors"], shadowed["tokens_in"], shadowed["cost"]) == (2, 1, 14, 1.0)
    assert await sink.tokens_since("default", DAY) == 10, "a daily quota counts the tenant's own"


class Answerless(LedgerSink):
    """Writes, and then fails as if the connection had broken before the database could say that it was done."""

    failures = 2

    async def write(self, uses: Sequence[UsageRecord]) -> None:
        await super().write(uses)
        if type(self).failures:
            type(self).failures -= 1
            raise Unavailable("The server closed the connection.")


async def test_what_was_written_without_an_answer_is_counted_once(ledger: Ledger):
    writer = UsageWriter(Answerless(ledger), batch=4)
    for _ in range(6):
        writer.record(use())
    for _ in range(Answerless.failures):
        with pytest.raises(Unavailable):
            await writer.flush()
        writer.record(use())
    await writer.flush()
    with ledger.view("default") as unit:
        assert unit.usage.total(DAY)["requests"] == 8


@settings(max_examples=times(4, 15))
@given(st.lists(st.lists(st.integers(0, 1500), max_size=700), max_size=4))
def test_however_tries_are_written_each_counts_once(tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]):
    opened = open_ledger(tmp_path_factory.mktemp("usage") / "ledger.sqlite")
    for batch in batches:
        rows = [replace(use(), id=f"use {number}") for number in dict.fromkeys(batch)]
        if rows:
            LedgerSink(opened)._write(rows)
    with opened.view("default") as unit:
        assert unit.usage.total(DAY)["requests"] == len({number for batch in batches for number in batch})
    opened.close()


async def test_tries_are_not_remembered_for_ever(ledger: Ledger):
    clock = [datetime(2026, 5, 4, 12, tzinfo=UTC)]
    sink = LedgerSink(ledger, lambda: clock[0])
    for day in range(4):
        clock[0] = datetime(2026, 5, 4 + day, 12, day, tzinfo=UTC)
        await sink.write([use(), use()])
    with ledger.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(counted_uses)) == 2


async def test_another_tenants_try_of_the_same_id_is_another(ledger: Ledger):
    with ledger.unit("default") as unit:
        unit.tenants.add(replace(unit.tenants.get("default"), id="globex"))
    mine = use()
    for row in (mine, replace(mine, tenant="globex")):
        await LedgerSink(ledger).write([row])
        with ledger.view(row.tenant) as unit:
            assert unit.usage.total(DAY)["requests"] == 1
