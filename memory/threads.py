"""Messages of each thread: LangGraph checkpoints in SQLite, and the list of threads in the ledger."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from edge.kernel.errors import NotFound, StorageFailed
from memory.checkpoints import Checkpoints, open_checkpoints
from memory.home import sqlite_address, storage_errors
from memory.ledger import Ledger
from memory.ledger.threads import Thread, ThreadQuestion

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import CheckpointTuple

T = TypeVar("T")
_AT_A_TIME = 5
"""Old checkpoints in one transaction; a turn that is to be written waits for it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SavedMessage:
    """A message of a thread.

    Attributes:
        checkpoint_id: the checkpoint after which everything up to it is kept: every turn ends with one.
        unanswered: a question without an answer: its turn goes on, or was killed.
    """

    message: AnyMessage
    checkpoint_id: str | None
    unanswered: bool = False


class ThreadStore:
    """Lists, reads, forks and deletes threads; the graph writes them through `checkpointer`."""

    def __init__(self, checkpointer: Checkpoints, ledger: Ledger) -> None:
        self.checkpointer = checkpointer
        self._ledger = ledger

    async def all(self, tenant: str, limit: int = 200, after: tuple[datetime, str] | None = None) -> list[Thread]:
        """As `memory.ledger.threads.Threads.all`."""
        return await asyncio.to_thread(self._ledger.threads.all, tenant, limit, after)

    async def get(self, thread_id: str, tenant: str) -> Thread:
        """Raises NotFound: there is no such thread in this tenant."""
        return await asyncio.to_thread(self._ledger.threads.get, thread_id, tenant)

    async def begin_turn(self, thread_id: str, tenant: str, message: str) -> list[AnyMessage]:
        """Count a turn and keep its question, durably: a checkpoint is written only at the end of a turn.

        Returns:
            What to add to the thread: the question, and before it the last one, in case its turn was killed. Adding a
            message that is there already changes nothing.

        Raises:
            NotFound: the thread is another tenant's.
        """
        from langchain_core.messages import HumanMessage

        title = " ".join(message.split())[:80]
        question = ThreadQuestion(uuid.uuid4().hex, message)
        ask, now = self._ledger.threads.ask, datetime.now(UTC)
        before = await asyncio.to_thread(ask, thread_id, tenant, title, question, now)
        asked = [before, question] if before else [question]
        return [HumanMessage(entry.text, id=entry.id) for entry in asked]

    async def messages(self, thread_id: str, tenant: str) -> list[SavedMessage]:
        """All messages of a thread in order, each with the checkpoint to fork at to keep it as the last one.

        Raises:
            NotFound: there is no such thread in this tenant.
        """
        await self.get(thread_id, tenant)
        from langchain_core.messages import HumanMessage

        latest = await self.checkpointer.alatest(thread_id)
        question = await asyncio.to_thread(self._ledger.threads.last_question, thread_id)
        asked = SavedMessage(HumanMessage(question.text, id=question.id), None) if question else None
        said = latest.messages if latest else ()
        last_at = latest.last_at if latest else {}
        kept = [SavedMessage(message, last_at.get(place)) for place, message in enumerate(said)]
        if asked and all(saved.message.id != asked.message.id for saved in kept):
            kept.append(asked)
        followed_by = [*(saved.message.type for saved in kept[1:]), "human"]
        return [
            replace(saved, unanswered=saved.message.type == following == "human")
            for saved, following in zip(kept, followed_by, strict=True)
        ]

    async def fork(self, thread_id: str, tenant: str, checkpoint_id: str) -> Thread:
        """Make a new thread that has everything up to a checkpoint, with its own checkpoints all the way.

        Raises:
            NotFound: there is no such thread in this tenant, or no such checkpoint in the thread.
        """
        thread = await self.get(thread_id, tenant)
        saved = await self.checkpointer.aget_tuple(_config(thread_id, checkpoint_id))
        if saved is None:
            raise NotFound(f"The thread has no checkpoint {checkpoint_id!r}.", f"See /v1/threads/{thread_id}.")
        forked = str(uuid.uuid4())
        await asyncio.to_thread(self.checkpointer.copy_line, thread_id, checkpoint_id, forked)
        turns = sum(1 for message in _messages(saved) if message.type == "human")
        copy = replace(thread, id=forked, title=f"{thread.title} (fork)", turns=turns, updated_at=datetime.now(UTC))
        await asyncio.to_thread(self._ledger.threads.save, copy)
        return copy

    async def delete(self, thread_id: str, tenant: str) -> None:
        """Remove a thread and everything said in it.

        Raises:
            NotFound: there is no such thread in this tenant.
        """
        await self.get(thread_id, tenant)
        await self.checkpointer.adelete_thread(thread_id)
        await asyncio.to_thread(self._ledger.threads.delete, thread_id, tenant)


@asynccontextmanager
async def open_threads(path: Path, ledger: Ledger) -> AsyncGenerator[ThreadStore]:
    """Open the checkpoints; every one is durable when LangGraph goes on. Old ones are made small meanwhile.

    Raises:
        StorageFailed: the file cannot be opened.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(sqlite_address(path), timeout=30, check_same_thread=False, uri=True)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    with storage_errors(path):
        writing, reading = await asyncio.to_thread(lambda: (connect(), connect()))
    with closing(writing), closing(reading):
        with storage_errors(path):
            checkpoints = await asyncio.to_thread(open_checkpoints, writing, reading)
        shrinking = asyncio.create_task(_shrink(checkpoints, path), name="old checkpoints")
        try:
            yield ThreadStore(checkpoints, ledger)
        finally:
            shrinking.cancel()
            await asyncio.gather(shrinking, return_exceptions=True)


async def _shrink(checkpoints: Checkpoints, path: Path) -> None:
    """Take the messages out of old checkpoints, a few at a time, resting as long as that took: turns go first."""
    try:
        with storage_errors(path):
            while old := await _whole(checkpoints.old):  # a fork may have copied some meanwhile
                for start in range(0, len(old), _AT_A_TIME):
                    begun = time.monotonic()
                    await _whole(partial(checkpoints.compact, old[start : start + _AT_A_TIME]))
                    await asyncio.sleep(time.monotonic() - begun)
            await _whole(checkpoints.give_back)
    except StorageFailed as error:
        _log.warning("old threads could not be made smaller: %s", error)


async def _whole(work: Callable[[], T]) -> T:
    """Do it in another thread; whoever is cancelled waits until it is done, since it has the connection."""
    doing = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    finally:
        await asyncio.gather(doing, return_exceptions=True)


def _config(thread_id: str, checkpoint_id: str | None = None) -> RunnableConfig:
    configurable = {"thread_id": thread_id, "checkpoint_ns": ""}
    if checkpoint_id is not None:
        configurable["checkpoint_id"] = checkpoint_id
    return {"configurable": configurable}


def _messages(saved: CheckpointTuple) -> Sequence[AnyMessage]:
    values: dict[str, Any] = saved.checkpoint["channel_values"]
    return cast("Sequence[AnyMessage]", values.get("messages", ()))
