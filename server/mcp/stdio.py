"""MCP over stdin and stdout, for a client that starts the server as its child."""

from collections.abc import Callable, Mapping
from typing import Any

from mcp.server.stdio import stdio_server

from server.mcp.server import make_server
from tools.spec import ToolContext, ToolSpec

__all__ = ["serve_stdio"]


async def serve_stdio(tools: Mapping[str, ToolSpec], identify: Callable[[Any], ToolContext]) -> None:
    """Serve until the client closes stdin. Whatever else the process prints goes to stderr.

    Args:
        identify: who calls; asked at each request.
    """
    server = make_server(tools, identify)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
