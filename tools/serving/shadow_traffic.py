"""Shadow traffic: copies of requests go to a version whose answers nobody sees; only its usage is kept."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from edge.kernel.errors import ChargehandError, OutOfTime
from tools.rollouts.targets import Arm
from tools.serving.attempts import Attempt, ModelRequest
from tools.serving.routing import Backend, Traffic
from tools.serving.runtime import Runtime

__all__ = ["ShadowTraffic"]

_log = logging.getLogger(__name__)


class _Begin(Protocol):
    def __call__(
        self, request: ModelRequest, traffic: Traffic, arm: Arm, backend: Backend, number: int, *, shadow: bool = False
    ) -> Attempt: ...


class ShadowTraffic:
    """Copies of requests, run beside them. A copy never delays its request, and is left out when `most` run already.

    Args:
        limit_s: longest run of a copy, seconds.
        draw: a number in [0, 1) for each request, which decides whether it is mirrored.
    """

    def __init__(self, most: int = 4, limit_s: float = 300.0, draw: Callable[[], float] = random.random) -> None:
        self.left_out = 0
        """Copies that were not made, because too many ran."""
        self._most = most
        self._limit_s = limit_s
        self._draw = draw
        self._running: set[asyncio.Task[None]] = set()

    def mirror(
        self,
        request: ModelRequest,
        traffic: Traffic,
        find: Callable[[ModelRequest, Arm], Awaitable[tuple[Backend, Runtime]]],
        begin: _Begin,
    ) -> None:
        """Begin a copy, for the shadow's weight in percent of all requests; returns at once."""
        shadow = traffic.shadow
        if shadow is None or self._draw() * 100 >= shadow.weight:
            return
        if len(self._running) >= self._most:
            self.left_out += 1
            return
        task = asyncio.create_task(self._copy(request, traffic, shadow, find, begin), name=f"shadow {shadow.version}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Wait for the copies that run."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def close(self) -> None:
        """Stop the copies that run."""
        for task in list(self._running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _copy(
        self,
        request: ModelRequest,
        traffic: Traffic,
        shadow: Arm,
        find: Callable[[ModelRequest, Arm], Awaitable[tuple[Backend, Runtime]]],
        begin: _Begin,
    ) -> None:
        try:
            backend, runtime = await find(request, shadow)
        except ChargehandError as error:
            _log.warning("the shadow %s of %s is not served: %s", shadow.version, traffic.target, error)
            return
        attempt = begin(request, traffic, shadow, backend, 1, shadow=True)
        try:
            async with asyncio.timeout(self._limit_s):
                attempt.read(await runtime.complete(backend.version, request.endpoint, request.body))
        except ChargehandError as error:
            attempt.finish(error)
        except TimeoutError:
            attempt.finish(OutOfTime(f"{shadow.version} did not answer in time."))
        except BaseException as error:
            attempt.finish(error)
            raise
        else:
            attempt.finish()
