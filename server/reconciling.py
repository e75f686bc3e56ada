"""The reconciler of a hub: drives the rollouts of its ledger by what its gateway sees."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from memory.ledger import Ledger
from memory.settings import Settings
from server.gateway.opening import OpenGateway
from tools.catalogue import load_catalogue
from tools.evidence import open_evidence
from tools.gates import Gates
from tools.rollout_gate import EvidenceGate
from tools.rollouts.ledger_store import LedgerStore
from tools.rollouts.ledger_world import LedgerApprovals, LedgerFleet
from tools.rollouts.reconciler import Reconciler
from tools.rollouts.store import World

__all__ = ["reconciling"]


@asynccontextmanager
async def reconciling(settings: Settings, ledger: Ledger, models: OpenGateway) -> AsyncGenerator[LedgerStore]:
    """Reconcile until the end of the block; then the pass that runs is finished and its leases are given back.

    A home has one hub at a time, so a hub that was killed finds its own leases when it starts again, and goes on at
    once.
    """
    store = LedgerStore(ledger)
    world = World(
        metrics=models.observations,
        fleet=LedgerFleet(ledger),
        gate=EvidenceGate(ledger, _now, Gates(open_evidence(load_catalogue()))),
        approvals=LedgerApprovals(ledger, _now),
        runtimes=models.warmer,
    )
    holder = f"{socket.gethostname()}:{settings.home.resolve()}"
    reconciler = Reconciler(store, world, holder=holder, clock=_now)
    stop = asyncio.Event()
    task = asyncio.create_task(reconciler.run(stop), name="reconciler")
    try:
        yield store
    finally:
        stop.set()
        await task
        await asyncio.to_thread(reconciler.release)


def _now() -> datetime:
    return datetime.now(UTC)
