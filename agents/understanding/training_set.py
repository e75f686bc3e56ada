"""Marked examples and other messages as the tokens and labels that the classifier and the tagger learn from."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.understanding.arguments import Slot
from agents.understanding.entities import Kind
from agents.understanding.examples import Example, MarkedSlot
from agents.understanding.linking import references
from agents.understanding.parsed_message import label_shaped, pointing_in
from agents.understanding.quantities import take_quantities
from agents.understanding.tokens import Part, Token, tokenise
from agents.understanding.words import kind_pattern

_EVERYWHERE = re.compile(r"\b(?:champion|challenger|candidate|staging|production)\b|sha256:[0-9a-f]+", re.IGNORECASE)
"""Names that are in every ledger, and digests."""
_SAYS_ROLLOUT = re.compile(rf"\bro-|{kind_pattern('rollout')}", re.IGNORECASE)
_POINTING = 0.15
"""Share of the copies of an example in which a name is left as it was written, as one that is in no ledger."""
_RECOGNISED = 0.5
"""Share of the names that are in no ledger of which the words beside them say the kind."""
_GROUPS = 0.25
"""Share of the names of what is served that are taken for a group of devices."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An example's tokens with the label of each: "O", or "B-" or "I-" and the path of an argument."""

    tool: str
    language: str
    tokens: tuple[Token, ...]
    labels: tuple[str, ...]


def label_example(
    example: Example, slots: Mapping[str, Slot], chance: random.Random, *, unknown: bool = False
) -> Labelled:
    """Tokens and labels of one example.

    Args:
        slots: of the example's tool.
        unknown: leave some names as plain words, as those that are new.
    """
    parts: list[Part] = []
    for mark in example.slots:
        slot, words = slots.get(mark.path), example.text[mark.start : mark.end]
        if mark.path == "version" and slot is None:  # of a version that is to be made
            parts.append(Part(mark.start, mark.end, "name", ("version",)))
            continue
        if slot is None or not slot.kinds or mark.value is not None or references(words, ()) or label_shaped(words):
            continue
        if unknown and chance.random() < _POINTING and _is_one_word(example, mark):
            if chance.random() < _RECOGNISED:
                parts.append(Part(mark.start, mark.end, "word", slot.kinds[:1]))
            continue
        kinds = _as_linked(slot.kinds, words, chance) if unknown else slot.kinds
        parts.append(Part(mark.start, mark.end, "name", kinds))
    for match in _EVERYWHERE.finditer(example.text):
        kind = "artifact" if ":" in match[0] else "alias" if match[0].lower().startswith("cha") else "stage"
        parts.append(Part(match.start(), match.end(), "name", (kind,)))
    taken = [(part.start, part.end) for part in parts]
    parts += [
        Part(one.start, one.end, "reference", (one.kind,) if one.kind else ()) for one in pointing_in(example.text)
    ]
    parts += found_quantities(example.text, taken)
    tokens = tokenise(example.text, parts)
    return Labelled(example.tool, example.language, tokens, labels_of(tokens, example.slots))


def _as_linked(kinds: tuple[Kind, ...], words: str, chance: random.Random) -> tuple[Kind, ...]:
    """The kinds that linking would find for a name of a slot: a rollout is named by its target for the most part."""
    if kinds[0] in {"version", "alias"}:
        return (kinds[0],)
    if kinds[0] == "rollout" and _SAYS_ROLLOUT.search(words):
        return kinds[:2]
    if "target" in kinds:
        return ("group",) if "group" in kinds and chance.random() < _GROUPS else ("target",)
    return kinds


def found_quantities(text: str, taken: Sequence[tuple[int, int]]) -> list[Part]:
    """The quantities of a text as parts; quoted text has a type of its own."""
    return [
        Part(
            one.start,
            one.end,
            "quoted" if one.kind == "quoted" else "quantity",
            () if one.kind == "quoted" else (one.kind,),
        )
        for one in take_quantities(text, taken)
    ]


def labels_of(tokens: Sequence[Token], marks: Sequence[MarkedSlot]) -> tuple[str, ...]:
    """The label of each token: of the mark that it lies in for the most part."""
    labels: list[str] = []
    last: MarkedSlot | None = None
    for token in tokens:
        middle = (token.start + token.end) / 2
        mark = next(
            (
                one
                for one in marks
                if one.start <= middle < one.end or (token.start <= one.start and one.end <= token.end)
            ),
            None,
        )
        labels.append("O" if mark is None else f"{'I' if mark is last else 'B'}-{mark.path}")
        last = mark
    return tuple(labels)


def _is_one_word(example: Example, mark: MarkedSlot) -> bool:
    return " " not in example.text[mark.start : mark.end]
