"""`chargehand mcp`: the tools over the Model Context Protocol, on stdin and stdout."""

import asyncio

import click

from memory.settings import load_settings

__all__ = ["command"]


@click.command("mcp")
def command() -> None:
    """Serve the tools to one MCP client over stdin and stdout, until it leaves.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """
    from graphs.toolbox import open_toolbox
    from server.cli.desk import caller_at
    from server.mcp.stdio import serve_stdio

    settings = load_settings()
    with open_toolbox(settings) as (tools, books):
        # The key is looked up at each request, so that one that is revoked meanwhile is good for nothing more.
        asyncio.run(serve_stdio(tools, lambda _: caller_at(books, settings)))
