"""Which models the runtimes of this hub serve: the adapter behind `tools.registry.roster.Serving`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agents.models.probe import ProviderStatus, probe_models
from agents.models.reference import parameters_from_name
from memory.settings import Settings
from tools.registry.roster import RuntimeReport, ServedModel

__all__ = ["Runtimes"]


@dataclass(frozen=True, slots=True)
class Runtimes:
    """The runtimes that the settings name: Ollama and llama.cpp in this process."""

    settings: Settings

    async def runtimes(self) -> Sequence[RuntimeReport]:
        """Ask each runtime; one that does not answer reports why."""
        statuses = await asyncio.to_thread(probe_models, self.settings)
        return [_report(status) for status in statuses if status.provider in {"ollama", "local"} or status.models]


def _report(status: ProviderStatus) -> RuntimeReport:
    models = tuple(ServedModel(f"{status.provider}:{name}", parameters_from_name(name)) for name in status.models)
    return RuntimeReport(status.provider, models, " ".join(status.missing) or "It has no models.")
