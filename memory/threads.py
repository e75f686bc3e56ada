"""Messages of each thread: LangGraph checkpoints in SQLite, and the list of threads in the ledger."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edge.kernel.errors import NotFound
from memory.home import sqlite_address, storage_errors
from memory.ledger import Ledger
from memory.ledger.threads import Thread, ThreadQuestion

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        BaseCheckpointSaver,
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        CheckpointTuple,
    )


@dataclass(frozen=True, slots=True)
class SavedMessage:
    """A message and the checkpoint after which everything up to it is kept: every turn ends with one."""

    message: AnyMessage
    checkpoint_id: str | None


class ThreadStore:
    """Lists, reads, forks and deletes threads; the graph writes them through `checkpointer`."""

    def __init__(self, checkpointer: BaseCheckpointSaver[Any], ledger: Ledger) -> None:
        self.checkpointer = checkpointer
        self._ledger = ledger

    async def all(self, tenant: str) -> list[Thread]:
        """Newest first."""
        return await asyncio.to_thread(self._ledger.threads.all, tenant)

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

        history = [saved async for saved in self.checkpointer.alist(_config(thread_id))]
        question = await asyncio.to_thread(self._ledger.threads.last_question, thread_id)
        asked = SavedMessage(HumanMessage(question.text, id=question.id), None) if question else None
        if not history:
            return [asked] if asked else []
        last_with: dict[str, str] = {}
        for saved in history:  # newest first
            messages = _messages(saved)
            if messages:
                last_with.setdefault(str(messages[-1].id), str(saved.checkpoint["id"]))
        kept = [SavedMessage(message, last_with.get(str(message.id))) for message in _messages(history[0])]
        if asked and all(saved.message.id != asked.message.id for saved in kept):
            kept.append(asked)
        return kept

    async def fork(self, thread_id: str, tenant: str, checkpoint_id: str) -> Thread:
        """Make a new thread that has everything up to a checkpoint, with its own checkpoints all the way.

        Raises:
            NotFound: there is no such thread in this tenant, or no such checkpoint in the thread.
        """
        thread = await self.get(thread_id, tenant)
        saved = await self.checkpointer.aget_tuple(_config(thread_id, checkpoint_id))
        if saved is None:
            raise NotFound(f"The thread has no checkpoint {checkpoint_id!r}.", f"See /v1/threads/{thread_id}.")
        line: list[CheckpointTuple] = []
        while saved is not None:
            line.append(saved)
            saved = await self.checkpointer.aget_tuple(saved.parent_config) if saved.parent_config else None
        forked = str(uuid.uuid4())
        config = _config(forked)
        for saved in reversed(line):
            config = await self.checkpointer.aput(config, saved.checkpoint, saved.metadata, {})
        turns = sum(1 for message in _messages(line[0]) if message.type == "human")
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
    """Open the checkpoints; every one is durable when LangGraph goes on.

    Raises:
        StorageFailed: the file cannot be opened.
    """
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    class Checkpoints(SqliteSaver):
        """One crossing between threads for each call; LangGraph's own asynchronous saver has up to six."""

        async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
            return await asyncio.to_thread(reader.get_tuple, config)

        async def alist(self, config: RunnableConfig | None, **options: Any) -> AsyncIterator[CheckpointTuple]:
            for saved in await asyncio.to_thread(lambda: list(reader.list(config, **options))):
                yield saved

        async def aput(
            self,
            config: RunnableConfig,
            checkpoint: Checkpoint,
            metadata: CheckpointMetadata,
            new_versions: ChannelVersions,
        ) -> RunnableConfig:
            return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

        async def aput_writes(
            self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
        ) -> None:
            await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

        async def adelete_thread(self, thread_id: str) -> None:
            await asyncio.to_thread(self.delete_thread, thread_id)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(sqlite_address(path), timeout=30, check_same_thread=False, uri=True)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    with storage_errors(path):
        writing, reading = await asyncio.to_thread(lambda: (connect(), connect()))
    reader = SqliteSaver(reading, serde=serde)  # does not wait while the other waits for the disk
    checkpointer = Checkpoints(writing, serde=serde)
    with closing(writing), closing(reading):
        with storage_errors(path):
            await asyncio.to_thread(checkpointer.setup)
            await asyncio.to_thread(reader.setup)
        yield ThreadStore(checkpointer, ledger)


def _config(thread_id: str, checkpoint_id: str | None = None) -> RunnableConfig:
    configurable = {"thread_id": thread_id, "checkpoint_ns": ""}
    if checkpoint_id is not None:
        configurable["checkpoint_id"] = checkpoint_id
    return {"configurable": configurable}


def _messages(saved: CheckpointTuple) -> Sequence[AnyMessage]:
    values: dict[str, Any] = saved.checkpoint["channel_values"]
    return cast("Sequence[AnyMessage]", values.get("messages", ()))
