"""The six intents, and the messages of `intents.yaml`: what to train on, and what is held out to measure with."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from memory.yaml_text import parse_yaml

Intent = Literal["evaluation", "deployment", "governance", "knowledge", "help", "out_of_scope"]
"""What a message can want from the factory; what belongs to each, with near misses, stands in `intents.yaml`."""

INTENTS: tuple[Intent, ...] = get_args(Intent)
"""In the order of the classifier's columns."""

HELD_OUT_SHARE = 0.2
SPLIT = 2403
"""Which fifth is held out: of 3000 numbers, the one that takes the most even share of every intent and language."""

Texts = dict[Literal["en", "zh"], tuple[str, ...]]


class FollowUp(BaseModel):
    """A message that leans on the turn before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Intent
    text: str


class IntentDefinition(BaseModel):
    """One intent of the file, whose head explains the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    definition: str
    hint: str
    utterances: Texts
    follow_ups: dict[Literal["en", "zh"], tuple[FollowUp, ...]]
    lessons: Texts
    terms: dict[str, tuple[str, ...]]


class IntentFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents: dict[Intent, IntentDefinition]
    leaning: Texts


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message with its label. `previous` is the intent of the turn before, None for one that stands alone."""

    text: str
    intent: Intent
    language: Literal["en", "zh"]
    previous: Intent | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the classifier is trained on; nothing in it has the letters of a held-out message.

    Attributes:
        utterances: written before any classifier, standalone ones and follow-ups.
        lessons: written after its mistakes.
        terms: single words of the trade.
        leaning: messages that keep the intent of the turn before, whatever it is.
    """

    utterances: tuple[Utterance, ...]
    lessons: tuple[Utterance, ...] = ()
    terms: tuple[Utterance, ...] = ()
    leaning: tuple[str, ...] = ()


def load_intents() -> tuple[IntentFile, str]:
    """The file and its SHA-256."""
    data = files("agents.router").joinpath("intents.yaml").read_bytes()
    return IntentFile.model_validate(parse_yaml(data)), content_hash(data)


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def corpus_of(file: IntentFile) -> Corpus:
    """All of the file that may be trained on."""
    held_out = {letters_of(entry.text) for entry in held_out_of(file)}
    terms = (
        Utterance(term, intent, "en")
        for intent, definition in file.intents.items()
        for group in definition.terms.values()
        for term in group
    )
    lessons = _standalone({intent: definition.lessons for intent, definition in file.intents.items()})
    return Corpus(
        tuple(entry for entry in _measured(file) if not is_held_out(entry)),
        tuple(entry for entry in lessons if letters_of(entry.text) not in held_out),
        tuple(entry for entry in terms if letters_of(entry.text) not in held_out),
        tuple(text for texts in file.leaning.values() for text in texts if letters_of(text) not in held_out),
    )


def held_out_of(file: IntentFile) -> list[Utterance]:
    """The messages to measure with."""
    return [entry for entry in _measured(file) if is_held_out(entry)]


def is_held_out(utterance: Utterance) -> bool:
    """Whether an utterance or follow-up is kept for measuring: by a hash of its letters, so that no other moves it."""
    digest = hashlib.blake2b(f"{SPLIT}:{letters_of(utterance.text)}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < HELD_OUT_SHARE


def letters_of(text: str) -> str:
    """Letters and digits alone, in lower case: messages that differ otherwise are the same one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded)) or folded.strip()


def _measured(file: IntentFile) -> Iterator[Utterance]:
    yield from _standalone({intent: definition.utterances for intent, definition in file.intents.items()})
    for intent, definition in file.intents.items():
        for language, entries in definition.follow_ups.items():
            for entry in entries:
                yield Utterance(entry.text, intent, language, entry.after)


def _standalone(texts: Mapping[Intent, Texts]) -> Iterator[Utterance]:
    for intent, by_language in texts.items():
        for language, own in by_language.items():
            for text in own:
                yield Utterance(text, intent, language)
