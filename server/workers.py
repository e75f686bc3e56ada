"""Workers of a hub: its rollouts go on by what its gateway measures, and the runs of its pipelines."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from memory.ledger import Ledger
from memory.settings import Settings
from tools.governance.gate import Gates
from tools.pipelines.reconciler import pipeline_work
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerStore
from tools.rollouts.world import EvidenceGate, LedgerApprovals, LedgerFleet, World
from tools.runs import Worker
from tools.serving.assembly import Serving

__all__ = ["running_workers"]


@asynccontextmanager
async def running_workers(
    settings: Settings, ledger: Ledger, models: Serving, gates: Gates
) -> AsyncGenerator[LedgerStore]:
    """Run them until the end of the block; then the looks under way are finished and the leases given back.

    A home has one hub at a time, so a hub that was killed finds its own leases when it starts again, and goes on at
    once.
    """
    store = LedgerStore(ledger)
    world = World(
        metrics=models.metrics,
        fleet=LedgerFleet(ledger),
        gate=EvidenceGate(ledger, _now, gates),
        approvals=LedgerApprovals(ledger, _now),
        runtimes=models.warmer,
    )
    holder = f"{socket.gethostname()}:{settings.home.resolve()}"
    rollouts = Worker(rollout_work(store, world), holder=holder, clock=_now)
    pipelines = Worker(pipeline_work(ledger, gates, _now), holder=holder, clock=_now)
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(rollouts.run(stop), name="rollouts"),
        asyncio.create_task(pipelines.run(stop), name="pipelines"),
    ]
    try:
        yield store
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def _now() -> datetime:
    return datetime.now(UTC)
