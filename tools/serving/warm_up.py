"""Warm-up: every arm of every target is fetched and in memory before it gets traffic."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from edge.kernel.errors import ChargehandError
from tools.rollouts.targets import Arm
from tools.serving.routing import Backend, Deployments, configured
from tools.serving.runtime import Runtime

_log = logging.getLogger(__name__)


class Warmer:
    """Looks at the targets every `interval_s`. Implements `tools.rollouts.world.Runtimes` by `not_ready`.

    A version that no target names any more is unloaded, where it was loaded here.
    """

    def __init__(
        self,
        deployments: Deployments,
        runtimes: Mapping[str, Runtime],
        interval_s: float = 2.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._deployments = deployments
        self._runtimes = runtimes
        self._interval_s = interval_s
        self._sleep = sleep
        self._why: dict[tuple[str, str, str], str] = {}
        self._warm: dict[tuple[str, str], Backend] = {}

    def not_ready(self, tenant: str, target: str, arm: Arm) -> str:
        """Why the arm cannot serve now; empty where it can. Asks nobody: it is what the last look found."""
        return self._why.get((tenant, target, arm.key), f"{arm.version} is being loaded")

    async def run(self) -> None:
        """Look, and look again, until cancelled."""
        while True:
            try:
                await self.look()
            except ChargehandError as error:
                _log.warning("the targets cannot be read: %s", error)
            await self._sleep(self._interval_s)

    async def look(self) -> None:
        """Make every arm ready, and unload what none needs any more."""
        wanted: dict[tuple[str, str], Backend] = {}
        found: dict[tuple[str, str, str], str] = {}
        for tenant, target, arm in await self._deployments.arms():
            found[tenant, target, arm.key] = await self._ready(tenant, arm, wanted)
        self._why = found
        needed = {(backend.runtime, backend.version.model) for backend in wanted.values()}
        for backend in [self._warm[key] for key in self._warm.keys() - wanted.keys()]:
            if backend.runtime != "local" and (backend.runtime, backend.version.model) in needed:
                continue  # another version is the same model to its runtime
            try:
                await self._runtimes[backend.runtime].unload(backend.version)
            except ChargehandError as error:
                _log.warning("%s stays loaded: %s", backend.version.id, error)
        self._warm = wanted

    async def _ready(self, tenant: str, arm: Arm, wanted: dict[tuple[str, str], Backend]) -> str:
        """Why the arm is not ready; empty where it is."""
        try:
            backend = configured(await self._deployments.backend(tenant, arm.version), arm.configuration)
            runtime = self._runtimes.get(backend.runtime)
            if runtime is None:
                return f"The hub has no runtime {backend.runtime}."
            await runtime.ensure(backend.version)
            await runtime.warm(backend.version)
        except ChargehandError as error:
            return str(error)
        wanted[tenant, arm.version] = backend
        return ""
