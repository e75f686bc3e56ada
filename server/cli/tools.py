"""`chargehand tools`: every operation there is, called by name."""

import asyncio
import json
import sys
from typing import Any, cast

import click

from edge.kernel.errors import InvalidInput
from server.cli import print_json, print_lines
from server.cli.session import json_option, open_session


@click.group("tools")
def command() -> None:
    """List the tools and call one.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """


@command.command("list")
@click.argument("words", nargs=-1)
@json_option
def listed(words: tuple[str, ...], as_json: bool) -> None:
    """Show the tools that the caller may call; with WORDS, those that have each of them in name or description."""
    from server.tools_http import describe

    with open_session() as session:
        found = [
            spec
            for spec in session.hub.tools.values()
            if spec.scopes <= session.caller.scopes
            and all(word.casefold() in f"{spec.name} {spec.description}".casefold() for word in words)
        ]
    if as_json:
        for spec in found:
            print_json(describe(spec))
    else:
        print_lines(f"{spec.name:<28} {spec.effect:<12} {spec.description}" for spec in found)
    if not found:
        click.echo("No tool has these words: `chargehand tools list` shows all.", err=True)


@command.command("call")
@click.argument("name")
@click.argument("arguments", default="{}")
@click.option("--approval", metavar="ID", help="The approval under which it is done.")
@click.option("--idempotency-key", metavar="KEY", help="A repeat with the same key gives the first result.")
def call(name: str, arguments: str, approval: str | None, idempotency_key: str | None) -> None:
    """Call the tool NAME with ARGUMENTS, a JSON object or - for stdin, and print the result as JSON."""
    from dataclasses import replace

    from server.tools_http import find_tool

    given = read_arguments(sys.stdin.read() if arguments == "-" else arguments)
    with open_session() as session:
        caller = replace(session.caller, approval_id=approval, idempotency_key=idempotency_key)
        found = find_tool(session.hub.tools, name)
        print_json(asyncio.run(found.call(caller, given)).model_dump(mode="json"))


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments of a call. Raises InvalidInput: the text is not a JSON object."""
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"The arguments are not JSON: {error}.", "Such as '{\"limit\": 5}'.") from error
    if not isinstance(found, dict):
        raise InvalidInput("The arguments are not a JSON object.", "Such as '{\"limit\": 5}'.")
    return cast("dict[str, Any]", found)
