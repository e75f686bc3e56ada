"""How a version is served, as its card says it, and how a rollout may have it served otherwise."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.kernel.errors import InvalidInput
from edge.kernel.names import nearest_names

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=1)]


class ServingCard(BaseModel):
    """The part `serving` of a version's card. Prices are US dollars for a million tokens.

    Attributes:
        fingerprint: `system_fingerprint` of the answers of a remote model; those with another one are failures.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    context_tokens: Annotated[int, Field(ge=1)] = 4096
    slots: Annotated[int, Field(ge=1)] = 2
    system: str = ""
    options: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    embeds: bool = False
    reads_images: bool = False
    adapter_scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    prompt_price: Price = 0.0
    completion_price: Price = 0.0
    fallbacks: tuple[str, ...] = ()
    fingerprint: Annotated[str, Field(max_length=200)] = ""


class GenerationOptions(BaseModel):
    """Options of OpenAI's API that shape an answer; the last four are llama.cpp's, Ollama's and vLLM's."""

    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Probability | None = None
    seed: int | None = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: Mapping[str, float] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    min_p: Probability | None = None
    repeat_penalty: Annotated[float, Field(ge=0)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0)] | None = None


class _OfTarget(GenerationOptions):
    """What a serving target may have otherwise than the card: the prompt, and options that requests leave out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    system: str = ""
    max_completion_tokens: Tokens | None = None
    response_format: Mapping[str, Any] | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: Mapping[str, Any] | None = None


class _OfDevices(BaseModel):
    """What devices heed (`edge.runtime.port.Runtime.create`)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    context_tokens: Tokens = 2048
    system: str = ""
    threads: Annotated[int, Field(ge=1)] = 1


def serving_card(card: Mapping[str, Any]) -> ServingCard:
    """How a version with this card is served. Raises InvalidInput: its part `serving` is malformed."""
    try:
        return ServingCard.model_validate(card.get("serving", {}))
    except ValidationError as error:
        known = ", ".join(sorted(ServingCard.model_fields))
        wrong = _told(error, "serving")
        raise InvalidInput(f"The card does not say how to serve the version: {wrong}.", f"It takes {known}.") from error


def require_configuration(kind: Literal["serving", "devices"], configuration: Mapping[str, Any]) -> None:
    """Raises InvalidInput: a target of this kind cannot serve a version so; names what it takes, or the nearest."""
    model = _OfTarget if kind == "serving" else _OfDevices
    try:
        model.model_validate(configuration)
    except ValidationError as error:
        unknown = [str(entry["loc"][0]) for entry in error.errors() if entry["type"] == "extra_forbidden"]
        nearest = [name for wrong in unknown for name in nearest_names(wrong, model.model_fields, limit=1)]
        known = f"It takes {', '.join(sorted(model.model_fields))}."
        advice = f"Nearest: {', '.join(nearest)}. {known}" if nearest else known
        wrong = _told(error, "configuration")
        raise InvalidInput(f"The version cannot be served so: {wrong}.", advice) from error


def _told(error: ValidationError, part: str) -> str:
    return "; ".join(
        ".".join(str(name) for name in (part, *entry["loc"])) + f": {entry['msg']}" for entry in error.errors()
    )
