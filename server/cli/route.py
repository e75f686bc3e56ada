"""`chargehand route`: where a message would go, and why."""

import asyncio
from pathlib import Path
from typing import Any

import click

from memory.settings import load_settings
from server.cli import print_json
from server.cli.session import open_session
from server.cli.texts import file_option, read_items, text_argument
from server.hub import Components


@click.command("route")
@text_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@file_option
def command(text: str | None, as_json: bool, path: Path | None) -> None:
    """Show the intent of TEXT, how sure the router is, and the path it took."""
    items = list(read_items(text, path))
    settings = load_settings()

    from server.chat.messages import check_message

    for _, message in items:
        check_message(message, settings.message_limit_bytes)

    async def run(hub: Components) -> None:
        async with hub.serving:
            for key, message in items:
                route = (await hub.router.route(message)).model_dump(mode="json")
                if path is not None:
                    print_json({"id": key, **route})
                elif as_json:
                    print_json(route)
                else:
                    _print(route)

    with open_session(settings) as session:
        asyncio.run(run(session.hub))


def _print(route: dict[str, Any]) -> None:
    runner_up = route["runner_up"]
    click.echo(f"{route['intent']}  {route['confidence']:.1%}  ({route['language']}, by {route['path']})")
    click.echo(f"runner-up: {runner_up['intent']}  {runner_up['confidence']:.1%}")
    click.echo(route["reason"])
