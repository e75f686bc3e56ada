"""How a version is served, as its card says it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memory.errors import InvalidInput

__all__ = ["ServingCard", "serving_card"]

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ServingCard(BaseModel):
    """The part `serving` of a version's card. Prices are US dollars for a million tokens."""

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


def serving_card(card: Mapping[str, Any]) -> ServingCard:
    """How a version with this card is served. Raises InvalidInput: its part `serving` is malformed."""
    try:
        return ServingCard.model_validate(card.get("serving", {}))
    except ValidationError as error:
        wrong = "; ".join(
            ".".join(str(part) for part in ("serving", *entry["loc"])) + f": {entry['msg']}" for entry in error.errors()
        )
        known = ", ".join(sorted(ServingCard.model_fields))
        raise InvalidInput(f"The card does not say how to serve the version: {wrong}.", f"It takes {known}.") from error
