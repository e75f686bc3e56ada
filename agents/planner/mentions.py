"""Entity linking: the names in an utterance that stand for what exists, and those that stand for nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.planner.known import Known
from agents.planner.linking import model_mentions
from agents.planner.names import name_places
from tools.registry.catalogue import Catalogue

__all__ = ["Kind", "Mention", "take_mentions"]

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
        for start, end in name_places(text, spelling):
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
    rows += [(name, "W", name) for name in known.devices]
    rows += [(name, "B", name) for name in known.groups]
    seen: set[str] = set()
    for spelling, kind, name in rows:
        if spelling not in seen:
            seen.add(spelling)
            yield spelling, kind, name
