"""`chargehand route`: where a message would go, and why."""

import asyncio
from pathlib import Path
from typing import Any

import click

from memory.settings import load_settings
from server.cli import print_json, tell_training
from server.cli.texts import file_option, read_items, text_argument

__all__ = ["command"]


@click.command("route")
@text_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@file_option
def command(text: str | None, as_json: bool, path: Path | None) -> None:
    """Show the intent of TEXT, how sure the router is, and the path it took."""
    items = list(read_items(text, path))
    settings = load_settings()

    from agents.models.resolve import resolve_model
    from graphs.dependencies import open_router
    from memory.embedding import load_minilm
    from memory.home import open_home
    from memory.ledger import open_ledger
    from server.chat.messages import check_message
    from tools.serving.assembly import open_serving

    for _, message in items:
        check_message(message, settings.message_limit_bytes)
    home = open_home(settings.home, settings.cache)
    ledger = open_ledger(home.ledger, settings.ledger_address)
    serving = open_serving(settings, ledger)
    model = resolve_model(settings).over(serving)
    router = open_router(settings, home, load_minilm(home.weights), model, training=tell_training)

    async def run() -> None:
        async with serving:
            for key, message in items:
                route = (await router.route(message)).model_dump(mode="json")
                if path is not None:
                    print_json({"id": key, **route})
                elif as_json:
                    print_json(route)
                else:
                    _print(route)

    try:
        asyncio.run(run())
    finally:
        ledger.close()


def _print(route: dict[str, Any]) -> None:
    runner_up = route["runner_up"]
    click.echo(f"{route['intent']}  {route['confidence']:.1%}  ({route['language']}, by {route['path']})")
    click.echo(f"runner-up: {runner_up['intent']}  {runner_up['confidence']:.1%}")
    click.echo(route["reason"])
