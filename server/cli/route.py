"""`chargehand route`: what a message is understood as, and why. Nothing is done."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memory.settings import load_settings
from server.cli import print_json
from server.cli.session import open_session
from server.cli.texts import file_option, read_items, text_argument

if TYPE_CHECKING:
    from agents.understanding.interpretation import Interpretation, PlannedCall
    from edge.kernel.language import Language
    from graphs.dependencies import Dependencies
    from tools.spec import ToolContext


@click.command("route")
@text_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@file_option
def command(text: str | None, as_json: bool, path: Path | None) -> None:
    """Show what TEXT is understood as, and what decided: the documents, operations, a question back, help, or nothing.

    Operations are shown with their arguments and the words that each was read from. Nothing is done. Acts as the holder
    of CHARGEHAND_API_KEY, else as the person at this machine; TEXT stands alone, as the first message of a thread does.
    """
    items = list(read_items(text, path))
    settings = load_settings()

    from graphs.messages import check_message

    for _, message in items:
        check_message(message, settings.message_limit_bytes)

    async def run(dependencies: "Dependencies", caller: "ToolContext") -> None:
        from graphs.understanding import interpret

        async with dependencies.serving:
            for key, message in items:
                shown = _as_json(await interpret(dependencies, message, caller), dependencies)
                if path is not None:
                    print_json({"id": key, **shown})
                elif as_json:
                    print_json(shown)
                else:
                    _print(shown)

    with open_session(settings) as session:
        asyncio.run(run(session.hub.dependencies, session.caller))


def _as_json(found: "Interpretation", dependencies: "Dependencies") -> dict[str, Any]:
    """The route, then everything that it was chosen from; every field is always there."""
    from agents.understanding.route import route_of

    question = found.question

    def shown(calls: "tuple[PlannedCall, ...]") -> list[dict[str, Any]]:
        return [_call(call, dependencies, found.language) for call in calls]

    return {
        **route_of(found).model_dump(mode="json"),
        "mood": found.mood,
        "calls": shown(found.calls),
        "proposed": shown(found.proposed),
        "question": None
        if question is None
        else {
            "reason": question.reason,
            "text": question.text,
            "tool": question.tool,
            "arguments": dict(question.arguments),
            "slot": question.slot,
            "choices": list(question.choices),
        },
        "document_query": found.document_query,
        "not_done": found.not_done,
    }


def _call(call: "PlannedCall", dependencies: "Dependencies", language: "Language") -> dict[str, Any]:
    from agents.understanding.wording import order_of

    return {
        "tool": call.tool,
        "order": order_of(call, dependencies.teams.talk, language),
        "arguments": call.arguments,
        "read_from": {
            name: {"value": one.value, "words": one.words, "source": one.source} for name, one in call.origins.items()
        },
    }


def _print(shown: dict[str, Any]) -> None:
    how = f"{shown['confidence']:.0%}, {shown['language']}, {shown['mood']}"
    click.echo(f"{shown['intent']}, by {shown['path']} ({how})")
    click.echo(shown["reason"])
    for heading, calls in (("would call", shown["calls"]), ("would propose", shown["proposed"])):
        for call in calls:
            click.echo(f"\n{heading} {call['tool']}: {call['order']}")
            for name, one in call["read_from"].items():
                words = f" “{one['words']}”" if one["words"] else ""
                click.echo(f"  {name} = {one['value']}  from {one['source']}{words}")
    if shown["document_query"]:
        click.echo(f"\nwould look in the documents for: {shown['document_query']}")
    if shown["question"] is not None:
        question = shown["question"]
        click.echo(f"\nwould ask ({question['reason']}): {question['text']}")
    if shown["not_done"]:
        click.echo(f"\n{shown['not_done']}")
