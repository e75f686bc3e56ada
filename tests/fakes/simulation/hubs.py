"""What a hub must be for the simulation, and the hub in memory as one."""

from collections.abc import Mapping
from typing import Any, Protocol

from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.messages import Enrolled, SyncRequest
from tests.fakes.reference_hubs import ReferenceHub

__all__ = ["MemoryHub", "SimulatedHub"]


class SimulatedHub(Protocol):
    """One hub, over all its processes. Each of its calls is one transaction."""

    def enrolled(self, device: str) -> Enrolled: ...

    def handle(self, device: str, tool: str, arguments: Mapping[str, Any], now_s: float) -> Mapping[str, Any]:
        """Do what the device asks for; raises `edge.kernel.errors.HubRefused`."""
        ...

    def want(self, device: str, number: int, text: str | None) -> None:
        """Change one of the device's desired items."""
        ...

    def put(self, content: bytes) -> ArtifactRef: ...

    def want_pack(self, device: str, ref: ArtifactRef) -> None:
        """The device shall have this content as its only pack."""
        ...

    def backup(self) -> object: ...

    def restore(self, backup: object) -> None: ...

    def received(self, device: str) -> list[Mapping[str, Any]]:
        """The bodies of the device's events, in the order in which they came."""
        ...

    def wanted(self, device: str) -> dict[tuple[str, str], Mapping[str, Any]]: ...

    def reported(self, device: str) -> Mapping[str, Any] | None: ...

    def close(self) -> None: ...


class MemoryHub:
    """The hub of reference."""

    def __init__(self) -> None:
        self._hub = ReferenceHub(next_s=60.0)
        self.enrolled = self._hub.enrolled
        self.backup, self.restore = self._hub.backup, self._hub.restore
        self.put = self._hub.put
        self.wanted = self._hub.wanted

    def handle(self, device: str, tool: str, arguments: Mapping[str, Any], now_s: float) -> Mapping[str, Any]:
        if tool == "edge_artifact":
            return self._hub.artifact(**arguments)
        return self._hub.sync(device, SyncRequest.model_validate(arguments)).model_dump(mode="json")

    def want(self, device: str, number: int, text: str | None) -> None:
        self._hub.want(device, "prompt", f"prompt-{number}", None if text is None else {"text": text})

    def want_pack(self, device: str, ref: ArtifactRef) -> None:
        self._hub.want(device, "pack", "pack", {"name": "pack", "content": ref.model_dump(mode="json")})

    def received(self, device: str) -> list[Mapping[str, Any]]:
        return [event.body for event in self._hub.received(device)]

    def reported(self, device: str) -> Mapping[str, Any] | None:
        return self._hub.kept[device].reported

    def close(self) -> None:
        pass
