"""How a command gets into the hub: the parts that it asks for, and who calls. There is no other door.

Most commands call one tool and print its result: `tool_command` makes them of their options and their lines.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from memory.settings import Settings, load_settings
from server.cli import print_json, print_lines
from server.hub import Components, open_components
from server.outcomes import DONE
from server.plain_text import with_hidden_shown

if TYPE_CHECKING:
    from tools.spec import ToolContext


Lines = Callable[[dict[str, Any]], Iterable[str]]
"""The lines of stdout that a tool's result, as JSON, is for a person."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object, or a line for each entry.")


@dataclass(frozen=True, slots=True)
class Session:
    """The hub's parts as one caller uses them."""

    hub: Components
    caller: "ToolContext"

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call one of the tools that need the ledger alone; the result as JSON.

        Raises:
            ChargehandError: as `ToolSpec.call`.
        """
        return asyncio.run(self.hub.ledger_tools[name].call(self.caller, arguments)).model_dump(mode="json")


@contextmanager
def open_session(settings: Settings | None = None) -> Generator[Session]:
    """Find out who calls, before anything else is opened or done.

    Args:
        settings: those of the environment where they are left out.

    Raises:
        NotAllowed: the key is not valid.
        StorageFailed, Unavailable: there is a key, and the ledger that knows it cannot be opened.
    """
    with open_components(settings or load_settings()) as hub:
        yield Session(hub, caller_of_command(hub))


def caller_of_command(hub: Components) -> "ToolContext":
    """The holder of `CHARGEHAND_API_KEY`, else the person at this machine. Raises NotAllowed: the key is not valid."""
    from tools.spec import LOCAL_ENGINEER
    from tools.tenancy import find_caller

    key = hub.settings.api_key
    return LOCAL_ENGINEER if key is None else find_caller(hub.ledger, key.get_secret_value(), hub.runtime.clock())


def tool_command(
    group: click.Group,
    name: str,
    tool: str,
    *parameters: Callable[[Any], Any],
    help: str,  # noqa: A002  # click's word
    rows: str = "",
    next_page: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: None,
    arguments: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    code: Callable[[dict[str, Any]], int] = lambda _: DONE,
) -> Callable[[Lines], Lines]:
    """Add a command that calls one tool and prints its result: with `--json` as JSON, else the decorated lines of it.

    Args:
        parameters: click's options and arguments, named as the tool's arguments; one that is not given is left out.
        rows: field of the result whose entries are printed as JSON lines; the whole result is where it is empty.
        next_page: the arguments that bring the rows behind those of a result; None for the last page.
        arguments: makes the tool's arguments of the parameters, where they are not the same.
        code: the exit code for a result.
    """

    def add(lines: Lines) -> Lines:
        def callback(as_json: bool, **given: Any) -> int:
            wanted = {key: value for key, value in arguments(given).items() if value not in (None, ())}
            with open_session() as session:
                page: dict[str, Any] = session.call(tool, wanted)
                found = page
                while (further := next_page(page)) is not None:
                    page = session.call(tool, wanted | further)
                    found = page | {rows: found[rows] + page[rows]}
            if as_json:
                for entry in found[rows] if rows else (found,):
                    print_json(entry)
            else:
                print_lines(with_hidden_shown(line) for line in lines(found))
            return code(found)

        for parameter in (json_option, *reversed(parameters)):
            callback = parameter(callback)
        group.command(name, help=help)(callback)
        return lines

    return add
