"""Entity linking: the names in an utterance that stand for what exists, and those that stand for nothing."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from agents.planner.known import KnownEntities
from tools.registry.catalogue import Catalogue, CatalogueModel

Kind = str
"""One letter: V version, A alias, R rollout, P approval, T target, N tenant, G stage, Y policy, F factory, L pipeline,
M registered model, C model of the catalogue, H digest of a content, W device (a gateway, for one), B group of devices
that is no target for the caller, U looks like a name and is none."""

_ALIASES = {"挑战者": "challenger", "冠军": "champion", "现役版本": "champion"}
_STAGES = {"预发布": "staging", "预发": "staging", "生产": "production", "生产环境": "production", "候选": "candidate"}
_WELL_KNOWN = ("champion", "challenger")
_SUSPECT = re.compile(
    r"(?<![\w@])(?:(?:ap|ro|dl)-[0-9a-z][0-9a-z-]{4,}|[a-z0-9][\w.-]*@[\w.-]*\w"
    r"|(?<=key )[0-9a-f]{8}(?!\w)|(?<=密钥 )[0-9a-f]{8}(?!\w))",
    re.IGNORECASE | re.ASCII,
)
_DIGEST = re.compile(r"(?<!\w)sha256:[0-9a-f]{64}(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name and where it stands in the utterance; `name` is as the ledger has it, or as said for what is unknown."""

    kind: Kind
    name: str
    start: int
    end: int


def take_mentions(text: str, known: KnownEntities, catalogue: Catalogue) -> list[Mention]:
    """All of them, in order; where names overlap the longest stands."""
    taken = bytearray(len(text))
    found: list[Mention] = []

    def take(kind: Kind, name: str, start: int, end: int) -> None:
        if not any(taken[start:end]):
            found.append(Mention(kind, name, start, end))
            taken[start:end] = b"\1" * (end - start)

    for match in _DIGEST.finditer(text):
        take("H", match[0].lower(), match.start(), match.end())
    for spelling, kind, name in sorted(_names(known), key=lambda row: -len(row[0])):
        for start, end in name_places(text, spelling):
            take(kind, name, start, end)
    for match in _SUSPECT.finditer(text):
        take("U", match[0], match.start(), match.end())
    for one in model_mentions(text, catalogue):
        take("C" if one.model_id else "U", one.model_id or text[one.start : one.end], one.start, one.end)
    return sorted(found, key=lambda one: one.start)


def _names(known: KnownEntities) -> Iterator[tuple[str, Kind, str]]:
    """Spelling, kind, name. Where two kinds share a name the first stands."""
    rows: list[tuple[str, Kind, str]] = [(name, "V", name) for name in known.versions]
    rows += [(name, "A", name) for name in (*known.aliases, *_WELL_KNOWN)]
    rows += [(spelling, "A", name) for spelling, name in _ALIASES.items()]
    rows += [(one.id, "R", one.id) for one in known.rollouts]
    rows += [(name, "P", name) for name in known.approvals]
    rows += [(name, "T", name) for name in known.targets]
    rows += [(name, "N", name) for name in known.tenants]
    rows += [(name, "Y", name) for name in known.policies]
    rows += [(name, "F", name) for name in known.factories]
    rows += [(name, "L", name) for name in known.pipelines]
    rows += [(name, "M", name) for name in known.models]
    rows += [(name, "G", name) for name in known.stages]
    rows += [(spelling, "G", name) for spelling, name in _STAGES.items()]
    rows += [(name, "W", name) for name in known.devices]
    rows += [(name, "B", name) for name in known.groups]
    seen: set[str] = set()
    for spelling, kind, name in rows:
        if spelling not in seen:
            seen.add(spelling)
            yield spelling, kind, name


_SHORT = 4
_INSIDE = re.compile(r"[^\w .:/@_-]|[\W_]{2}")
_NAMES_KEPT = 20_000


def name_places(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Start and end of each place; short names letter by letter. Costs about a microsecond where there is none."""
    wanted = _wanted(name)
    if len(wanted) < _SHORT and wanted.isascii():
        for match in re.finditer(re.escape(name), text, re.IGNORECASE):
            if _is_whole(text, match.start(), match.end(), name):
                yield match.span()
        return
    squeezed, places = _squeeze(text)
    if not wanted:
        return
    at = squeezed.find(wanted)
    while at >= 0:
        start, end = places[at], places[at + len(wanted) - 1] + 1
        if _is_whole(text, start, end, name):
            yield start, end
        at = squeezed.find(wanted, at + 1)


@lru_cache(_NAMES_KEPT)
def _wanted(name: str) -> str:
    return _squeeze(name)[0]


@lru_cache(16)
def _squeeze(text: str) -> tuple[str, tuple[int, ...]]:
    """Letters and digits in lower case, and where each stood."""
    places = tuple(index for index, letter in enumerate(text) if letter.isalnum())
    return "".join(text[index].lower()[:1] for index in places), places


def _is_whole(text: str, start: int, end: int, name: str) -> bool:
    """Whether it is one name with the same numbers in it, and no part of a longer one."""
    said = text[start:end]
    if re.findall(r"\d+", said) != re.findall(r"\d+", name) or _INSIDE.search(said):
        return False
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if _is_latin(said[0]) and (_is_latin(before[-1:]) or (before[-1:] in {*"-@_."} and _is_latin(before[:1]))):
        return False
    return not (_is_latin(said[-1]) and (_is_latin(after[:1]) or (after[:1] in {*"-@_."} and _is_latin(after[1:]))))


def _is_latin(letter: str) -> bool:
    return bool(letter) and letter.isascii() and letter.isalnum()


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


def link_models(text: str, catalogue: Catalogue) -> list[str]:
    """Ids of the models that `text` names, in order of mention; the longest name wins where names overlap.

    Hyphens, dots, spaces and case do not matter: "Phi 4 mini", "phi4-mini" and "PHI-4-Mini" are one. A name that goes
    on with what is not known ("phi-4-reasoning", "gemma3 12b", "mistral large") names another model.
    """
    return list(dict.fromkeys(one.model_id for one in model_mentions(text, catalogue) if one.model_id))


def unknown_models(text: str, catalogue: Catalogue) -> list[str]:
    """Words of `text` that look like a model's name but stand for none, in order of mention.

    Only words whose first letters begin some name of the catalogue count, so that "SE30" or "hall-3" do not.
    """
    mentions = model_mentions(text, catalogue)
    found = [(one.start, text[one.start : one.end]) for one in mentions if one.model_id is None]
    families = {re.split(r"[^a-z]", name, maxsplit=1)[0] for name, _ in catalogue.names() if "/" not in name}
    families = {family for family in families if len(family) > 1} - {"all"}
    for match in _MODEL_LIKE.finditer(text):
        word = match[0].strip(" .,:/-")
        family = re.split(r"[^a-z]", word.lower(), maxsplit=1)[0]
        if family in families and re.search(r"\d", word) and not _overlaps(match, mentions):
            found.append((match.start(), word))
    return list(dict.fromkeys(word for _, word in sorted(found)))


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
