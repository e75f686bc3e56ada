"""A man in the middle: reads all that goes by, answers in the hub's place, alters contents; but has no key."""

import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from edge.kernel.canonical import digest_of
from edge.kernel.errors import LinkFailed
from edge.kernel.protocol.artifacts import ArtifactRange, pack_range, unpack_range
from edge.kernel.protocol.messages import Enrolled, SyncResponse, seal
from tests.fakes.reference_hubs import signer_of
from tests.fakes.simulation.links import Answerer

__all__ = ["Meddler"]

Trick = Callable[[dict[str, Any]], Awaitable[bytes]]
_REMEMBERED = 40


class Meddler:
    """An `Answerer` between a device's link and the hub.

    Args:
        hub: what really answers.
        device: what the device keeps of its enrolment; no secret.
        seen: answers by device, of all links that he sits on.
    """

    def __init__(self, dice: Random, hub: Answerer, device: Enrolled, seen: dict[str, list[bytes]]) -> None:
        self.rate = 0.06
        """How often he does something; with contents, four times as often."""
        self.played: dict[str, int] = {}
        self._dice, self._hub, self._device, self._seen = dice, hub, device, seen
        self._contents: list[bytes] = []
        self._withheld: list[bytes] = []
        self._signer = signer_of("somebody in the middle")
        self._tricks: dict[str, list[Trick]] = {
            "edge_sync": [self._forge, self._withhold, self._replay, self._swap, self._mix],
            "edge_artifact": [self._flip, self._flip, self._pass_off],
        }

    async def __call__(self, tool: str, body: bytes) -> bytes:
        """As `Answerer`."""
        request = _read(body)
        if request is None or self._dice.random() >= self.rate * (1 if tool == "edge_sync" else 4):
            return await self._ask(tool, body)
        trick = self._dice.choice(self._tricks[tool])
        name = trick.__name__.strip("_")
        self.played[name] = self.played.get(name, 0) + 1
        return await trick(request)

    async def _ask(self, tool: str, body: bytes) -> bytes:
        answer = await self._hub(tool, body)
        if tool == "edge_sync":
            mine = self._seen.setdefault(self._device.device, [])
            mine.append(answer)
            del mine[:-_REMEMBERED]
        else:
            self._contents.append(unpack_range(ArtifactRange.model_validate_json(answer)))
            del self._contents[:-_REMEMBERED]
        return answer

    async def _forge(self, request: dict[str, Any]) -> bytes:
        """The hub never hears of it; the device is to believe that it has it all."""
        reported = request.get("reported")
        response = SyncResponse(
            cursor=request["through"],
            cursor_chain=request.get("through_chain", "0" * 64),
            reported_version=request.get("reported_version", 0) if reported else -1,
            reported_digest=digest_of(reported) if reported else "",
        )
        hub = self._device
        forged = seal(response, self._signer, hub.hub_id, hub.tenant, hub.device, request.get("nonce", "0" * 32))
        return forged.model_dump_json().encode()

    async def _withhold(self, request: dict[str, Any]) -> bytes:
        """The device hears nothing, for now."""
        self._withheld.append(await self._asked("edge_sync", request))
        raise LinkFailed("The answer was withheld.")

    async def _replay(self, request: dict[str, Any]) -> bytes:
        """One of the latest answers to this device, or one that it never got."""
        latest = [*self._seen.get(self._device.device, [])[-5:], *self._withheld[-5:]]
        return self._dice.choice(latest or [await self._asked("edge_sync", request)])

    async def _swap(self, request: dict[str, Any]) -> bytes:
        """What the hub told another device."""
        true = await self._asked("edge_sync", request)
        others = [answer for name, seen in self._seen.items() if name != self._device.device for answer in seen]
        return self._dice.choice(others or [true])

    async def _mix(self, request: dict[str, Any]) -> bytes:
        """The true answer, with a desired state that came earlier, or was another's, or is altered."""
        told: dict[str, Any] = json.loads(await self._asked("edge_sync", request))
        states = [state for seen in self._seen.values() for one in seen if (state := json.loads(one)["desired"])]
        if states:
            told["desired"] = self._dice.choice(states)
            if self._dice.random() < 0.3:
                told["desired"]["body"]["revision"] += 1
        return json.dumps(told).encode()

    async def _flip(self, request: dict[str, Any]) -> bytes:
        """One bit of the content."""
        part = ArtifactRange.model_validate_json(await self._asked("edge_artifact", request))
        content = bytearray(unpack_range(part))
        if content:
            content[self._dice.randrange(len(content))] ^= 1 << self._dice.randrange(8)
        return pack_range(part.digest, part.offset, part.total_bytes, bytes(content)).model_dump_json().encode()

    async def _pass_off(self, request: dict[str, Any]) -> bytes:
        """Other bytes that went by, as those that were asked for."""
        part = ArtifactRange.model_validate_json(await self._asked("edge_artifact", request))
        length = len(unpack_range(part))
        other = self._dice.choice(self._contents).ljust(length, b"\0")[:length]
        return pack_range(part.digest, part.offset, part.total_bytes, other).model_dump_json().encode()

    async def _asked(self, tool: str, request: dict[str, Any]) -> bytes:
        return await self._ask(tool, json.dumps(request).encode())


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        return json.loads(body)
    except ValueError:
        return None
