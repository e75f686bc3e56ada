"""The utterances of `intents.yaml`, checked, and which of them are held out from training."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agents.router.intents import Intent
from memory.yaml_text import parse_yaml

__all__ = ["IntentDefinition", "Utterance", "content_hash", "is_held_out", "load_intents", "utterances_of"]

HELD_OUT_SHARE = 0.2


class FollowUp(BaseModel):
    """A message that leans on the turn before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Intent
    text: str


class IntentDefinition(BaseModel):
    """One intent of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    definition: str
    hint: str
    utterances: dict[Literal["en", "zh"], tuple[str, ...]]
    follow_ups: dict[Literal["en", "zh"], tuple[FollowUp, ...]]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message with its label. `previous` is the intent of the turn before, None for one that stands alone."""

    text: str
    intent: Intent
    language: Literal["en", "zh"]
    previous: Intent | None = None


def load_intents() -> tuple[dict[Intent, IntentDefinition], str]:
    """The definitions, and the file's SHA-256."""
    data = files("agents.router").joinpath("intents.yaml").read_bytes()
    return {name: IntentDefinition.model_validate(entry) for name, entry in parse_yaml(data).items()}, content_hash(
        data
    )


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def utterances_of(intents: dict[Intent, IntentDefinition]) -> list[Utterance]:
    """All messages of all intents."""
    alone = [
        Utterance(text, intent, language)
        for intent, definition in intents.items()
        for language, texts in definition.utterances.items()
        for text in texts
    ]
    leaning = [
        Utterance(entry.text, intent, language, entry.after)
        for intent, definition in intents.items()
        for language, entries in definition.follow_ups.items()
        for entry in entries
    ]
    return alone + leaning


def is_held_out(utterance: Utterance) -> bool:
    """Whether the message is kept for measuring: by a hash of its letters, so that no other line ever moves it."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", utterance.text).casefold())
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < HELD_OUT_SHARE
