"""What goes on by itself in a hub: its rollouts, by what its gateway sees, and the runs of its pipelines."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from memory.ledger import Ledger
from memory.settings import Settings
from tools.governance.gate import Gates
from tools.pipeline_ticker import PipelineTicker
from tools.rollout_gate import EvidenceGate
from tools.rollouts.ledger_store import LedgerStore
from tools.rollouts.ledger_world import LedgerApprovals, LedgerFleet
from tools.rollouts.reconciler import Reconciler
from tools.rollouts.store import World
from tools.serving.assembly import Serving

__all__ = ["reconciling"]


@asynccontextmanager
async def reconciling(settings: Settings, ledger: Ledger, models: Serving, gates: Gates) -> AsyncGenerator[LedgerStore]:
    """Reconcile until the end of the block; then the pass that runs is finished and its leases are given back.

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
    reconciler = Reconciler(store, world, holder=holder, clock=_now)
    ticker = PipelineTicker(ledger, gates, holder=holder, clock=_now)
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(reconciler.run(stop), name="reconciler"),
        asyncio.create_task(ticker.run(stop), name="pipelines"),
    ]
    try:
        yield store
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        await asyncio.to_thread(reconciler.release)


def _now() -> datetime:
    return datetime.now(UTC)
