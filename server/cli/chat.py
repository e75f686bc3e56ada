"""`chargehand chat`: ask, on the command line."""

import asyncio
import sys
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.kernel.errors import ChargehandError, NotFound
from memory.settings import load_settings
from server.cli import forget_reader, print_json
from server.cli.session import open_session
from server.cli.texts import Item, file_option, read_items, text_argument
from server.outcomes import DONE, exit_code_of, outcome_of, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ag_ui.core import BaseEvent

    from agents.events import TurnEvent
    from graphs.dependencies import Dependencies
    from server.chat.agui import AguiRun
    from server.chat.conversation import Conversation, TurnResult


@click.command("chat")
@text_argument
@click.option("--thread", "thread_id", help="Go on in this thread; a new one is made otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print the reply as one JSON object.")
@click.option("--events", is_flag=True, help="Print the AG-UI events as JSON lines, as they come.")
@click.option("--model", help="provider:name, instead of CHARGEHAND_MODEL.")
@file_option
def command(
    text: str | None, thread_id: str | None, as_json: bool, events: bool, model: str | None, path: Path | None
) -> int:
    """Ask or order TEXT, or what stdin has where it is -; print where it went and why, the answer and its sources.

    What needs a "yes" is done by the next message in the same thread: chargehand chat yes --thread ID.

    Acts as the holder of CHARGEHAND_API_KEY, else as the person at this machine. Exit code 3 when a gate refused what
    was ordered, 4 when it waits for an approval.
    """
    items = list(read_items(text, path))
    settings = load_settings(model=model)
    named, thread_id = thread_id, thread_id or str(uuid.uuid4())
    agui = _begin_events(thread_id) if events and path is None else None

    from graphs.messages import check_message
    from server.chat.conversation import open_conversation

    async def run(dependencies: "Dependencies") -> int:
        async with open_conversation(dependencies) as conversation:
            if named is not None:
                await _tell_if_new(conversation, named, dependencies.caller.tenant)
            if path is not None:
                return await _answer_file(conversation, items, named)
            if agui is not None:
                return await _print_events(conversation, thread_id, items[0][1], agui)
            return await _answer_one(conversation, thread_id, items[0][1], as_json)

    try:
        for _, message in items:
            check_message(message, settings.message_limit_bytes)
        with open_session(settings) as session:
            return asyncio.run(run(replace(session.hub.dependencies, caller=session.caller)))
    except (Exception, KeyboardInterrupt) as error:
        if agui is not None:
            _print(agui.cancelled() if isinstance(error, KeyboardInterrupt) else agui.failed(error))
        raise


async def _answer_one(conversation: "Conversation", thread_id: str, message: str, as_json: bool) -> int:
    reply = await conversation.take_turn(thread_id, message, _silent if as_json else _print_as_it_comes)
    if as_json:
        print_json(_told(reply))
    else:
        _print_sources(reply)
    return exit_code_of(reply.ending)


async def _tell_if_new(conversation: "Conversation", thread_id: str, tenant: str) -> None:
    try:
        await conversation.threads.get(thread_id, tenant)
    except NotFound:
        click.echo(f"Note: there was no thread {thread_id}; it begins here.", err=True)


async def _answer_file(conversation: "Conversation", items: list[Item], named: str | None) -> int:
    """Answer each line in the thread that was named, else in one of its own; a line that fails says so and the others
    go on. The worst exit code.
    """
    code = DONE
    for key, message in items:
        try:
            reply = await conversation.take_turn(named or str(uuid.uuid4()), message, _silent)
            print_json({"id": key, **_told(reply)})
            code = worst(code, exit_code_of(reply.ending))
        except ChargehandError as error:
            outcome = outcome_of(error)
            print_json({"id": key, "error": {"code": outcome.code, "message": error.message, "advice": error.advice}})
            code = worst(code, outcome.exit_code)
    return code


def _told(reply: "TurnResult") -> dict[str, Any]:
    """The reply as JSON, with the exit code that it would have alone."""
    return {**asdict(reply), "exit_code": exit_code_of(reply.ending)}


def _begin_events(thread_id: str) -> "AguiRun":
    """Say that the run began, before anything slow is imported."""
    from server.chat.agui import AguiRun

    agui = AguiRun(thread_id, thread_id)
    _print([agui.started()])
    return agui


async def _print_events(conversation: "Conversation", thread_id: str, message: str, agui: "AguiRun") -> int:
    reply = await conversation.take_turn(thread_id, message, lambda event: _print(agui.translate(event)))
    _print(agui.finished())
    return exit_code_of(reply.ending)


def _print(events: "Iterable[BaseEvent]") -> None:
    """Print the events as lines; like `_print_as_it_comes` when nobody reads."""
    from server.chat.agui import encode

    try:
        for event in events:
            click.echo(encode(event))
    except BrokenPipeError:
        forget_reader()


def _silent(event: "TurnEvent") -> None:
    """The reply is printed whole at the end."""


def _print_as_it_comes(event: "TurnEvent") -> None:
    """Print the event; a turn goes on to its end when nobody reads any more, since it may be an order."""
    try:
        _print_event(event)
    except BrokenPipeError:
        forget_reader()


def _print_event(event: "TurnEvent") -> None:
    from agents.events import AnswerDelta, Notice, RouteTaken

    match event:
        case RouteTaken(route):
            style = {"dim": True} if sys.stdout.isatty() else {}
            click.echo(click.style(f"[{_route_line(route)}]", **style) + "\n")
        case AnswerDelta(text):
            click.echo(text, nl=False)
            sys.stdout.flush()
        case Notice(_, message):
            click.echo(f"Note: {message}", err=True)
        case _:
            return


def _route_line(route: dict[str, Any]) -> str:
    return f"{route['intent']}, by {route['path']}: {route['reason']}"


def _print_sources(reply: "TurnResult") -> None:
    click.echo()
    if reply.citations:
        click.echo("\nSources:")
    for citation in reply.citations:
        place = " > ".join(part for part in (citation["title"], citation["heading"]) if part)
        click.echo(
            f"[{citation['number']}] {place} ({citation['document']}, characters {citation['start']}-{citation['end']})"
        )
    click.echo(f"\nThread {reply.thread_id}", err=True)
