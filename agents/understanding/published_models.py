"""Names of published models in a message, and words that look like such names."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from agents.understanding.entities import letter_count, squeezed
from tools.registry.catalogue import Catalogue, CatalogueModel

# A word that looks like a model's name, with a size or version after it: "qwen9-3b", "granite 5".
_MODEL_LIKE = re.compile(r"(?<![\w.-])[a-z]+(?:[-:/.]?\w+)*(?: \d+(?:\.\d+)*[bm]?\b(?!%))?", re.IGNORECASE | re.ASCII)
# Parts of a name that leave the model what it is: tuning for chat, file formats, quantisation, releases and dates.
_SAME = re.compile(
    r"instruct|it|chat|sft|latest|gguf|hf|onnx|mlx|awq|gptq|[qfvr]\d\w*|bf\d+|fp\d+|int\d+|\d{4,}|based|class",
    re.IGNORECASE,
)
_ATTACHED = re.compile(r"(?:[-_:]|\.(?=\d))([A-Za-z0-9][A-Za-z0-9_]*(?:\.\d+)*)", re.ASCII)
_SIZE = re.compile(r"[ -]?(\d+(?:\.\d+)?)([bm])\b", re.IGNORECASE | re.ASCII)
_OTHER_OF_ITS_FAMILY = re.compile(
    r"[ -](?:large|medium|small|tiny|base|next|pro|max|\d+(?:\.\d+)*(?![\w%]))(?!\w)", re.IGNORECASE | re.ASCII
)
_SHORTEST_NAME, _SIZE_TOLERANCE = 4, 1.25


class ModelMention(NamedTuple):
    """Where a name stands; `model_id` is None where what follows makes it the name of another model."""

    start: int
    end: int
    model_id: str | None


def unknown_models(text: str, catalogue: Catalogue) -> list[tuple[int, int]]:
    """Where words stand that look like a model's name but stand for none, in order.

    Only words whose first letters begin some name of the catalogue count, so that "SE30" or "hall-3" do not.
    """
    mentions = model_mentions(text, catalogue)
    found = [(one.start, one.end) for one in mentions if one.model_id is None]
    families = published_names(catalogue).families
    for match in _MODEL_LIKE.finditer(text):
        word = match[0].strip(" .,:/-")
        family = re.split(r"[^a-z]", word.lower(), maxsplit=1)[0]
        if family in families and re.search(r"\d", word) and not _overlaps(match, mentions):
            start = match.start() + match[0].index(word)
            found.append((start, start + len(word)))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class PublishedNames:
    """What is made of a catalogue's names once.

    Attributes:
        models: letters and digits of each name with four letters or more -> id.
        by_length: the same spellings by their length.
        families: the letters that names begin with.
    """

    models: Mapping[str, str]
    by_length: Mapping[int, list[str]]
    families: frozenset[str]


_made: dict[int, tuple[Catalogue, PublishedNames]] = {}
_MOST_MADE = 4


def published_names(catalogue: Catalogue) -> PublishedNames:
    """Of this catalogue; the same where it was asked before."""
    made = _made.get(id(catalogue))
    if made is None or made[0] is not catalogue:
        models = {squeezed(name): model.id for name, model in catalogue.names()}
        models = {name: model for name, model in models.items() if letter_count(name) >= _SHORTEST_NAME}
        by_length: dict[int, list[str]] = {}
        for name in models:
            by_length.setdefault(len(name), []).append(name)
        begun = {re.split(r"[^a-z]", name, maxsplit=1)[0] for name, _ in catalogue.names() if "/" not in name}
        families = frozenset(family for family in begun if len(family) > 1) - {"all"}
        made = catalogue, PublishedNames(models, by_length, families)
        while len(_made) >= _MOST_MADE:
            _made.pop(next(iter(_made)))
        _made[id(catalogue)] = made
    return made[1]


def model_mentions(text: str, catalogue: Catalogue) -> list[ModelMention]:
    """Names of the catalogue's models in `text`, and names that go on from one and so are none, in order."""
    squeezed, places = _squeeze(text)
    found: list[ModelMention] = []
    taken = bytearray(len(text))
    for name, written, model in catalogue.spellings:
        for at in _occurrences(squeezed, name) if len(name) >= _SHORTEST_NAME else ():
            start, end = places[at], places[at + len(name) - 1] + 1
            if (
                not any(taken[start:end])
                and _is_whole_name(text, start, end)
                and _digits(text[start:end]) == _digits(written)
            ):
                goes_on = _other_model(text, end, written, model)
                found.append(ModelMention(start, goes_on or end, None if goes_on else model.id))
                taken[start : goes_on or end] = b"\1" * ((goes_on or end) - start)
    return sorted(found)


def _overlaps(match: re.Match[str], mentions: list[ModelMention]) -> bool:
    """Whether one of the mentions, which are in order, overlaps."""
    after = bisect_right(mentions, match.start(), key=lambda one: one.end)
    return after < len(mentions) and mentions[after].start < match.end()


def _occurrences(text: str, name: str) -> Iterator[int]:
    at = text.find(name)
    while at >= 0:
        yield at
        at = text.find(name, at + 1)


def _digits(name: str) -> list[str]:
    """So that "Gemma 31B" is not gemma-3-1b."""
    return re.findall(r"\d+", name)


def _is_whole_name(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is one name, no part of a longer word, and not put together from two clauses."""
    ascii_around = (
        letter.isascii() and letter.isalnum() for letter in chain(text[start - 1 : start], text[end : end + 1])
    )
    return not any(ascii_around) and not re.search(r"[^\w .:/_-]|[\W_]{2}", text[start:end])


def _other_model(text: str, end: int, written: str, model: CatalogueModel) -> int:
    """Where a name that goes on at `end` and so names another model ends; 0 where it names this one."""
    size = _SIZE.match(text, end)
    if size:
        parameters = float(size[1]) * (1e9 if size[2].lower() == "b" else 1e6)
        alike = model.parameters and 1 / _SIZE_TOLERANCE <= parameters / model.parameters <= _SIZE_TOLERANCE
        return 0 if alike or f"{size[1]}{size[2]}".lower() in " ".join(model.names) else size.end()
    at = end
    while attached := _ATTACHED.match(text, at):
        at = attached.end()
        if not _SAME.fullmatch(attached[1]):
            return at
    other = None if _digits(written) else _OTHER_OF_ITS_FAMILY.match(text, end)
    return other.end() if other else 0


@lru_cache(16)
def _squeeze(text: str) -> tuple[str, tuple[int, ...]]:
    """Letters and digits in lower case, and where each stood."""
    places = tuple(index for index, letter in enumerate(text) if letter.isalnum())
    return "".join(text[index].lower()[:1] for index in places), places
