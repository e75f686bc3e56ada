"""Entity linking: the names in an utterance that stand for what exists, and those that stand for nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.planner.known import Known
from agents.planner.linking import model_mentions
from tools.catalogue import Catalogue

__all__ = ["Kind", "Mention", "take_mentions"]

Kind = str
"""One letter: V version, A alias, R rollout, P approval, T target, N tenant, G stage, Y policy, F factory, L pipeline,
M registered model, C model of the catalogue, H digest of a content, U looks like a name and is none."""

_ALIASES = {"挑战者": "challenger", "冠军": "champion", "现役版本": "champion"}
_STAGES = {"预发布": "staging", "预发": "staging", "生产": "production", "生产环境": "production", "候选": "candidate"}
_WELL_KNOWN = ("champion", "challenger")
_SUSPECT = re.compile(
    r"(?<![\w@])(?:(?:ap|ro|dl)-[0-9a-z][0-9a-z-]{4,}|[a-z0-9][\w.-]*@[\w.-]*\w"
    r"|(?<=key )[0-9a-f]{8}(?!\w)|(?<=密钥 )[0-9a-f]{8}(?!\w))",
    re.IGNORECASE | re.ASCII,
)
_DIGEST = re.compile(r"(?<!\w)sha256:[0-9a-f]{64}(?!\w)", re.IGNORECASE)
_SHORT = 4
_INSIDE = re.compile(r"[^\w .:/@_-]|[\W_]{2}")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name and where it stands in the utterance; `name` is as the ledger has it, or as said for what is unknown."""

    kind: Kind
    name: str
    start: int
    end: int


def take_mentions(text: str, known: Known, catalogue: Catalogue) -> list[Mention]:
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
        for start, end in _places(text, spelling):
            take(kind, name, start, end)
    for match in _SUSPECT.finditer(text):
        take("U", match[0], match.start(), match.end())
    for one in model_mentions(text, catalogue):
        take("C" if one.model_id else "U", one.model_id or text[one.start : one.end], one.start, one.end)
    return sorted(found, key=lambda one: one.start)


def _names(known: Known) -> Iterator[tuple[str, Kind, str]]:
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
    seen: set[str] = set()
    for spelling, kind, name in rows:
        if spelling not in seen:
            seen.add(spelling)
            yield spelling, kind, name


def _places(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where a name stands, whatever its hyphens and case; short ones letter by letter."""
    wanted = _squeeze(name)[0]
    if len(wanted) < _SHORT and wanted.isascii():
        for match in re.finditer(re.escape(name), text, re.IGNORECASE):
            if _is_whole(text, match.start(), match.end(), name):
                yield match.span()
        return
    squeezed, places = _squeeze(text)
    at = squeezed.find(wanted)
    while at >= 0:
        start, end = places[at], places[at + len(wanted) - 1] + 1
        if _is_whole(text, start, end, name):
            yield start, end
        at = squeezed.find(wanted, at + 1)


def _squeeze(text: str) -> tuple[str, list[int]]:
    places = [index for index, letter in enumerate(text) if letter.isalnum()]
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
