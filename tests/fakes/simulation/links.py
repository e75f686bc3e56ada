"""Links that drop, delay, duplicate, reorder, truncate and alter."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from edge.kernel.errors import LinkFailed

__all__ = ["Answerer", "FaultyLink", "LinkFaults"]

Answerer = Callable[[str, bytes], Awaitable[bytes]]
"""Gives what the hub says to a tool's name and the bytes of a request; raises LinkFailed or HubRefused."""


@dataclass
class LinkFaults:
    """How likely each fault is, per call."""

    drop: float = 0.08
    lose_answer: float = 0.08
    duplicate: float = 0.08
    truncate: float = 0.04
    alter: float = 0.02
    replay: float = 0.02
    slow_s: float = 20.0
    longest_late_s: float = 1800.0

    @classmethod
    def none(cls) -> "LinkFaults":
        return cls(0, 0, 0, 0, 0, 0, 0.1)


class FaultyLink:
    """A `Transport` over which anything may happen.

    Args:
        answer: the hub; gives what it says to the bytes of a request, or raises LinkFailed or HubRefused.
        die_at: asked where the device waits for the hub; raises `Crash` where its process ends.
        later: runs a copy of a request that comes late.
    """

    def __init__(
        self,
        dice: Random,
        answer: Answerer,
        die_at: Callable[[str], None],
        later: Callable[[Awaitable[Any]], None],
    ) -> None:
        self.faults = LinkFaults()
        self.cut = False
        self.breaks = 0
        """Answers that are on their way when this rises do not arrive."""
        self._dice = dice
        self._answer = answer
        self._die_at = die_at
        self._later = later
        self._earlier: bytes | None = None

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self._die_at("before a request")
        try:
            async with asyncio.timeout(60):
                answer = await self._exchange(tool, json.dumps(arguments).encode())
        except TimeoutError as error:
            raise LinkFailed("No answer in time.") from error
        self._die_at("after an answer")
        try:
            return json.loads(answer)
        except ValueError as error:
            raise LinkFailed("Half an answer.") from error

    async def _exchange(self, tool: str, body: bytes) -> bytes:
        await self._pass()
        if self._happens(self.faults.drop):
            raise LinkFailed("The request was dropped.")
        if self._happens(self.faults.truncate):
            body = body[: self._dice.randrange(len(body))]
        if self._happens(self.faults.duplicate):
            self._later(self._late(tool, body))
        answer, breaks = await self._answer(tool, body), self.breaks
        await self._pass()
        if breaks != self.breaks:
            raise LinkFailed("The connection broke.")
        if self._happens(self.faults.lose_answer):
            raise LinkFailed("The answer was dropped.")
        if self._happens(self.faults.truncate):
            answer = answer[: self._dice.randrange(len(answer))]
        if self._happens(self.faults.alter):
            answer = _altered(answer, self._dice)
        if self._happens(self.faults.replay) and self._earlier is not None and tool == "edge_sync":
            answer = self._earlier
        elif tool == "edge_sync":
            self._earlier = answer
        return answer

    async def _pass(self) -> None:
        if self.cut:
            await asyncio.sleep(self._dice.uniform(0, 90))
        await asyncio.sleep(self._dice.expovariate(1 / self.faults.slow_s) if self._happens(0.2) else 0.05)
        if self.cut:
            raise LinkFailed("The line is cut.")

    async def _late(self, tool: str, body: bytes) -> None:
        await asyncio.sleep(self._dice.uniform(0, self.faults.longest_late_s))
        await self._answer(tool, body)

    def _happens(self, probability: float) -> bool:
        return self._dice.random() < probability


def _altered(answer: bytes, dice: Random) -> bytes:
    """The answer with one of its values changed."""
    try:
        told = json.loads(answer)
    except ValueError:
        return answer
    name = dice.choice(sorted(told))
    value = told[name]
    if isinstance(value, bool):
        told[name] = not value
    elif isinstance(value, int | float):
        told[name] = value + dice.choice([-1, 1, 7])
    elif isinstance(value, str):
        told[name] = dice.choice(["", value[::-1], "A" + value])
    else:
        told[name] = None
    return json.dumps(told).encode()
