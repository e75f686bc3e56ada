"""HTTP routes of runs and threads."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import anyio
from ag_ui.core import RunAgentInput, UserMessage
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from edge.kernel.errors import Conflict, InvalidInput
from graphs.messages import check_message
from memory.ledger.threads import Thread
from memory.threads import SavedMessage
from server.chat.conversation import CHAT
from server.chat.messages import check_id
from server.chat.runs import ChatRun, Runs
from server.guarded_routes import scoped
from server.hub import Hub
from tools.calling.context import ToolContext

_PAGE = 200
"""Threads in one answer."""
_FAREWELL_S = 4.0
"""How long a hub that is stopped waits for what its runs still say; uvicorn waits 5 s."""


class ForkRequest(BaseModel):
    """Where to fork: everything up to this checkpoint is kept."""

    checkpoint_id: Annotated[str, Field(min_length=1, max_length=128)]


def chat_routes(hub: Hub, identify: Callable[[Request], ToolContext]) -> APIRouter:
    """The routes over one hub.

    Args:
        identify: who makes a request. Threads are the tenant's: whoever in it may use the chat can go on with one.
    """
    router = APIRouter(prefix="/v1", route_class=scoped(identify, CHAT, "use the chat"))
    threads = hub.conversation.threads

    @router.post("/runs", response_class=EventSourceResponse)
    async def start_run(request: Request, body: RunAgentInput) -> EventSourceResponse:  # pyright: ignore[reportUnusedFunction]
        caller, message = identify(request), _last_message(body)
        check_message(message, hub.settings.message_limit_bytes)
        check_id("thread", body.thread_id)
        check_id("run", body.run_id)
        return _events(hub.runs, hub.runs.start(body.run_id, body.thread_id, message, caller), 0)

    @router.get("/runs/{run_id}/events", response_class=EventSourceResponse)
    async def follow_run(  # pyright: ignore[reportUnusedFunction]
        request: Request, run_id: str, last_event_id: Annotated[int, Header(ge=0)] = 0
    ) -> EventSourceResponse:
        return _events(hub.runs, hub.runs.get(run_id, identify(request).tenant), last_event_id)

    @router.post("/runs/{run_id}/cancel", status_code=202)
    async def cancel_run(request: Request, run_id: str) -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        await hub.runs.cancel(run_id, identify(request).tenant)
        return {"status": "cancelling"}

    @router.get("/threads")
    async def list_threads(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
        after: Annotated[str | None, Query(max_length=200)] = None,
    ) -> dict[str, Any]:
        return await _list(hub, identify(request).tenant, limit, after)

    @router.get("/threads/{thread_id}")
    async def get_thread(request: Request, thread_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        tenant = identify(request).tenant
        thread = await threads.get(thread_id, tenant)
        return _thread(thread, hub.runs, tenant) | {"messages": await _messages(hub, thread_id, tenant)}

    @router.delete("/threads/{thread_id}", status_code=204)
    async def delete_thread(request: Request, thread_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        tenant = identify(request).tenant
        await threads.get(thread_id, tenant)
        if hub.runs.active_in(thread_id, tenant):
            raise Conflict("The thread is still answering.", "Stop it first.")
        await hub.conversation.delete(thread_id, tenant)
        return Response(status_code=204)

    @router.post("/threads/{thread_id}/fork", status_code=201)
    async def fork_thread(  # pyright: ignore[reportUnusedFunction]
        request: Request, thread_id: str, body: ForkRequest
    ) -> dict[str, Any]:
        tenant = identify(request).tenant
        return _thread(await threads.fork(thread_id, tenant, body.checkpoint_id), hub.runs, tenant)

    return router


def _events(runs: Runs, run: ChatRun, after: int) -> EventSourceResponse:
    """The events as a stream. A hub that is stopped stops its runs, and the stream has their last events, too."""
    stopping = anyio.Event()

    async def close() -> None:
        await stopping.wait()
        await runs.close()

    async def stream() -> AsyncIterator[ServerSentEvent]:
        closing = asyncio.create_task(close())
        try:
            async for number, event in run.follow(after):
                yield ServerSentEvent(event, id=str(number))
        finally:
            closing.cancel()

    headers = {"Cache-Control": "no-store"}
    return EventSourceResponse(
        stream(), ping=15, headers=headers, shutdown_event=stopping, shutdown_grace_period=_FAREWELL_S
    )


def _last_message(body: RunAgentInput) -> str:
    """Text of the last user message. Raises InvalidInput: there is none."""
    for message in reversed(body.messages):
        if isinstance(message, UserMessage):
            content = message.content
            if isinstance(content, str):
                return content
            return "\n".join(part.text for part in content if part.type == "text")
    raise InvalidInput("The run has no user message.", "Put one into `messages`.")


def _thread(thread: Thread, runs: Runs, tenant: str) -> dict[str, Any]:
    return {
        "id": thread.id,
        "title": thread.title,
        "updated_at": thread.updated_at.isoformat(),
        "turns": thread.turns,
        "run_id": runs.active_in(thread.id, tenant),
    }


async def _list(hub: Hub, tenant: str, limit: int, after: str | None) -> dict[str, Any]:
    """A page of threads, and where the next one begins if there is one."""
    found = await hub.conversation.threads.all(tenant, limit + 1, None if after is None else _place(after))
    more = {"next": _cursor(found[limit - 1])} if len(found) > limit else {}
    return {"threads": [_thread(thread, hub.runs, tenant) for thread in found[:limit]], **more}


async def _messages(hub: Hub, thread_id: str, tenant: str) -> list[dict[str, Any]]:
    """A thread's messages. A question without an answer was interrupted, unless it is being answered."""

    async def is_answering() -> bool:
        return await asyncio.to_thread(hub.conversation.is_answering, thread_id, tenant)

    before = await is_answering()
    saved = await hub.conversation.threads.messages(thread_id, tenant)
    told = [_message(entry, "interrupted") for entry in saved]
    if saved and saved[-1].unanswered and (before or await is_answering()):
        told[-1] = _message(saved[-1], "complete")
    return told


def _cursor(thread: Thread) -> str:
    """What a list goes on behind."""
    return f"{thread.updated_at.isoformat()},{thread.id}"


def _place(cursor: str) -> tuple[datetime, str]:
    used, _, thread_id = cursor.partition(",")
    try:
        return datetime.fromisoformat(used).astimezone(UTC), thread_id
    except ValueError as error:
        raise InvalidInput("The list has no such place.", "Give `next` of the page before.") from error


def _message(saved: SavedMessage, unanswered: str) -> dict[str, Any]:
    """A message as JSON.

    Args:
        unanswered: status of a question without an answer.
    """
    message = saved.message
    origin: Mapping[str, Any] = message.additional_kwargs
    return {
        "id": message.id,
        "role": "user" if message.type == "human" else "assistant",
        "content": str(message.text),
        "checkpoint_id": saved.checkpoint_id,
        "route": origin.get("route"),
        "citations": origin.get("citations", []),
        "tool_calls": origin.get("tool_calls", []),
        "notices": origin.get("notices", []),
        "principal": origin.get("principal"),
        "ending": origin.get("ending", "done"),
        "approvals": origin.get("approvals", []),
        "proposed": origin.get("proposed", []),
        "choices": origin.get("choices", []),
        "status": unanswered if saved.unanswered else origin.get("status", "complete"),
    }
