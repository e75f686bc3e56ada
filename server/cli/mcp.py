"""`chargehand mcp`: the tools over the Model Context Protocol, on stdin and stdout."""

import asyncio

import click


@click.command("mcp")
def command() -> None:
    """Serve the tools to one MCP client over stdin and stdout, until it leaves.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """
    from server.cli.session import caller_of_command, open_session
    from server.mcp.server import serve_stdio

    with open_session() as session:
        # The key is looked up at each request, so that one that is revoked meanwhile is good for nothing more.
        asyncio.run(serve_stdio(session.hub.tools, lambda _: caller_of_command(session.hub)))
