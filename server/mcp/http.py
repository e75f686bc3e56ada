"""MCP over streamable HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tools.spec import ToolContext, ToolSpec

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from server.hub import Hub
    from server.mcp.profiles import Profile
    from server.mcp.resources import HubResources
    from server.mcp.server import RequestContext


_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PACKED_BYTES = 16 << 10
"""Longer answers are packed for clients that take gzip: contents for devices are base64, a third more than they are."""


@asynccontextmanager
async def open_mcp(
    tools: Mapping[str, ToolSpec],
    identify: Callable[[Request], ToolContext],
    hosts: frozenset[str] = frozenset(),
    resources: Callable[[], HubResources] | None = None,
) -> AsyncGenerator[Route]:
    """Serve the tools at `/mcp` until the end of the block; the route is for the hub's application.

    No request depends on one before it, in either revision of the protocol, so a hub can be restarted under its
    clients, and every request proves anew who makes it. The SDK is imported, in a second, by the first request.

    Args:
        identify: who makes a request.
        hosts: names of this hub, besides those of this machine.
        resources: makes what can be read beside the tools, at the first request.
    """
    wanted, closing = asyncio.Event(), asyncio.Event()
    opened: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()

    async def serve() -> None:  # in a task of its own, since the manager must be closed by who opened it
        await wanted.wait()
        if closing.is_set():
            return
        try:
            manager = await asyncio.to_thread(_make_manager, tools, identify, hosts, resources)
            async with manager.run():
                from mcp.server.streamable_http_manager import StreamableHTTPASGIApp

                opened.set_result(StreamableHTTPASGIApp(manager))
                await closing.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        wanted.set()
        app = await asyncio.shield(opened)
        await app(scope, receive, send)

    serving = asyncio.create_task(serve(), name="MCP server")
    try:
        # A stream that a client would open by GET could carry nothing: the server says nothing unasked.
        packed = GZipMiddleware(_Application(endpoint), minimum_size=_PACKED_BYTES, compresslevel=1)
        yield Route("/mcp", endpoint=packed, methods=["POST"])
    finally:
        closing.set()
        wanted.set()
        await serving


def readable(hub: Hub) -> HubResources:
    """What clients of a hub can read; imports the protocol's types."""
    from server.mcp import resources

    known = hub.dependencies
    return resources.HubResources(known.store.ledger.documents, known.know)


class _Application:
    """An ASGI application that Starlette's routes do not take for a view: a view is a function."""

    def __init__(self, run: ASGIApp) -> None:
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._run(_without_blanks(scope), receive, send)


def _without_blanks(scope: Scope) -> Scope:
    """Blanks around a field's value are not part of it (RFC 9110, 5.5); uvicorn leaves those behind it (httptools)."""
    return {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}


def _make_manager(
    tools: Mapping[str, ToolSpec],
    identify: Callable[[Request], ToolContext],
    hosts: frozenset[str],
    resources: Callable[[], HubResources] | None,
) -> StreamableHTTPSessionManager:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    from server.mcp.profiles import profile_named
    from server.mcp.server import make_server

    names = [*_LOOPBACK, *sorted(hosts)]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[pattern for name in names for pattern in (name, f"{name}:*")],
        allowed_origins=[
            pattern
            for name in names
            for scheme in ("http", "https")
            for pattern in (f"{scheme}://{name}", f"{scheme}://{name}:*")
        ],
    )

    def identify_http(context: RequestContext) -> ToolContext:
        return identify(cast("Request", context.request))

    def profile(context: RequestContext) -> Profile | None:
        return profile_named(cast("Request", context.request).query_params.get("profile"))

    server = make_server(tools, identify_http, resources() if resources is not None else None, profile)
    return StreamableHTTPSessionManager(server, json_response=True, stateless=True, security_settings=security)
