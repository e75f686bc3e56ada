"""`provider:name`, read and checked without asking anyone."""

import re
from dataclasses import dataclass

from edge.kernel.errors import InvalidInput
from edge.kernel.names import nearest_names
from tools.serving.providers import PROVIDERS

_LONGEST_NAME = 200
_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?e?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)


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


def _advise(provider: str, text: str, has_colon: bool) -> str:
    nearest = nearest_names(provider, PROVIDERS, limit=1, least=50)
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
