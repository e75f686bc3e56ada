"""The serving of one hub, put together from its settings and its ledger. Opening asks nobody, and starts nothing."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

from memory.artifacts import ArtifactStore
from memory.ledger import Ledger
from memory.settings import Settings
from tools.rollouts.measurements import LedgerMetrics
from tools.serving.gateway import Gateway, ShadowTraffic
from tools.serving.ledger import LedgerDeployments, LedgerQuotas, LedgerSink
from tools.serving.llamacpp import LlamaRuntime
from tools.serving.metering import UsageWriter
from tools.serving.ollama import OllamaRuntime
from tools.serving.openai_compatible import OpenAICompatibleRuntime
from tools.serving.providers import PROVIDERS, bundled_version, github_base_url, key_of
from tools.serving.rate_limits import Admission
from tools.serving.runtime import Runtime, ServedVersion
from tools.serving.warm_up import Warmer

_GITHUB_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


@dataclass(frozen=True)
class Serving:
    """The only road to a model on this hub. Close it, or leave its block: usage is written then, processes are stopped.

    Attributes:
        metrics: what a reconciler of rollouts reads of the usage.
        warmer: what it reads of the runtimes.
    """

    gateway: Gateway
    deployments: LedgerDeployments
    metrics: LedgerMetrics
    warmer: Warmer
    meter: UsageWriter
    shadows: ShadowTraffic

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def offer(self, version: ServedVersion) -> None:
        """Serve a version of the hub itself under its id `runtime:model`."""
        self.deployments.offer(version)

    @asynccontextmanager
    async def warming(self) -> AsyncGenerator[Self]:
        """Keep every arm of every target ready to serve, for the length of the block."""
        looking = asyncio.create_task(self.warmer.run(), name="warmer")
        try:
            yield self
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def close(self) -> None:
        await self.shadows.close()
        try:
            await self.meter.close()
        finally:
            for runtime in self.gateway.runtimes.values():
                await runtime.close()


def open_serving(
    settings: Settings, ledger: Ledger, artifacts: ArtifactStore, environment: Mapping[str, str] | None = None
) -> Serving:
    """The gateway over every runtime that the settings name.

    Args:
        environment: where keys are looked up that the settings do not hold; the process's own by default.

    Raises:
        InvalidInput: an address in the settings is not readable.
    """
    bundled = bundled_version()
    runtimes = open_runtimes(settings, environment)
    own = {bundled.id: bundled} if bundled else {}
    deployments = LedgerDeployments(ledger, frozenset(runtimes), own, artifacts)
    sink, shadows = LedgerSink(ledger), ShadowTraffic()
    meter = UsageWriter(sink)
    gateway = Gateway(deployments, runtimes, Admission(LedgerQuotas(ledger), sink), meter, shadows)
    return Serving(gateway, deployments, LedgerMetrics(ledger), Warmer(deployments, runtimes), meter, shadows)


def open_runtimes(settings: Settings, environment: Mapping[str, str] | None = None) -> Mapping[str, Runtime]:
    """Every runtime by its name: `local` (llama.cpp), `ollama`, `openai`, with a token `github`, and whoever else
    serves the model that the settings name. Each connects when it is first used.

    Raises:
        InvalidInput: an address in the settings is not readable.
    """
    bundled = bundled_version()
    key = key_of(settings, "openai", environment)
    runtimes: dict[str, Runtime] = {
        "local": LlamaRuntime([bundled] if bundled else []),
        "ollama": OllamaRuntime(settings.ollama_url),
        "openai": OpenAICompatibleRuntime("openai", settings.openai_base_url, key),
    }
    if token := key_of(settings, "github", environment):
        github = github_base_url(settings)
        runtimes["github"] = OpenAICompatibleRuntime("github", github, token, _GITHUB_HEADERS, lists=False)
    name = settings.model.partition(":")[0].strip().lower()
    provider = PROVIDERS.get(name)
    if provider is not None and provider.base_url:
        key, counts = key_of(settings, name, environment), provider.takes_stream_options
        runtimes[name] = OpenAICompatibleRuntime(name, provider.base_url, key, lists=False, takes_stream_options=counts)
    return runtimes
