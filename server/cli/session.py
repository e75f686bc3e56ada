"""How a command gets into the hub: the parts that it asks for, and who calls. There is no other door."""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memory.settings import Settings, load_settings
from server.hub import Components, open_components

if TYPE_CHECKING:
    from tools.spec import ToolContext

__all__ = ["Session", "caller_of_command", "open_session"]


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
def open_session(settings: Settings | None = None, training: Callable[[], None] | None = None) -> Generator[Session]:
    """Find out who calls, before anything else is opened or done.

    Args:
        settings: those of the environment where they are left out.
        training: as `Components` has it.

    Raises:
        NotAllowed: the key is not valid.
        StorageFailed, Unavailable: there is a key, and the ledger that knows it cannot be opened.
    """
    with open_components(settings or load_settings(), training) as hub:
        yield Session(hub, caller_of_command(hub))


def caller_of_command(hub: Components) -> "ToolContext":
    """The holder of `CHARGEHAND_API_KEY`, else the person at this machine. Raises NotAllowed: the key is not valid."""
    from tools.spec import LOCAL_ENGINEER
    from tools.tenancy import find_caller

    key = hub.settings.api_key
    return LOCAL_ENGINEER if key is None else find_caller(hub.ledger, key.get_secret_value(), hub.runtime.clock())
