"""Contents that devices fetch: a port that the artifact store implements, and the tool that gives out ranges."""

from datetime import datetime
from typing import IO, Annotated, Protocol

from pydantic import Field

from edge.kernel.errors import NotAllowed, NotFound
from edge.kernel.protocol.artifacts import LONGEST_RANGE, ArtifactRange, ArtifactRef, Digest, pack_range
from memory.ledger import Unit
from memory.ledger.artifacts import Artifact
from tools.fleet.credentials import device_of, not_enrolled
from tools.fleet.desired_state import SharedStates, read_state
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["Contents", "StoredContent", "fetch_tool", "keep"]


class StoredContent(Protocol):
    """A content that is kept."""

    @property
    def digest(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def url(self) -> str: ...


class Contents(Protocol):
    """Contents by digest, of all tenants; which tenant has which is the ledger's to know."""

    def put(self, source: IO[bytes]) -> StoredContent:
        """Keep what the stream gives until its end. Raises StorageFailed: it cannot be written."""
        ...

    def size(self, digest: str) -> int:
        """In bytes. Raises NotFound: it is not kept."""
        ...

    def open_range(self, digest: str, offset: int, length: int) -> bytes:
        """A part; shorter than `length` at its end, empty behind it. Raises NotFound: it is not kept."""
        ...


def keep(unit: Unit, contents: Contents, source: IO[bytes], media_type: str, now: datetime) -> ArtifactRef:
    """Put a content, and write down that the tenant has it. Raises as `Contents.put`."""
    stored = contents.put(source)
    unit.artifacts.save(Artifact(stored.digest, media_type, stored.size_bytes, stored.url, now))
    return ArtifactRef(digest=stored.digest, size_bytes=stored.size_bytes, media_type=media_type)


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
