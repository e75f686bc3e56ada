"""HTTP routes of runs and threads."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, Any

from ag_ui.core import RunAgentInput, UserMessage
from fastapi import APIRouter, Header, Request, Response
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
        return _events(hub.runs.start(body.run_id, body.thread_id, message, caller), 0)

    @router.get("/runs/{run_id}/events", response_class=EventSourceResponse)
    async def follow_run(  # pyright: ignore[reportUnusedFunction]
        request: Request, run_id: str, last_event_id: Annotated[int, Header(ge=0)] = 0
    ) -> EventSourceResponse:
        return _events(hub.runs.get(run_id, identify(request).tenant), last_event_id)

    @router.post("/runs/{run_id}/cancel", status_code=202)
    async def cancel_run(request: Request, run_id: str) -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        await hub.runs.cancel(run_id, identify(request).tenant)
        return {"status": "cancelling"}

    @router.get("/threads")
    async def list_threads(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        tenant = identify(request).tenant
        return {"threads": [_thread(thread, hub.runs, tenant) for thread in await threads.all(tenant)]}

    @router.get("/threads/{thread_id}")
    async def get_thread(request: Request, thread_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        tenant = identify(request).tenant
        thread = await threads.get(thread_id, tenant)
        saved = await threads.messages(thread_id, tenant)
        return _thread(thread, hub.runs, tenant) | {"messages": [_message(entry) for entry in saved]}

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


def _events(run: ChatRun, after: int) -> EventSourceResponse:
    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for number, event in run.follow(after):
            yield ServerSentEvent(event, id=str(number))

    return EventSourceResponse(stream(), ping=15, headers={"Cache-Control": "no-store"})


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


def _message(saved: SavedMessage) -> dict[str, Any]:
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
        "status": origin.get("status", "complete"),
    }
