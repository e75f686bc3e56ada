"""Bounds of requests: their bodies' size and pace, how many of one caller are answered at a time.

Sizes are kept by FastAPI (`max_body_size`), whose refusal is made JSON here. The headers and the connections are
bounded before there is a request, in `server/connections.py`.
"""

import asyncio
import time
from collections import Counter

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.calling.context import ToolContext

BODY_BYTES = 1 << 20
"""Largest body of a request where nothing else is said."""
OPENAI_BODY_BYTES = 16 << 20
"""Long contexts, and pictures as data."""
MOST_REQUESTS = 256
"""Requests of one caller that are answered at a time, streams among them."""
GRACE_S, SLOWEST_BYTES_PER_S = 20.0, 2048
"""A body may take so long, and longer only while it comes at least at this pace."""


class BodyPace:
    """Ends requests whose body comes too slowly, and closes the connection of those that were answered before its end.

    Without the second whoever was refused could go on sending for ever.
    """

    def __init__(self, app: ASGIApp, grace_s: float = GRACE_S) -> None:
        self._app = app
        self._grace_s = grace_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _PacedBody(receive, send, self._grace_s)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.given_up:
                raise
        if body.given_up:
            error = refusal("out_of_time", "The body of the request came too slowly.", "Send it again.")
            await JSONResponse(error, status_code=408, headers={"connection": "close"})(scope, receive, send)


class _PacedBody:
    """One request's body on its way."""

    def __init__(self, receive: Receive, send: Send, grace_s: float) -> None:
        self._receive, self._send = receive, send
        self._grace_s = grace_s
        self._until = time.monotonic() + grace_s
        self._whole = self._late = self._answered = False

    @property
    def given_up(self) -> bool:
        """Whether the body came too slowly, and nothing was answered yet."""
        return self._late and not self._answered

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(max(self._until - time.monotonic(), 0.01)):
                message = await self._receive()
        except TimeoutError:
            self._late = True
            return {"type": "http.disconnect"}  # the application gives up, whatever it says to that
        earned = self._until + len(message.get("body", b"")) / SLOWEST_BYTES_PER_S
        self._until = min(earned, time.monotonic() + self._grace_s)
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self.given_up:
            return
        if message["type"] == "http.response.start":
            self._answered = True
            if not self._whole:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await self._send(message)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


class TooLargeAsJson:
    """Makes FastAPI's refusal of a large body an error like all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        replaced = False

        async def send_as_json(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                plain = Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
                replaced = message["status"] == 413 and plain
                if replaced:
                    return
            elif replaced:
                await JSONResponse(too_large(), status_code=413)(scope, receive, send)
                return
            await send(message)

        await self._app(scope, receive, send_as_json)


def too_large() -> dict[str, dict[str, str]]:
    """The body of the answer to a request that was too large."""
    return refusal("too_large", "The body of the request is too large.", "Send less at once.")


def refusal(code: str, message: str, advice: str) -> dict[str, dict[str, str]]:
    """An error's body, where there is no error of the tree."""
    return {"error": {"code": code, "message": message, "advice": advice}}


class ConcurrentRequests:
    """Answers so many requests of one caller at a time, so that none takes the hub from all others.

    It stands behind the authentication, and lets through what needs none.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_REQUESTS) -> None:
        self._app = app
        self._most = most
        self._running = Counter[tuple[str, str]]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: ToolContext | None = scope.get("state", {}).get("caller") if scope["type"] == "http" else None
        if caller is None:
            await self._app(scope, receive, send)
            return
        who = (caller.tenant, caller.principal)
        if self._running[who] >= self._most:
            message = f"{self._most} requests of {caller.principal} are being answered already."
            error = refusal("limit_reached", message, "Wait for some of them to end.")
            await JSONResponse(error, status_code=429, headers={"retry-after": "1"})(scope, receive, send)
            return
        self._running[who] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[who] -= 1
            if not self._running[who]:
                del self._running[who]
