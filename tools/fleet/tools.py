"""All operations on devices."""

from memory.artifacts import ArtifactStore
from tools.fleet.configuration import configuration_tools, job_tools
from tools.fleet.credentials import Identity
from tools.fleet.devices import device_tools, health_tools
from tools.fleet.enrolment import enrolment_tools
from tools.fleet.questions import question_tools
from tools.fleet.sync import Exchange, fetch_tool, sync_tool
from tools.spec import ToolSpec


def fleet_tools(identity: Identity, artifacts: ArtifactStore, every_s: float = 60.0) -> list[ToolSpec]:
    """All of them; `tools.spec.bind` gives them the ledger.

    Args:
        every_s: how often devices that have nothing to tell come back, seconds.
    """
    exchange = Exchange(identity, every_s)
    return [
        *enrolment_tools(identity),
        sync_tool(exchange),
        fetch_tool(artifacts, exchange.shared),
        *device_tools(exchange.shared),
        *health_tools(),
        *configuration_tools(),
        *job_tools(identity),
        *question_tools(),
    ]
