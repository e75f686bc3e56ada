"""Settings that know nothing of this machine: no key, no Ollama, nothing from the environment."""

from typing import Any

from memory.settings import Settings

__all__ = ["NOBODY", "offline_settings"]

NOBODY = "http://127.0.0.1:1"
"""An address at which nobody listens."""

_ALIASED = {
    "ollama_url": NOBODY,
    "openai_base_url": "https://api.openai.com/v1",
    "openai_api_key": None,
    "github_token": None,
    "github_organisation": None,
}


def offline_settings(**values: Any) -> Settings:
    """Settings with these values by field name; every field that the environment could fill has a value."""
    given = {"model": "none", "github_base_url": "https://models.github.ai/inference"} | _ALIASED | values
    named = {f"CHARGEHAND_{name.upper()}" if name in _ALIASED else name: value for name, value in given.items()}
    return Settings(_env_file=None, **named)  # pyright: ignore[reportCallIssue]
