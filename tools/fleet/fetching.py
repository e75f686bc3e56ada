"""Ranges of artifacts, for the devices that are to have them."""

from typing import Annotated

from pydantic import Field

from edge.kernel.errors import NotAllowed, NotFound
from edge.kernel.protocol.artifacts import LONGEST_RANGE, ArtifactRange, Digest, pack_range
from tools.fleet.callers import device_of, not_enrolled
from tools.fleet.contents import Contents
from tools.fleet.state import SharedStates, read_state
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["fetch_tool"]


def fetch_tool(contents: Contents, shared: SharedStates) -> ToolSpec:
    """The tool `edge_artifact`."""

    def edge_artifact(
        context: ToolContext,
        digest: Digest,
        offset: Annotated[int, Field(ge=0, le=2**53, description="first byte")] = 0,
        length: Annotated[int, Field(ge=1, le=LONGEST_RANGE, description="bytes, at most")] = LONGEST_RANGE,
    ) -> ArtifactRange:
        """Give the calling device a part of an artifact that its desired state refers to."""
        unit = context.unit
        name = device_of(context)
        device = unit.devices.find(name)
        if device is None or device.state != "enrolled":
            raise not_enrolled(name)
        state = read_state(unit, device.id, device.group, shared, unit.desired.head())
        if digest not in state.artifacts:
            raise NotAllowed(f"{device.id} is not to have {digest}.", "Sync first: what it shall have has changed.")
        size_bytes = unit.artifacts.get(digest).size_bytes
        content = contents.open_range(digest, offset, length)
        if len(content) < min(length, size_bytes - offset):
            raise NotFound(f"The content {digest} is not whole here.", "Put it again.")
        return pack_range(digest, offset, size_bytes, content)

    return tool(edge_artifact, scopes={"edge:sync"}, ledger=True)
