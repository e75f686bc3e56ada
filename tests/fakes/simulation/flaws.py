"""Devices and hubs with one flaw each, which the simulation must find out: else it would prove nothing of sound ones.

Each stands for one check of the product that is left out. They are built of the same parts, with one that is worse.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from edge.kernel.errors import Untrusted
from edge.kernel.protocol.artifacts import ArtifactRange, ArtifactRef, unpack_range
from edge.kernel.protocol.desired import DESIRED, Desired, state_digest
from edge.kernel.protocol.messages import Enrolled, SyncResponse, check_seal, seal
from edge.outbox import Journal
from edge.sync.transport import Transport
from tests.fakes.reference_hubs import signer_of
from tests.fakes.simulation.devices import Build, Fetches, SimulatedDevice
from tests.fakes.simulation.hubs import MemoryHub

__all__ = ["FLAWED_DEVICES", "HastyHub"]

_OWN = signer_of("the device itself")
Judge = Callable[["Resealed", Mapping[str, Any], SyncResponse], SyncResponse]


def _obeys_itself(hub: Enrolled) -> Enrolled:
    return hub.model_copy(update={"hub_key": _OWN.public_key})


class Resealed:
    """A device's link that puts the seal which the device obeys on what its `judge` makes of each answer.

    Args:
        judge: raises Untrusted where the answer is to be refused.
    """

    def __init__(self, device: SimulatedDevice, judge: Judge) -> None:
        self.device, self.hub, self._judge = device, device.hub, judge

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await self.device.call(tool, arguments)
        try:
            response = self._judge(self, arguments, SyncResponse.model_validate(answer))
        except (ValueError, TypeError, Untrusted):
            return answer
        given = seal(response, _OWN, self.hub.hub_id, self.hub.tenant, self.hub.device, arguments["nonce"])
        return given.model_dump(mode="json")

    def check(self, response: SyncResponse, nonce: str) -> None:
        hub = self.hub
        check_seal(response, hub.hub_key, hub.hub_id, hub.tenant, hub.device, nonce)

    def resigned(self, response: SyncResponse, **changed: Any) -> SyncResponse:
        """With a desired state that the device obeys; one that the hub did not sign stays what it is."""
        if response.desired is None:
            return response
        with suppress(Untrusted):
            body = {**response.desired.open(DESIRED, self.hub.hub_key), **changed}
            return response.model_copy(update={"desired": _OWN.envelope(DESIRED, body)})
        return response


def _without_seal(link: Resealed, arguments: Mapping[str, Any], response: SyncResponse) -> SyncResponse:
    """Any answer is the hub's; only the desired state's own signature is looked at."""
    return link.resigned(response)


def _without_nonce(link: Resealed, arguments: Mapping[str, Any], response: SyncResponse) -> SyncResponse:
    """An answer to any of its earlier requests will do."""
    for nonce in reversed(link.device.told.asked[-40:]):
        with suppress(Untrusted):
            link.check(response, nonce)
            return link.resigned(response)
    raise Untrusted("It answers none of this device's requests.")


def _without_state_digest(link: Resealed, arguments: Mapping[str, Any], response: SyncResponse) -> SyncResponse:
    """Whatever comes of the changes is what the hub wants."""
    link.check(response, arguments["nonce"])
    if response.desired is None:
        return response
    desired = Desired.model_validate(response.desired.body)
    kept = {} if desired.since is None else link.device.desired()
    for item in desired.items:
        kept.pop((item.kind, item.name), None)
        if item.body is not None:
            kept[item.kind, item.name] = item.body
    return link.resigned(response, digest=state_digest(kept))


class _DigestUntold:
    """The hub is never told which state the device really has."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._device.call(tool, {**arguments, "have_digest": ""})


class _Unchecked:
    """Uses a content as soon as all of its bytes are there."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder

    async def fetch(self, ref: ArtifactRef, transport: Transport) -> Path:
        path = self._folder / ref.digest.replace(":", "-")
        if path.exists():
            return path
        content = b""
        while len(content) < ref.size_bytes:
            asked = {"digest": ref.digest, "offset": len(content), "length": min(700, ref.size_bytes - len(content))}
            answer = await transport.call("edge_artifact", asked)
            try:
                content += unpack_range(ArtifactRange.model_validate(answer))
            except ValueError as error:
                raise Untrusted("A part is malformed.") from error
        self._folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def _resealed(judge: Judge) -> Build:
    return Build(enrolment=_obeys_itself, link=lambda device: Resealed(device, judge))


def _unchecked(folder: Path, journal: Journal) -> Fetches:
    return _Unchecked(folder, journal)


FLAWED_DEVICES: dict[str, Build] = {
    "takes answers without the hub's seal": _resealed(_without_seal),
    "takes answers to earlier requests": _resealed(_without_nonce),
    "takes a desired state without its digest": _resealed(_without_state_digest),
    "never tells the digest of its state": Build(link=_DigestUntold),
    "uses contents without their digest": Build(artifacts=_unchecked),
    "keeps no marks of what it sent": Build(loses="INSERT OR IGNORE INTO outbox_marks"),
}


class HastyHub(MemoryHub):
    """Acknowledges before it commits: now and then its process ends in between."""

    def __init__(self) -> None:
        super().__init__()
        self._dice = Random(1)

    def handle(self, device: str, tool: str, arguments: Mapping[str, Any], now_s: float) -> Mapping[str, Any]:
        before = self.backup()
        answer = super().handle(device, tool, arguments, now_s)
        if self._dice.random() < 0.1:
            self.restore(before)
        return answer
