"""`chargehand mcp`: the tools over the Model Context Protocol, on stdin and stdout."""

import asyncio
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from server.cli.session import Session
    from server.mcp.profiles import Profile


@click.command("mcp")
@click.option(
    "--profile",
    type=click.Choice(["all", "read", "engineer", "device"]),
    help="Offer only these tools: what changes nothing, what people call, what devices call.",
)
def command(profile: "Profile | None") -> None:
    """Serve the tools to one MCP client over stdin and stdout, until it leaves.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """
    from server.cli.session import open_session

    with open_session() as session:
        asyncio.run(_serve(session, profile))


async def _serve(session: "Session", profile: "Profile | None") -> None:
    from server.chat.conversation import open_conversation
    from server.cli.session import caller_of_command
    from server.mcp.ask import ASK, ask_tool
    from server.mcp.resources import HubResources
    from server.mcp.server import serve_stdio

    known = session.hub.dependencies
    async with open_conversation(known) as conversation:
        tools = {ASK: ask_tool(conversation), **known.tools}
        resources = HubResources(known.store.ledger.documents, known.know)
        # The key is looked up at each request, so that one that is revoked meanwhile is good for nothing more.
        await serve_stdio(tools, lambda _: caller_of_command(session.hub), resources, profile)
