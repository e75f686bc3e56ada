"""What the tool specification costs over the bare function, and how fast the audit log is verified."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel

from memory.ledger import open_ledger
from tools.calling.context import LOCAL_ENGINEER, ToolRuntime
from tools.spec import ToolContext, bind, tool

__all__ = ["bench_tools"]

CALLS = 400
ENTRIES = 20_000


class Answer(BaseModel):
    value: int


def answer(context: ToolContext, value: int) -> Answer:
    """Give the value back."""
    return Answer(value=value)


def record(context: ToolContext, value: int) -> Answer:
    """Give the value back, as a change."""
    return Answer(value=value)


async def _p50_ms(call: Callable[[], Awaitable[object]]) -> float:
    times: list[float] = []
    for _ in range(CALLS):
        start = time.perf_counter()
        await call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


async def _calls(books: ToolRuntime) -> dict[str, float]:
    read, write = bind(
        [tool(answer, scopes={"roster:read"}), tool(record, scopes={"roster:write"}, effect="write")], books
    )

    async def bare() -> Answer:
        return answer(LOCAL_ENGINEER, 7)

    def commit() -> None:
        with books.ledger.database.write() as connection:
            connection.exec_driver_sql("UPDATE tenants SET title = title")

    async def durable() -> None:
        await asyncio.to_thread(commit)

    return {
        "bare function, p50 ms": await _p50_ms(bare),
        "bare durable transaction, p50 ms": await _p50_ms(durable),
        "read tool, p50 ms": await _p50_ms(lambda: read.call(LOCAL_ENGINEER, {"value": 7})),
        "write tool with durable audit entry, p50 ms": await _p50_ms(lambda: write.call(LOCAL_ENGINEER, {"value": 7})),
    }


def bench_tools() -> dict[str, float]:
    """Milliseconds by kind of call, and entries verified in a second."""
    with TemporaryDirectory() as folder:
        ledger = open_ledger(Path(folder) / "ledger.sqlite")
        books = ToolRuntime(ledger)
        found = asyncio.run(_calls(books))
        with ledger.unit("default") as unit:
            for _ in range(ENTRIES):
                unit.audit.append(
                    at=books.clock(), principal="p", tool="t", effect="write", arguments_digest="0" * 64, outcome="done"
                )
        start = time.perf_counter()
        with ledger.view("default") as unit:
            checked = unit.audit.verify().checked
        found["audit entries verified in a second"] = checked / (time.perf_counter() - start)
        ledger.close()
    return found


if __name__ == "__main__":
    for name, value in bench_tools().items():
        print(f"{value:12.3f}  {name}")
