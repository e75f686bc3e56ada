"""A rollout as it goes, over HTTP: `GET /v1/rollouts/{id}/events`. Everything else about rollouts is a tool."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from memory.ledger.rollouts import RolloutEvent
from tools.calling.context import ToolContext, require_scope
from tools.runs import EventSource, watch

_SCOPE = "rollouts:read"


def rollout_routes(store: EventSource[RolloutEvent], identify: Callable[[Request], ToolContext]) -> APIRouter:
    """The routes over one store.

    Args:
        identify: who makes a request.
    """
    router = APIRouter(prefix="/v1/rollouts", tags=["rollouts"])

    @router.get("/{rollout_id}/events", response_class=EventSourceResponse)
    async def follow(  # pyright: ignore[reportUnusedFunction]
        request: Request, rollout_id: str, last_event_id: Annotated[int, Header(ge=0)] = 0
    ) -> EventSourceResponse:
        """Follow a rollout to its end: its events behind `Last-Event-ID`, then each as it happens."""
        caller = identify(request)
        require_scope(caller, _SCOPE, "see rollouts")
        await asyncio.to_thread(store.get, caller.tenant, rollout_id)  # before anything is sent

        async def stream() -> AsyncIterator[ServerSentEvent]:
            async for event in watch(store, caller.tenant, rollout_id, after=last_event_id):
                yield ServerSentEvent(_told(event), id=str(event.sequence), event=event.kind)

        return EventSourceResponse(stream(), ping=15, headers={"Cache-Control": "no-store"})

    return router


def _told(event: RolloutEvent) -> str:
    content = {
        "sequence": event.sequence,
        "rollout": event.rollout,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "text": event.text,
        "data": event.data,
    }
    return json.dumps(content, ensure_ascii=False)
