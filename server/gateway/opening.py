"""The gateway of a hub, put together from its settings and its ledger."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from memory.artifacts import open_artifacts
from memory.home import open_home
from memory.ledger import Ledger
from memory.settings import Settings
from server.gateway.gateway import Gateway
from server.gateway.ledger_ports import LedgerDeployments
from server.gateway.ledger_usage import LedgerLimits, LedgerSink
from server.gateway.limits import Admission
from server.gateway.metering import UsageWriter
from server.gateway.shadowing import Shadows
from server.gateway.warming import Warmer
from tools.rollouts.measurements import LedgerMetrics
from tools.runtimes.opening import bundled_version, open_runtimes

__all__ = ["OpenGateway", "open_gateway"]


@dataclass(frozen=True)
class OpenGateway:
    """A gateway at work, and what a reconciler of rollouts reads of it: `Metrics` and `Runtimes`."""

    gateway: Gateway
    metrics: LedgerMetrics
    warmer: Warmer


@asynccontextmanager
async def open_gateway(settings: Settings, ledger: Ledger) -> AsyncGenerator[OpenGateway]:
    """Open the runtimes and begin to count; at the end usage is written, shadows and processes are stopped.

    Raises:
        InvalidInput: an address in the settings is not readable.
    """
    bundled = bundled_version()
    artifacts = open_artifacts(open_home(settings.home), settings.artifacts_address)
    async with open_runtimes(settings) as runtimes:
        named = {bundled.id: bundled} if bundled else {}
        deployments = LedgerDeployments(ledger, frozenset(runtimes), named, artifacts)
        sink, shadows = LedgerSink(ledger), Shadows()
        warmer = Warmer(deployments, runtimes)
        async with UsageWriter(sink) as meter:
            admission = Admission(LedgerLimits(ledger), sink)
            gateway = Gateway(deployments, runtimes, admission, meter, shadows, keep=meter.record)
            looking = asyncio.create_task(warmer.run(), name="warmer")
            try:
                yield OpenGateway(gateway, LedgerMetrics(ledger), warmer)
            finally:
                looking.cancel()
                with suppress(asyncio.CancelledError):
                    await looking
                await shadows.close()
