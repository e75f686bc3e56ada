"""Runtimes that serve what the test says, and a serving without a ledger."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from memory.settings import Settings
from tests.fakes.gateways import FakeDeployments, FakeQuotas, FakeSink
from tools.registry.roster import RuntimeReport
from tools.rollouts.targets import Arm
from tools.serving.assembly import open_runtimes
from tools.serving.gateway import Gateway, ShadowTraffic
from tools.serving.metering import UsageWriter
from tools.serving.providers import bundled_version
from tools.serving.rate_limits import Admission, Quotas
from tools.serving.routing import Backend, Traffic
from tools.serving.runtime import ServedVersion

__all__ = ["OpenServing", "ScriptedServing", "serving_of"]


@dataclass
class ScriptedServing:
    """Implements `tools.registry.roster.RuntimeProbe`."""

    reports: Sequence[RuntimeReport] = ()

    async def runtimes(self) -> Sequence[RuntimeReport]:
        return self.reports


class OpenDeployments(FakeDeployments):
    """Passes every `runtime:model` on, as the hub does."""

    async def traffic(self, tenant: str, model: str) -> Traffic:
        return Traffic(model, (Arm(version=model),))

    async def backend(self, tenant: str, version: str) -> Backend:
        runtime, _, model = version.partition(":")
        return self.backends.get(version) or Backend(ServedVersion(version, model), runtime)


@dataclass
class OpenServing:
    """What `agents.models.resolve.ResolvedModel.over` needs of a serving."""

    gateway: Gateway
    deployments: OpenDeployments
    sink: FakeSink
    meter: UsageWriter
    limits: FakeQuotas

    def offer(self, version: ServedVersion) -> None:
        self.deployments.backends[version.id] = Backend(version, version.id.partition(":")[0])


@asynccontextmanager
async def serving_of(settings: Settings) -> AsyncGenerator[OpenServing]:
    """The real gateway over the runtimes that the settings name; usage is kept in memory."""
    runtimes, sink, limits = open_runtimes(settings, {}), FakeSink(), FakeQuotas(Quotas())
    deployments = OpenDeployments({})
    async with UsageWriter(sink) as meter:
        gateway = Gateway(deployments, runtimes, Admission(limits, sink), meter, ShadowTraffic())
        serving = OpenServing(gateway, deployments, sink, meter, limits)
        if bundled := bundled_version():
            serving.offer(bundled)
        try:
            yield serving
        finally:
            for runtime in runtimes.values():
                await runtime.close()
