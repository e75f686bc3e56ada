"""MCP over streamable HTTP."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import cast

from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.routing import Route

from server.mcp.server import RequestContext, make_server
from tools.spec import ToolContext, ToolSpec

__all__ = ["open_mcp"]

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@asynccontextmanager
async def open_mcp(
    tools: Mapping[str, ToolSpec], identify: Callable[[Request], ToolContext], hosts: frozenset[str] = frozenset()
) -> AsyncGenerator[Route]:
    """Serve the tools at `/mcp` until the end of the block; the route is for the hub's application.

    No request depends on one before it, in either revision of the protocol, so a hub can be restarted under its
    clients, and every request proves anew who makes it.

    Args:
        identify: who makes a request.
        hosts: names of this hub, besides those of this machine.
    """
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

    server = make_server(tools, identify_http)
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True, security_settings=security)
    async with manager.run():
        # A stream that a client would open by GET could carry nothing: the server says nothing unasked.
        yield Route("/mcp", endpoint=StreamableHTTPASGIApp(manager), methods=["POST"])
