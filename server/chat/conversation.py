"""One turn of a conversation: through the graph, within its limits, and kept whatever happens."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphRecursionError

from agents.events import Emit, TurnEvent
from agents.transcript import Transcript
from graphs.dependencies import Dependencies
from graphs.retrieval import search_ahead
from graphs.steps import Ahead, TurnContext
from graphs.supervisor import build_supervisor
from memory.errors import ChargehandError, OutOfTime
from memory.home import storage_errors
from memory.threads import Asked, ThreadStore, open_threads
from server.chat.messages import check_id, check_message

__all__ = ["Conversation", "Reply", "open_conversation"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a turn ended with."""

    thread_id: str
    answer: str
    route: Mapping[str, Any]
    citations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tool_calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notices: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


class Conversation:
    """Takes turns in threads. One turn at a time runs in a thread, in whatever process."""

    def __init__(self, dependencies: Dependencies, threads: ThreadStore) -> None:
        self.dependencies = dependencies
        self.threads = threads
        self._graph = build_supervisor(dependencies, threads.checkpointer)

    async def take_turn(self, thread_id: str, message: str, emit: Emit) -> Reply:
        """Answer one message. Cancelling the task stops the graph and the model, and keeps what was said until then.

        Args:
            thread_id: of a thread, or of a new one.
            emit: told what happens, as it happens.

        Raises:
            InvalidInput: the message is empty or too long, or the id cannot be one.
            Conflict: another turn runs in this thread.
            OutOfTime: the turn took longer than its limit.
            ChargehandError: a step failed; the thread says so and stays usable.
        """
        check_message(message, self.dependencies.settings.message_limit_bytes)
        check_id("thread", thread_id)
        under_way: list[asyncio.Task[Any]] = [asyncio.create_task(self.dependencies.router.read(message))]
        ahead = search_ahead(self.dependencies, message)
        under_way.extend([ahead.found] if ahead else [])
        try:
            with self._holding(thread_id, "answering in"), storage_errors(self.dependencies.store.home.root):
                asked = await self.threads.begin_turn(thread_id, self.dependencies.caller.tenant, message)
                under_way.append(asked.kept)
                return await self._run(thread_id, asked, ahead, emit)
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)

    async def delete(self, thread_id: str) -> None:
        """Remove a thread and everything said in it.

        Raises:
            NotFound: there is no such thread in the caller's tenant.
            Conflict: a turn runs in it.
        """
        with self._holding(thread_id, "deleting"):
            await self.threads.delete(thread_id, self.dependencies.caller.tenant)

    @staticmethod
    def lock_name(thread_id: str) -> str:
        """Name of the home's lock that whoever answers in a thread, or deletes it, holds."""
        return f"thread-{hashlib.sha256(thread_id.encode()).hexdigest()[:24]}"

    def _holding(self, thread_id: str, doing: str) -> AbstractContextManager[None]:
        return self.dependencies.store.home.lock(self.lock_name(thread_id), f"{doing} thread {thread_id}")

    async def _run(self, thread_id: str, asked: Asked, ahead: Ahead | None, emit: Emit) -> Reply:
        settings = self.dependencies.settings
        so_far = Transcript()

        def happened(event: TurnEvent) -> None:
            so_far.show(event)
            emit(event)

        try:
            async with asyncio.timeout(settings.turn_limit_s):
                await self._stream(thread_id, asked, TurnContext(happened, ahead, asked.kept))
        except asyncio.CancelledError:
            await asyncio.shield(self._record(thread_id, asked, "cancelled", so_far, "Stopped by the user."))
            raise
        except TimeoutError as error:
            failure = OutOfTime(f"The turn took longer than {settings.turn_limit_s:g} s.", "Ask a smaller question.")
            await self._record(thread_id, asked, "failed", so_far, str(failure))
            raise failure from error
        except GraphRecursionError as error:
            failure = OutOfTime(f"The turn took more than {settings.recursion_limit} steps.", "Ask in other words.")
            await self._record(thread_id, asked, "failed", so_far, str(failure))
            raise failure from error
        except ChargehandError as error:
            await self._record(thread_id, asked, "failed", so_far, str(error))
            raise
        except Exception as error:
            _log.exception("a turn failed")
            await self._record(thread_id, asked, "failed", so_far, f"An internal error: {type(error).__name__}.")
            raise
        return Reply(
            thread_id=thread_id,
            answer=so_far.said,
            route=so_far.route or {},
            citations=so_far.citations,
            tool_calls=so_far.tool_calls,
            notices=so_far.notices,
        )

    async def _stream(self, thread_id: str, asked: Asked, context: TurnContext) -> None:
        config: RunnableConfig = {
            "configurable": {"thread_id": thread_id},
            "recursion_limit": self.dependencies.settings.recursion_limit,
        }
        await self._graph.ainvoke(
            {"messages": asked.messages},
            config,
            context=context,
            stream_mode="custom",
            durability="exit",  # one durable write a turn; the question is in the ledger before
        )

    async def _record(self, thread_id: str, asked: Asked, status: str, so_far: Transcript, why: str) -> None:
        """Keep in the thread that a turn ended early, with what had been said; if it began: its question was kept."""
        await asyncio.wait([asked.kept])
        if asked.kept.exception() is not None:
            return
        origin = {
            "route": so_far.route,
            "citations": [],
            "tool_calls": so_far.tool_calls,
            "notices": [{"kind": "partial", "message": why}],
            "status": status,
        }
        await self._graph.aupdate_state(
            {"configurable": {"thread_id": thread_id}},
            {"messages": [*asked.messages, AIMessage(content=so_far.said, additional_kwargs=origin)]},
            as_node="respond",
        )


@asynccontextmanager
async def open_conversation(dependencies: Dependencies) -> AsyncGenerator[Conversation]:
    """Open the threads of the home for turns."""
    async with open_threads(dependencies.store.home.threads, dependencies.store.ledger) as threads:
        yield Conversation(dependencies, threads)
