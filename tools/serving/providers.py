"""The providers of models by the word before the colon in `provider:name`: where each is asked, and with which key."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from memory.settings import Settings
from tools.serving.bundled import BUNDLED

__all__ = ["PROVIDERS", "Provider", "key_of"]


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
