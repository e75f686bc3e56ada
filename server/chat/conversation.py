"""One turn of a conversation: through the graph, within its limits, and kept whatever happens."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphRecursionError

from agents.events import Emit, Ending, Transcript
from agents.teams.secrets import without_secrets
from edge.kernel.errors import ChargehandError, OutOfTime
from graphs.dependencies import Dependencies
from graphs.messages import check_message
from graphs.steps import TurnContext
from graphs.supervisor import build_supervisor
from memory.home import storage_errors
from memory.threads import ThreadStore, open_threads
from server.chat.messages import check_id
from tools.calling.context import LOCAL_ENGINEER, ToolContext, require_scope
from tools.serving.metering import charged_to

CHAT = "chat:use"
"""The scope of those who may take turns, and read and remove the threads of their tenant."""

_INTERRUPTED = "The hub was stopped before the answer was complete."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What a turn ended with.

    Attributes:
        approvals: ids that it waits for.
        proposed: calls that a "yes" makes, each with tool, arguments and the order in words.
        choices: names among which the answer to a question back may choose.
    """

    thread_id: str
    answer: str
    route: Mapping[str, Any]
    citations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tool_calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notices: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    ending: Ending = "done"
    approvals: list[str] = field(default_factory=list[str])
    proposed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    choices: list[str] = field(default_factory=list[str])


class Conversation:
    """Takes turns in threads. One turn at a time runs in a thread, in whatever process."""

    def __init__(self, dependencies: Dependencies, threads: ThreadStore) -> None:
        self.dependencies = dependencies
        self.threads = threads
        self.closing = False
        """Whether who stops a turn now is the hub, and not the user."""
        self._graph = build_supervisor(dependencies, threads.checkpointer)

    async def take_turn(
        self, thread_id: str, message: str, emit: Emit, caller: ToolContext | None = None
    ) -> TurnResult:
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
        with (
            charged_to(caller.tenant, caller.principal),
            self._holding(thread_id, caller.tenant, "answering in"),
            storage_errors(self.dependencies.store.home.root),
        ):
            asked = await self._keep_question(thread_id, caller.tenant, message)
            return await self._run(thread_id, asked, caller, emit)

    async def delete(self, thread_id: str, tenant: str) -> None:
        """Remove a thread and everything said in it.

        Raises:
            NotFound: there is no such thread in this tenant.
            Conflict: a turn runs in it.
        """
        with self._holding(thread_id, tenant, "deleting"):
            await self.threads.delete(thread_id, tenant)

    def is_answering(self, thread_id: str, tenant: str) -> bool:
        """Whether a turn runs in a tenant's thread, in whatever process."""
        return self.dependencies.store.home.is_claimed("threads", _claim(thread_id, tenant))

    def _holding(self, thread_id: str, tenant: str, doing: str) -> AbstractContextManager[None]:
        """A tenant's claim on a thread; whether another's is busy must not show, and it is not found right after."""
        home = self.dependencies.store.home
        return home.claim("threads", _claim(thread_id, tenant), doing, ("answering in", "deleting"))

    async def _keep_question(self, thread_id: str, tenant: str, message: str) -> list[AnyMessage]:
        """As `ThreadStore.begin_turn`; a turn that is stopped waits for the write before it lets go of the thread."""
        asking = asyncio.create_task(self.threads.begin_turn(thread_id, tenant, message))
        try:
            return await asyncio.shield(asking)
        finally:
            await asyncio.gather(asking, return_exceptions=True)

    async def _run(self, thread_id: str, asked: list[AnyMessage], caller: ToolContext, emit: Emit) -> TurnResult:
        settings = self.dependencies.settings
        so_far = Transcript()
        record = partial(self._record, thread_id, asked, caller, so_far)
        try:
            async with asyncio.timeout(settings.turn_limit_s):
                await self._stream(thread_id, asked, caller, so_far, emit)
        except asyncio.CancelledError:
            if so_far.whole:  # a stop that came when all was said leaves nothing out
                status, why = "complete", ""
            elif self.closing:
                status, why = "interrupted", _INTERRUPTED
            else:
                status, why = "cancelled", "Stopped by the user."
            await asyncio.shield(record(status, why))
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
        return TurnResult(
            thread_id=thread_id,
            answer=so_far.said,
            route=so_far.route or {},
            citations=so_far.citations,
            tool_calls=so_far.tool_calls,
            notices=so_far.notices,
            ending=so_far.ending,
            approvals=list(so_far.approvals),
            proposed=list(so_far.proposed),
            choices=list(so_far.choices),
        )

    async def _stream(
        self, thread_id: str, asked: list[AnyMessage], caller: ToolContext, so_far: Transcript, emit: Emit
    ) -> None:
        config: RunnableConfig = {
            "configurable": {"thread_id": thread_id},
            "recursion_limit": self.dependencies.settings.recursion_limit,
        }
        stream = self._graph.astream(
            {"messages": asked},
            config,
            context=TurnContext(caller),
            stream_mode="custom",
            subgraphs=True,
            durability="exit",  # one durable write a turn; the question is in the ledger before
        )
        async with aclosing(cast("AsyncGenerator[Any]", stream)) as parts:
            async for _, event in parts:
                so_far.show(event)
                emit(event)

    async def _record(
        self, thread_id: str, asked: list[AnyMessage], caller: ToolContext, so_far: Transcript, status: str, why: str
    ) -> None:
        """Keep in the thread that a turn ended early, with what had been said; `why` is empty where that was all."""
        origin = {
            "route": so_far.route,
            "citations": [] if why else so_far.citations,
            "tool_calls": so_far.tool_calls,
            "notices": [{"kind": "partial", "message": why}] if why else so_far.notices,
            "principal": caller.principal,
            "status": status,
        }
        said = AIMessage(content=without_secrets(so_far.said), additional_kwargs=origin)
        await self._graph.aupdate_state(
            {"configurable": {"thread_id": thread_id}},
            {"messages": [*asked, said], "waits_at": ""},
            as_node="respond",
        )


def _claim(thread_id: str, tenant: str) -> str:
    return f"thread {thread_id}" if tenant == LOCAL_ENGINEER.tenant else f"thread {thread_id} of {tenant}"


@asynccontextmanager
async def open_conversation(dependencies: Dependencies) -> AsyncGenerator[Conversation]:
    """Open the threads of the home for turns; at the end the use of models is written, and their processes end."""
    home, ledger = dependencies.store.home, dependencies.store.ledger
    async with dependencies.serving, open_threads(home.threads, ledger) as threads:
        yield Conversation(dependencies, threads)
