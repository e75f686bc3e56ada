"""Usage is written in batches: nothing is lost on a clean stop, at most one interval on a crash."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.errors import StorageFailed, Unavailable
from memory.ledger import open_ledger
from server.gateway.ledger_usage import LedgerSink
from server.gateway.metering import UsageWriter
from server.gateway.ports import Use
from tests.fakes.gateways import FakeSink


def use(tenant: str = "default", version: str = "m@1", *, failed: bool = False, second: int = 0) -> Use:
    return Use(
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
