"""One order for several things, "move press-1 and press-2": the same call for each of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from agents.understanding.arguments import Slot
from agents.understanding.interpretation import Argument
from agents.understanding.linking import Mention
from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.slots import Filling
from agents.understanding.words import kind_pattern

_JOINS = re.compile(
    rf"(?:[\s,，、&/]|\b(?:and|both|the|as well as)\b|{kind_pattern()}(?![A-Za-z])|和|与|及|以及|跟|还有|两?台|都)*",
    re.IGNORECASE,
)
"""All that may stand between and around names that are said of one breath."""


def each_of_several(filling: Filling, slots: Mapping[str, Slot], said: ParsedMessage) -> list[Filling]:
    """A filling for each of the names that stand joined in one slot; empty where anything else is wrong with it."""
    wrong = {one.slot.path for one in filling.problems}
    left = [one for one in filling.unused if isinstance(one, Mention) and one.entities]
    if len(left) != len(filling.unused) or any(one.kind != "contradictory" for one in filling.problems):
        return []
    for path in sorted(wrong) or list(filling.arguments):
        slot = slots.get(path)
        if slot is None or not slot.kinds or slot.many or not wrong <= {path}:
            continue
        named = _names(filling, slot, [name for one in filling.problems for name in one.choices], left, said)
        if named and _stand_joined([one for one, _ in named], said.text):
            return [
                replace(
                    filling,
                    arguments={**filling.arguments, path: Argument(name, mention.words)},
                    problems=[],
                    unused=[],
                    missing=[one for one in filling.missing if one.path != path],
                )
                for mention, name in named
            ]
    return []


def _names(
    filling: Filling, slot: Slot, chosen: Sequence[str], left: Sequence[Mention], said: ParsedMessage
) -> list[tuple[Mention, str]]:
    """The mentions that are for one slot, each with its name; empty where one is alone or may be anything else."""
    wanted = {*chosen, *([str(filling.arguments[slot.path].value)] if slot.path in filling.arguments else [])}
    named: list[tuple[Mention, str]] = []
    for one in said.mentions:
        names = [entity.name for entity in one.entities if entity.kind in slot.kinds]
        own = [name for name in names if name in wanted] or (names if one in left else [])
        if own and not one.common:
            named.append((one, own[0]))
        elif one in left:
            return []
    several = len(named) > 1 and len({name for _, name in named}) == len(named)
    return named if several and wanted <= {name for _, name in named} else []


def _stand_joined(mentions: Sequence[Mention], text: str) -> bool:
    return all(_JOINS.fullmatch(text[before.end : after.start]) is not None for before, after in pairwise(mentions))
