"""Who calls: the holder of an API key, or without keys the person at this machine."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from memory.errors import ChargehandError, NotAllowed
from memory.ledger import Ledger
from server.gateway.ledger_ports import HELD_S
from server.outcomes import outcome_of
from server.telling import tell
from tools.context import ToolContext
from tools.keys import KEY_PREFIX, find_caller

__all__ = ["Identified", "caller_of", "resolve_caller"]

_OPENAI = ("/v1/chat/", "/v1/completions", "/v1/embeddings", "/v1/models")
_MOST_HELD = 10_000
"""Headers whose callers are held in memory."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def resolve_caller(ledger: Ledger, authorization: str | None, now: datetime, local: ToolContext | None) -> ToolContext:
    """Who calls with this `Authorization` header.

    Args:
        local: who calls without the header; None where nobody may.

    Raises:
        NotAllowed: the header is missing, malformed, or its key is not valid.
    """
    if authorization is None:
        if local is None:
            raise NotAllowed("This hub answers only to API keys.", "Send `Authorization: Bearer KEY`.")
        return local
    scheme, _, key = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotAllowed("The Authorization header is not a bearer's.", "Send `Authorization: Bearer KEY`.")
    return find_caller(ledger, key.strip(), now)


def caller_of(request: Request) -> ToolContext:
    """Who makes a request that `Identified` let through."""
    return request.state.caller


class Identified:
    """Finds out who makes each request, and lets nobody else in; the page itself is open to all.

    Models are asked many times a second, so who asks them is held in memory for a second; a revoked key is good there
    for so long. Every tool is called by who the ledger says at that moment.

    Args:
        local: as `resolve_caller`.
    """

    def __init__(
        self, app: ASGIApp, ledger: Ledger, local: ToolContext | None, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._local = local
        self._clock = clock
        self._held: dict[str | None, tuple[datetime, ToolContext]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/" and not scope["path"].startswith("/assets/"):
            try:
                caller = await self._caller(scope)
            except ChargehandError as error:
                await _refuse(error)(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> ToolContext:
        header = Headers(scope=scope).get("authorization")
        if self._local is not None:
            # OpenAI's clients send some key to any address; where none is needed, only one of ours counts.
            foreign = header is not None and KEY_PREFIX not in header and scope["path"].startswith(_OPENAI)
            if header is None or foreign:
                return self._local
        now = self._clock()
        if not scope["path"].startswith(_OPENAI):
            return await asyncio.to_thread(resolve_caller, self._ledger, header, now, self._local)
        held = self._held.get(header)
        if held is not None and held[0] <= now < held[0] + timedelta(seconds=HELD_S):
            return held[1]
        caller = await asyncio.to_thread(resolve_caller, self._ledger, header, now, self._local)
        if len(self._held) >= _MOST_HELD:
            self._held.clear()
        self._held[header] = (now, caller)
        return caller


def _refuse(error: ChargehandError) -> JSONResponse:
    if isinstance(error, NotAllowed):
        return JSONResponse({"error": tell(error)}, status_code=401, headers={"www-authenticate": "Bearer"})
    return JSONResponse({"error": tell(error)}, status_code=outcome_of(error).status)
