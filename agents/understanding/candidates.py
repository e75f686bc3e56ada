"""Candidate operations for a message: ranked by what people say to each tool, then by how well the message fills it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from agents.understanding.arguments import Slot, slots_of
from agents.understanding.entities import KnownEntities
from agents.understanding.examples import ToolTalk
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Mood
from agents.understanding.linking import Mention
from agents.understanding.operation_classifier import OTHER_LABELS, OperationClassifier
from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.slot_tagger import SlotTagger
from agents.understanding.slots import Filling, SlotFiller, ValueWords
from tools.spec import ToolSpec

_TAKEN = 6
"""Operations that are tried on a message."""
_LEAST = 0.004
"""Probability below which an operation is not tried."""

# What a misfit costs, in logits.
_UNUSED_NAME = 2.0
_UNUSED_QUANTITY = 0.8
_UNFITTING = 2.5
_UNKNOWN = 0.4
_MISSING = 0.25
_CHANGE_ASKED_ABOUT = 2.0


@dataclass(frozen=True, slots=True)
class Scored:
    """An operation as the message fills it, or one of OTHER_LABELS without a filling.

    Attributes:
        probability: after the filling was taken into account, 0 to 1, over all that were tried.
    """

    label: str
    probability: float
    filling: Filling | None = None


@dataclass(frozen=True)
class Operations:
    """The operations that people speak of, with what was learnt of how they do."""

    tools: Mapping[str, ToolSpec]
    talk: Mapping[str, ToolTalk]
    classifier: OperationClassifier
    tagger: SlotTagger
    words: ValueWords

    def slots(self, tool: str) -> Mapping[str, Slot]:
        """The slots of a tool by path."""
        return slots_of(self.tools[tool])

    def filler(self, known: KnownEntities, frame: Frame) -> SlotFiller:
        """What fills slots in a thread."""
        return SlotFiller(self.words, known, frame)

    def fill(self, tool: str, said: ParsedMessage, filler: SlotFiller) -> Filling:
        """A tool's slots from a message."""
        return filler.fill(tool, self.slots(tool), said, self.tagger.tag(said.tokens, tool))

    def candidates(
        self, said: ParsedMessage, mood: Mood, filler: SlotFiller, allowed: frozenset[str]
    ) -> list[Scored]:
        """What a message may ask for, best first.

        Args:
            allowed: tools that the caller may call.
        """
        ranked = self.classifier.rank(said.tokens, allowed)
        tried = [one for one in ranked if one.label not in OTHER_LABELS and one.probability >= _LEAST][:_TAKEN]
        others = [one for one in ranked if one.label in OTHER_LABELS]
        fillings = {one.label: self.fill(one.label, said, filler) for one in tried}
        scores = {one.label: math.log(max(one.probability, 1e-9)) for one in (*tried, *others)}
        for label, filling in fillings.items():
            scores[label] -= self._misfit(filling, mood)
        return _normalised(scores, fillings)

    def _misfit(self, filling: Filling, mood: Mood) -> float:
        cost = 0.0
        for one in filling.unused:
            cost += _UNUSED_NAME if isinstance(one, Mention) else _UNUSED_QUANTITY
        for problem in filling.problems:
            cost += {"unfitting": _UNFITTING, "unknown": _UNKNOWN}.get(problem.kind, 0.1)
        cost += _MISSING * sum(1 for slot in filling.missing if slot.kinds)
        if mood == "question" and self.tools[filling.tool].effect != "read":
            cost += _CHANGE_ASKED_ABOUT
        return cost


def _normalised(scores: Mapping[str, float], fillings: Mapping[str, Filling]) -> list[Scored]:
    top = max(scores.values())
    total = sum(math.exp(score - top) for score in scores.values())
    found = [Scored(label, math.exp(score - top) / total, fillings.get(label)) for label, score in scores.items()]
    return sorted(found, key=lambda one: -one.probability)


