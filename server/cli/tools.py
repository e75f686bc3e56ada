"""`chargehand tools`: every operation there is, called by name."""

import json
import sys
from typing import Any, cast

import click

from edge.kernel.errors import InvalidInput
from memory.settings import load_settings
from server.cli import print_json

__all__ = ["command", "read_arguments"]


@click.group("tools")
def command() -> None:
    """List the tools and call one.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def listed(as_json: bool) -> None:
    """Show the tools that the caller may call."""
    from graphs.toolbox import open_toolbox
    from server.cli.desk import caller_at
    from server.tools_http import describe

    settings = load_settings()
    with open_toolbox(settings) as (tools, books):
        caller = caller_at(books, settings)
        for spec in tools.values():
            if not spec.scopes <= caller.scopes:
                continue
            if as_json:
                print_json(describe(spec))
            else:
                click.echo(f"{spec.name:<28} {spec.effect:<12} {spec.description}")


@command.command("call")
@click.argument("name")
@click.argument("arguments", default="{}")
@click.option("--approval", metavar="ID", help="The approval under which it is done.")
@click.option("--idempotency-key", metavar="KEY", help="A repeat with the same key gives the first result.")
def call(name: str, arguments: str, approval: str | None, idempotency_key: str | None) -> None:
    """Call the tool NAME with ARGUMENTS, a JSON object or - for stdin, and print the result as JSON."""
    from dataclasses import replace

    from graphs.toolbox import open_toolbox
    from server.cli.desk import Desk, caller_at
    from server.tools_http import find_tool

    settings = load_settings()
    given = read_arguments(sys.stdin.read() if arguments == "-" else arguments)
    with open_toolbox(settings) as (tools, books):
        caller = replace(caller_at(books, settings), approval_id=approval, idempotency_key=idempotency_key)
        find_tool(tools, name)
        print_json(Desk(books, caller, tools).call(name, given).model_dump(mode="json"))


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments of a call. Raises InvalidInput: the text is not a JSON object."""
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"The arguments are not JSON: {error}.", "Such as '{\"limit\": 5}'.") from error
    if not isinstance(found, dict):
        raise InvalidInput("The arguments are not a JSON object.", "Such as '{\"limit\": 5}'.")
    return cast("dict[str, Any]", found)
