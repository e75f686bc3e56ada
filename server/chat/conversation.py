"""One turn of a conversation: through the graph, within its limits, and kept whatever happens."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphRecursionError

from agents.events import Emit, Ending, TurnEvent
from agents.transcript import Transcript
from edge.kernel.errors import ChargehandError, OutOfTime
from graphs.ahead import Ahead, may_search
from graphs.dependencies import Dependencies
from graphs.steps import TurnContext
from graphs.supervisor import build_supervisor, is_for_documents
from memory.home import storage_errors
from memory.threads import ThreadStore, open_threads
from server.chat.messages import check_id, check_message
from tools.calling.context import ToolContext, require_scope

__all__ = ["CHAT", "Conversation", "Reply", "open_conversation"]

CHAT = "chat:use"
"""The scope of those who may take turns, and read and remove the threads of their tenant."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a turn ended with; `approvals` are the ids that it waits for."""

    thread_id: str
    answer: str
    route: Mapping[str, Any]
    citations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tool_calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notices: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    ending: Ending = "done"
    approvals: list[str] = field(default_factory=list[str])


class Conversation:
    """Takes turns in threads. One turn at a time runs in a thread, in whatever process."""

    def __init__(self, dependencies: Dependencies, threads: ThreadStore) -> None:
        self.dependencies = dependencies
        self.threads = threads
        self._graph = build_supervisor(dependencies, threads.checkpointer)

    async def take_turn(self, thread_id: str, message: str, emit: Emit, caller: ToolContext | None = None) -> Reply:
        """Answer one message. Cancelling the task stops the graph and the model, and keeps what was said until then.

        Args:
            thread_id: of a thread, or of a new one.
            emit: told what happens, as it happens.
            caller: who asks, and in whose name everything is done; None for whom the conversation was opened for.

        Raises:
            InvalidInput: the message is empty or too long, or the id cannot be one.
            NotAllowed: the caller may not use the chat.
            NotFound: the thread is another tenant's.
            Conflict: another turn runs in this thread.
            OutOfTime: the turn took longer than its limit.
            ChargehandError: a step failed; the thread says so and stays usable.
        """
        check_message(message, self.dependencies.settings.message_limit_bytes)
        check_id("thread", thread_id)
        caller = caller or self.dependencies.caller
        require_scope(caller, CHAT, "use the chat")
        under_way: list[asyncio.Future[Any]] = [self.dependencies.router.read(message)]
        ahead = Ahead(self.dependencies, caller, message) if may_search(self.dependencies, caller) else None
        try:
            with self._holding(thread_id, "answering in"), storage_errors(self.dependencies.store.home.root):
                if ahead:
                    await ahead.head_start(partial(is_for_documents, self.dependencies, message))
                asking = asyncio.create_task(self.threads.begin_turn(thread_id, caller.tenant, message))
                under_way.append(asking)
                asked = await asyncio.shield(asking)  # a stopped turn waits for it, below
                return await self._run(thread_id, asked, TurnContext(emit, caller, ahead))
        finally:
            await asyncio.gather(*under_way, *([ahead.close()] if ahead else []), return_exceptions=True)

    async def delete(self, thread_id: str, tenant: str) -> None:
        """Remove a thread and everything said in it.

        Raises:
            NotFound: there is no such thread in this tenant.
            Conflict: a turn runs in it.
        """
        with self._holding(thread_id, "deleting"):
            await self.threads.delete(thread_id, tenant)

    def _holding(self, thread_id: str, doing: str) -> AbstractContextManager[None]:
        home = self.dependencies.store.home
        return home.claim("threads", f"thread {thread_id}", doing, ("answering in", "deleting"))

    async def _run(self, thread_id: str, asked: list[AnyMessage], turn: TurnContext) -> Reply:
        settings = self.dependencies.settings
        so_far = Transcript()
        record = partial(self._record, thread_id, asked, turn, so_far)
        try:
            async with asyncio.timeout(settings.turn_limit_s):
                await self._stream(thread_id, asked, turn, so_far)
        except asyncio.CancelledError:
            await asyncio.shield(record("cancelled", "Stopped by the user."))
            raise
        except TimeoutError as error:
            failure = OutOfTime(f"The turn took longer than {settings.turn_limit_s:g} s.", "Ask a smaller question.")
            await record("failed", str(failure))
            raise failure from error
        except GraphRecursionError as error:
            failure = OutOfTime(f"The turn took more than {settings.recursion_limit} steps.", "Ask in other words.")
            await record("failed", str(failure))
            raise failure from error
        except ChargehandError as error:
            await record("failed", str(error))
            raise
        except Exception as error:
            _log.exception("a turn failed")
            await record("failed", f"An internal error: {type(error).__name__}.")
            raise
        return Reply(
            thread_id=thread_id,
            answer=so_far.said,
            route=so_far.route or {},
            citations=so_far.citations,
            tool_calls=so_far.tool_calls,
            notices=so_far.notices,
            ending=so_far.ending,
            approvals=list(so_far.approvals),
        )

    async def _stream(self, thread_id: str, asked: list[AnyMessage], turn: TurnContext, so_far: Transcript) -> None:
        def happened(event: TurnEvent) -> None:
            so_far.show(event)
            turn.emit(event)

        config: RunnableConfig = {
            "configurable": {"thread_id": thread_id},
            "recursion_limit": self.dependencies.settings.recursion_limit,
        }
        await self._graph.ainvoke(
            {"messages": asked},
            config,
            context=replace(turn, emit=happened),
            stream_mode="updates",  # "custom" would have a task wait for its events in each step
            durability="exit",  # one durable write a turn; the question is in the ledger before
        )

    async def _record(
        self, thread_id: str, asked: list[AnyMessage], turn: TurnContext, so_far: Transcript, status: str, why: str
    ) -> None:
        """Keep in the thread that a turn ended early, with what had been said."""
        origin = {
            "route": so_far.route,
            "citations": [],
            "tool_calls": so_far.tool_calls,
            "notices": [{"kind": "partial", "message": why}],
            "principal": turn.caller.principal if turn.caller else None,
            "status": status,
        }
        await self._graph.aupdate_state(
            {"configurable": {"thread_id": thread_id}},
            {"messages": [*asked, AIMessage(content=so_far.said, additional_kwargs=origin)]},
            as_node="respond",
        )


@asynccontextmanager
async def open_conversation(dependencies: Dependencies) -> AsyncGenerator[Conversation]:
    """Open the threads of the home for turns."""
    async with open_threads(dependencies.store.home.threads, dependencies.store.ledger) as threads:
        yield Conversation(dependencies, threads)
