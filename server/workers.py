"""Background workers of a hub: rollouts, by what its gateway measures; runs of pipelines; questions of devices."""

import asyncio
import hashlib
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from agents.events import TurnEvent
from edge.kernel.errors import ChargehandError, Conflict, DependencyError
from memory.ledger import Ledger
from memory.ledger.device_events import DeviceQuestion
from memory.settings import Settings
from memory.store import KnowledgeStore
from server.chat.conversation import CHAT, Conversation, TurnResult
from tools.calling.context import ToolContext
from tools.governance.gate import Gates
from tools.pipelines.reconciler import pipeline_work
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerRolloutStore
from tools.rollouts.world import EvidenceGate, LedgerApprovals, LedgerFleet, World
from tools.runs import Worker
from tools.serving.assembly import Serving

_log = logging.getLogger(__name__)


@asynccontextmanager
async def running_workers(
    settings: Settings, ledger: Ledger, models: Serving, gates: Gates
) -> AsyncGenerator[LedgerRolloutStore]:
    """Run them until the end of the block; then the looks under way are finished and the leases given back.

    A home has one hub at a time, so a hub that was killed finds its own leases when it starts again, and goes on at
    once.
    """
    store = LedgerRolloutStore(ledger)
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


_EVERY_S = 5.0
_READS = frozenset({CHAT, "documents:read"})
"""What a device's question may reach: it is answered with the device's rights, not with its engineers'."""


@asynccontextmanager
async def answering_devices(ledger: Ledger, conversation: Conversation) -> AsyncGenerator[None]:
    """Answer until the end of the block; a question that is being answered then is begun again by the next hub."""
    task = asyncio.create_task(_run(ledger, conversation), name="device answers")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(ledger: Ledger, conversation: Conversation) -> None:
    tried: set[str] = set()
    while True:
        try:
            await answer_once(ledger, conversation, tried)
        except ChargehandError as error:
            _log.warning("questions of devices: %s", error)
        await asyncio.sleep(_EVERY_S)


async def answer_once(ledger: Ledger, conversation: Conversation, tried: set[str]) -> int:
    """Answer what is open and was not tried yet. Returns how many were answered.

    Args:
        tried: gets what was looked at.

    Raises:
        StorageFailed: the ledger cannot be read.
    """
    answered = 0
    for tenant, question in await asyncio.to_thread(_open, ledger):
        known = f"{tenant}/{question.id}"
        if known in tried:
            continue
        tried.add(known)
        try:
            answered += await _answer(conversation, tenant, question)
        except ChargehandError as error:
            _log.info("%s: %s", question.id, error)
    return answered


async def _answer(conversation: Conversation, tenant: str, question: DeviceQuestion) -> bool:
    asker = ToolContext(f"device:{question.device}", tenant, _READS)
    thread = f"device-{hashlib.sha256(question.id.encode()).hexdigest()[:24]}"
    reply = await conversation.take_turn(thread, question.text, _unseen, asker)
    if reply.route.get("intent") != "knowledge" or not reply.citations:
        return False
    hub = replace(asker, principal="hub", scopes=frozenset({"fleet:write"}))
    arguments = {"question": question.id, "text": reply.answer, "citations": _told(reply)}
    await conversation.dependencies.tools["device_reply"].call(hub, arguments)
    return True


def _unseen(event: TurnEvent) -> None:
    """Nobody watches the turn."""


def _told(reply: TurnResult) -> list[str]:
    """Title and headings of each citation, in their order."""
    named = [(f"[{one['number']}] {one['title']}", one["heading"]) for one in reply.citations]
    return [" > ".join(filter(None, parts)) for parts in named][:20]


@asynccontextmanager
async def mending_mirrors(store: KnowledgeStore, pause_s: float = 5.0) -> AsyncGenerator[None]:
    """Make mirrors again that were left half-written, such as by a disk that was full, once that goes."""

    async def look() -> None:
        while True:
            await asyncio.sleep(pause_s)
            try:
                if await asyncio.to_thread(store.vectors.left_half_written):
                    await asyncio.to_thread(store.catch_up)
                    _log.warning("the vector index was left half-written, and is whole again")
            except (Conflict, DependencyError) as error:
                _log.info("the vector index is still half-written: %s", error)

    looking = asyncio.create_task(look(), name="mending mirrors")
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def _open(ledger: Ledger) -> list[tuple[str, DeviceQuestion]]:
    with ledger.view("default") as view:
        tenants = [tenant.id for tenant in view.tenants.all() if tenant.state == "active"]
    found: list[tuple[str, DeviceQuestion]] = []
    for tenant in tenants:
        with ledger.view(tenant) as unit:
            asked = unit.device_questions.all(origin="device", open_only=True, limit=100)
        found.extend((tenant, question) for question in reversed(asked))
    return found
