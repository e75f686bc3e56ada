"""`provider:name`, read and checked without asking anyone."""

import re
from dataclasses import dataclass

from edge.kernel.errors import InvalidInput
from tools.runtimes.bundled import BUNDLED

__all__ = ["PROVIDERS", "ModelReference", "Provider", "nearest_names", "parameters_from_name", "parse_model"]

_LONGEST_NAME = 200
_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?e?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Provider:
    """Where models come from.

    Attributes:
        example: a whole model reference, for advice.
        key_variable: environment variable of the key or token it wants; empty when it wants none.
        package: import name of the integration that speaks to it; empty when nothing more than the base is needed.
        context_tokens: tokens of prompt and answer together that may be counted on when nobody says more.
    """

    example: str
    key_variable: str = ""
    package: str = ""
    context_tokens: int = 8192


PROVIDERS = {
    "ollama": Provider("ollama:phi4-mini", package="langchain_ollama"),
    "github": Provider("github:microsoft/phi-4-mini-instruct", "CHARGEHAND_GITHUB_TOKEN", "langchain_openai", 8000),
    "openai": Provider("openai:gpt-4o-mini", "CHARGEHAND_OPENAI_API_KEY", "langchain_openai", 128_000),
    "local": Provider(f"local:{BUNDLED}", package="xllamacpp", context_tokens=4096),
    "anthropic": Provider("anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY", "langchain_anthropic", 200_000),
    "cohere": Provider("cohere:command-r7b-12-2024", "COHERE_API_KEY", "langchain_cohere"),
    "deepseek": Provider("deepseek:deepseek-chat", "DEEPSEEK_API_KEY", "langchain_deepseek"),
    "fireworks": Provider("fireworks:phi-4-mini", "FIREWORKS_API_KEY", "langchain_fireworks"),
    "google_genai": Provider("google_genai:gemini-2.5-flash", "GOOGLE_API_KEY", "langchain_google_genai", 128_000),
    "groq": Provider("groq:llama-3.1-8b-instant", "GROQ_API_KEY", "langchain_groq"),
    "mistralai": Provider("mistralai:ministral-3b-latest", "MISTRAL_API_KEY", "langchain_mistralai"),
    "openrouter": Provider("openrouter:microsoft/phi-4-mini-instruct", "OPENROUTER_API_KEY", "langchain_openrouter"),
    "together": Provider("together:google/gemma-3n-E4B-it", "TOGETHER_API_KEY", "langchain_together"),
    "xai": Provider("xai:grok-3-mini", "XAI_API_KEY", "langchain_xai"),
    "none": Provider("none"),
    "auto": Provider("auto"),
}
"""Every provider by the word before the colon. GitHub's free tier takes 8000 tokens of prompt in one request."""

_NAMELESS = frozenset({"none", "auto"})


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model by provider and the provider's own name for it; `none` and `auto` have an empty name."""

    provider: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}" if self.name else self.provider


def parse_model(text: str) -> ModelReference:
    """Read `provider:name`; the name may itself hold ':' and '/'.

    Raises:
        InvalidInput: empty, no known provider, or no name; the advice lists the providers and says the nearest.
    """
    provider, colon, name = (part.strip() for part in text.partition(":"))
    provider = provider.lower()
    if not provider:
        raise InvalidInput("The model's name is empty.", f"Give provider:name. {_known_providers()}")
    if provider not in PROVIDERS:
        raise InvalidInput(f"{_shown(text)} names no known provider of models.", _advise(provider, text, bool(colon)))
    if provider in _NAMELESS:
        if colon:
            raise InvalidInput(f"The model {provider} takes no name after it.", f"Write just {provider}.")
        return ModelReference(provider)
    if not name:
        example = PROVIDERS[provider].example
        raise InvalidInput(f"The provider {provider} needs a model's name.", f"Write provider:name, such as {example}.")
    if len(name) > _LONGEST_NAME or not name.isprintable() or " " in name:
        raise InvalidInput(
            f"{_shown(name)} cannot be a model's name.",
            f"Use at most {_LONGEST_NAME} printable characters without spaces.",
        )
    return ModelReference(provider, name)


def parameters_from_name(name: str) -> int | None:
    """Number of parameters that a name states ("qwen2.5:3b", "smollm2-135m", "mixtral-8x7b"), else None."""
    found = _SIZE.search(name)
    if found is None:
        return None
    experts, amount, unit = found.groups()
    return round(int(experts or 1) * float(amount) * (1e9 if unit.lower() == "b" else 1e6))


def nearest_names(name: str, known: list[str], limit: int = 3) -> tuple[str, ...]:
    """The known names most like `name`, best first; at most `limit`, none when nothing is alike."""
    from rapidfuzz import fuzz, process

    return tuple(
        found for found, _, _ in process.extract(name, known, scorer=fuzz.WRatio, limit=limit, score_cutoff=50)
    )


def _advise(provider: str, text: str, has_colon: bool) -> str:
    nearest = nearest_names(provider, list(PROVIDERS), limit=1)
    if nearest and nearest[0] in _NAMELESS:
        suggestion = f"Did you mean {nearest[0]}? "
    elif nearest and has_colon:
        suggestion = f"Did you mean {nearest[0]}:{_shown(text.partition(':')[2].strip())}? "
    elif nearest:
        suggestion = f"Did you mean {PROVIDERS[nearest[0]].example}? "
    else:
        suggestion = "Write provider:name. "
    return suggestion + _known_providers()


def _known_providers() -> str:
    return f"Providers: {', '.join(PROVIDERS)}."


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
