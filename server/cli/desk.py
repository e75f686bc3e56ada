"""What a command needs to call tools: the ledger opened, and who calls."""

import asyncio
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from memory.settings import Settings, load_settings

if TYPE_CHECKING:
    from tools.spec import ToolContext, ToolRuntime, ToolSpec

__all__ = ["Desk", "caller_at", "open_desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Calls tools for one caller."""

    books: "ToolRuntime"
    caller: "ToolContext"
    tools: "Mapping[str, ToolSpec]"

    def call(self, name: str, arguments: Mapping[str, Any]) -> BaseModel:
        """Raises ChargehandError: as `ToolSpec.call`."""
        return asyncio.run(self.tools[name].call(self.caller, arguments))


@contextmanager
def open_desk(specs: "Iterable[ToolSpec]", settings: Settings | None = None) -> Generator[Desk]:
    """Open the ledger; the caller is the holder of `CHARGEHAND_API_KEY`, else the person at this machine.

    Raises:
        NotAllowed: the key is not valid.
        StorageFailed, Unavailable: the ledger cannot be opened.
    """
    from memory.home import open_home
    from memory.ledger import open_ledger
    from tools.spec import ToolRuntime, bind

    settings = settings or load_settings()
    ledger = open_ledger(open_home(settings.home).ledger, settings.ledger_address)
    books = ToolRuntime(ledger)
    try:
        yield Desk(books, caller_at(books, settings), {spec.name: spec for spec in bind(specs, books)})
    finally:
        ledger.close()


def caller_at(books: "ToolRuntime", settings: Settings) -> "ToolContext":
    """The holder of the settings' key, else the person at this machine. Raises NotAllowed: the key is not valid."""
    from tools.keys import find_caller
    from tools.spec import LOCAL_ENGINEER

    key = settings.api_key
    return LOCAL_ENGINEER if key is None else find_caller(books.ledger, key.get_secret_value(), books.clock())
