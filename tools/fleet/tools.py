"""All operations on devices."""

from tools.fleet.artifacts import Contents, fetch_tool
from tools.fleet.configuration import configuration_tools
from tools.fleet.devices import device_tools
from tools.fleet.enrolment import enrolment_tools
from tools.fleet.health import health_tools
from tools.fleet.identity import Identity
from tools.fleet.jobs import job_tools
from tools.fleet.questions import question_tools
from tools.fleet.sync import Exchange, sync_tool
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
        *health_tools(),
        *configuration_tools(),
        *job_tools(identity),
        *question_tools(),
    ]
