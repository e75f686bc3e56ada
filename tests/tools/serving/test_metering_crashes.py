"""A hub that is killed loses at most the usage of its last interval."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.ledger import open_ledger

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]

# Two uses a millisecond for good; says after each interval how many were recorded before that interval's write began.
_HUB = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from memory.ledger import open_ledger
from tools.serving.ledger import LedgerSink
from tools.serving.metering import UsageWriter
from tests.tools.serving.test_metering import use

async def main():
    recorded, before, row = 0, 0, use()

    async def interval(seconds):
        nonlocal before
        print(before, flush=True)  # what was recorded before the write that has just ended is durable
        await asyncio.sleep(seconds)
        before = recorded

    async with UsageWriter(LedgerSink(open_ledger(Path(sys.argv[1]))), interval_s=0.05, sleep=interval) as writer:
        while True:
            for _ in range(10):
                writer.record(replace(row, id=str(recorded)))
                recorded += 1
            await asyncio.sleep(0.005)

asyncio.run(main())
"""


@pytest.mark.parametrize("intervals", [1, 3, 8])
def test_a_killed_hub_has_kept_all_but_its_last_interval(tmp_path: Path, intervals: int):
    path = tmp_path / "ledger.sqlite"
    with subprocess.Popen([sys.executable, "-c", _HUB, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as hub:
        assert hub.stdout is not None
        told = [int(hub.stdout.readline()) for _ in range(intervals + 1)]
        os.kill(hub.pid, signal.SIGKILL)
        told += [int(line) for line in hub.stdout]
    ledger = open_ledger(path)
    with ledger.view("default") as unit:
        kept = unit.usage.total(datetime(2026, 1, 1, tzinfo=UTC))["requests"]
    ledger.close()
    assert kept >= told[-1] > 0
