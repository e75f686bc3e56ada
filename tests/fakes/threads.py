"""Threads whose writes the test delays, or lets fail."""

import asyncio

from langchain_core.messages import AnyMessage

from memory.threads import ThreadStore

__all__ = ["SlowThreads"]


class SlowThreads(ThreadStore):
    """Keeps a question only when the test lets it, and then may fail."""

    def __init__(self, threads: ThreadStore, may_keep: asyncio.Event, failure: Exception | None = None) -> None:
        super().__init__(threads.checkpointer, threads._ledger)
        self._may_keep = may_keep
        self._failure = failure

    async def begin_turn(self, thread_id: str, tenant: str, message: str) -> list[AnyMessage]:
        await self._may_keep.wait()
        if self._failure:
            raise self._failure
        return await super().begin_turn(thread_id, tenant, message)
