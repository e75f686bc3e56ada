"""All operations on devices, put together."""

from tools.fleet.asking import asking_tools
from tools.fleet.contents import Contents
from tools.fleet.devices import device_tools
from tools.fleet.enrolling import enrolment_tools
from tools.fleet.fetching import fetch_tool
from tools.fleet.identity import Identity
from tools.fleet.jobs import job_tools
from tools.fleet.orders import order_tools
from tools.fleet.syncing import Exchange, sync_tool
from tools.fleet.watching import watching_tools
from tools.spec import ToolSpec

__all__ = ["fleet_tools"]


def fleet_tools(identity: Identity, contents: Contents, every_s: float = 60.0) -> list[ToolSpec]:
    """All of them; `tools.spec.bind` gives them the ledger.

    Args:
        contents: where artifacts lie.
        every_s: how often devices that have nothing to tell come back, seconds.
    """
    exchange = Exchange(identity, every_s)
    return [
        *enrolment_tools(identity),
        sync_tool(exchange),
        fetch_tool(contents, exchange.shared),
        *device_tools(exchange.shared),
        *watching_tools(),
        *order_tools(),
        *job_tools(identity),
        *asking_tools(),
    ]
