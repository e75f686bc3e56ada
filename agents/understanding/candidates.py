"""Candidate operations for a message: ranked by what people say to each tool, then by how well the message fills it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agents.understanding.arguments import Slot, slots_of
from agents.understanding.entities import KnownEntities
from agents.understanding.examples import ToolTalk, opening_of
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Argument, Mood
from agents.understanding.linking import Mention
from agents.understanding.operation_classifier import OTHER_LABELS, OperationClassifier
from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.quantities import Quantity
from agents.understanding.slot_tagger import SlotTagger
from agents.understanding.slots import Filling, SlotFiller, ValueWords
from agents.understanding.speech_act import clauses_of, mood_of
from agents.understanding.words import is_no_word
from tools.spec import ToolSpec

_TAKEN = 6
"""Operations that are tried on a message."""
_CALLED = re.compile(
    r"(?:\b(?:called|named|name is|name:|call it|new (?:serving )?target)\s+|名为|叫做?|名字(?:是|叫)|命名为|新的?目标)"
    r"\s*[\"“']?(?P<name>[a-z0-9][\w.-]*)",
    re.IGNORECASE,
)
_NAME_SHAPED = re.compile(r"[a-z0-9][-_.]?\d|[a-z]-[a-z]", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
_SHORT = 6
"""Tokens of a message at which the last turn's operations are tried, too."""
_LEAST = 0.004
"""Probability below which an operation is not tried."""

# What a misfit costs, in logits.
_UNUSED_NAME = 2.0
_UNUSED_QUANTITY = 0.8
_POINTS_BACK = 2.0
"""What it costs to be no operation where the message points back at what the last turn did."""
_UNUSED_REFERENCE = 0.8
_UNFITTING = 2.5
_UNKNOWN = 0.4
_MISSING = 0.25
_CHANGE_ASKED_ABOUT = 3.5
_BOUND = 0.8
"""What it is worth that every name that an operation needs was said."""
_OF_THE_THREAD = 1.0
"""What it is worth that an operation is that of the last turn, where the message points back."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An operation as the message fills it, or one of OTHER_LABELS without a filling.

    Attributes:
        probability: after the filling was taken into account, 0 to 1, over all that were tried.
        by_words: before it, by the words alone.
    """

    label: str
    probability: float
    filling: Filling | None = None
    by_words: float = 0.0


@dataclass(frozen=True)
class Operations:
    """The operations that people speak of, with what was learnt of how they do.

    Attributes:
        words: what values are called.
        vocabulary: of each tool, the words around its slots in the examples, and those that are said to many tools.
        openings: of each tool, the words with which several of its examples begin.
    """

    tools: Mapping[str, ToolSpec]
    talk: Mapping[str, ToolTalk]
    classifier: OperationClassifier
    tagger: SlotTagger
    words: ValueWords
    vocabulary: Mapping[str, frozenset[str]]
    openings: Mapping[str, frozenset[str]]

    def opens_as_change(self, said: ParsedMessage) -> bool:
        """Whether it begins with a verb that asks for a look elsewhere, and orders the likeliest operation.

        Such as "check ...".
        """
        best = next((one.label for one in self.classifier.rank(said.tokens) if one.label not in OTHER_LABELS), "")
        if said.text.rstrip().endswith(("?", "？")) or not best or self.tools[best].effect == "read":
            return False
        opening = opening_of(said.tokens)
        if not opening or opening not in self.openings.get(best, frozenset()):
            return False
        plain = said.text.casefold().replace(opening, "执行" if said.language == "zh" else "run", 1)
        return mood_of(clauses_of(plain)) == "order"

    def takes_whole(self, tool: str, said: ParsedMessage) -> bool:
        """Whether a message that begins as people order this tool is for it as a whole, its own moods included."""
        talk = self.talk.get(tool)
        return talk is not None and talk.whole and opening_of(said.tokens) in self.openings.get(tool, frozenset())

    def slots(self, tool: str) -> Mapping[str, Slot]:
        """The slots of a tool by path."""
        return slots_of(self.tools[tool])

    def filler(self, known: KnownEntities, frame: Frame) -> SlotFiller:
        """What fills slots in a thread."""
        return SlotFiller(self.words, known, frame)

    def fill(self, tool: str, said: ParsedMessage, filler: SlotFiller) -> Filling:
        """A tool's slots from a message."""
        tags, slots = self.tagger.tag(said.tokens, tool), self.slots(tool)
        filling = filler.fill(tool, slots, said, tags)
        expected = self.vocabulary[tool] | {word for path in slots for word in re.findall(r"[a-z]+", path)}
        tagged = {at for tag in tags for at in range(tag.first, tag.last + 1)}
        filling.strange = [
            token.text
            for at, token in enumerate(said.tokens)
            if token.type == "word" and at not in tagged and token.text.casefold() not in expected
        ]
        self._take_strange_name(filling, said, filler)
        taken = {word for one in filling.arguments.values() for word in (*one.words.split(), *_HAN.findall(one.words))}
        filling.strange = [word for word in filling.strange if word not in taken]
        return filling

    def _take_strange_name(self, filling: Filling, said: ParsedMessage, filler: SlotFiller) -> None:
        """The one word that is said to no tool and is shaped like a name, where one slot of new names is empty."""
        empty = [one for one in filling.missing if ("pattern" in one.schema or "new" in one.schema) and not one.many]
        called = _CALLED.search(said.text)
        named = [
            token
            for token in said.tokens
            if (token.type == "word" and called is not None and called.start("name") == token.start)
            or (token.text in filling.strange and _NAME_SHAPED.search(token.text))
        ] or [
            token
            for token in said.tokens
            if token.type == "word" and token.text in filling.strange and is_no_word(token.text)
        ]
        guessed = not named
        named = named or [token for token in said.tokens if token.type == "word" and [token.text] == filling.strange]
        if len(empty) != 1 or len(named) != 1:
            return
        read = filler.read(filling.tool, empty[0], empty[0].path, said, (named[0].start, named[0].end))
        if isinstance(read, Argument):
            filling.arguments[empty[0].path] = replace(read, source="thread") if guessed else read
            filling.missing.remove(empty[0])
            filling.strange = [word for word in filling.strange if word != named[0].text]
            filling.unused = [one for one in filling.unused if not one.start <= named[0].start < one.end]

    def candidates(
        self, said: ParsedMessage, mood: Mood, filler: SlotFiller, allowed: frozenset[str], frame: Frame
    ) -> list[Scored]:
        """What a message may ask for, best first.

        Args:
            allowed: tools that the caller may call.
        """
        ranked = self.classifier.rank(said.tokens, allowed)
        operations = [one for one in ranked if one.label not in OTHER_LABELS]
        tried = [one for one in operations if one.probability >= _LEAST][:_TAKEN]
        if said.references or len(said.tokens) <= _SHORT:
            again = {call.tool for call in frame.calls}
            tried += [one for one in operations if one.label in again and one not in tried]
        others = [one for one in ranked if one.label in OTHER_LABELS]
        fillings = {one.label: self.fill(one.label, said, filler) for one in tried}
        scores = {one.label: math.log(max(one.probability, 1e-9)) for one in (*tried, *others)}
        for label, filling in fillings.items():
            scores[label] -= self._misfit(filling, mood)
            scores[label] += self._fit(filling, said, frame)
        if said.references and frame.calls:
            scores.update({one.label: scores[one.label] - _POINTS_BACK for one in others})
        return _normalised(scores, fillings, {one.label: one.probability for one in (*tried, *others)})

    def _fit(self, filling: Filling, said: ParsedMessage, frame: Frame) -> float:
        worth = 0.0
        needed = [slot for slot in self.slots(filling.tool).values() if slot.required and slot.kinds]
        if needed and not filling.problems and all(slot not in filling.missing for slot in needed):
            worth += _BOUND
        if said.references and any(call.tool == filling.tool for call in frame.calls):
            worth += _OF_THE_THREAD
            filling.unused = [one for one in filling.unused if isinstance(one, Mention | Quantity)]
        return worth

    def _misfit(self, filling: Filling, mood: Mood) -> float:
        cost = 0.0
        for one in filling.unused:
            cost += (
                _UNUSED_NAME
                if isinstance(one, Mention)
                else _UNUSED_QUANTITY
                if isinstance(one, Quantity)
                else _UNUSED_REFERENCE
            )
        for problem in filling.problems:
            cost += {"unfitting": _UNFITTING, "unknown": _UNKNOWN}.get(problem.kind, 0.1)
        cost += _MISSING * sum(1 for slot in filling.missing if slot.kinds)
        if mood == "question" and self.tools[filling.tool].effect != "read":
            cost += _CHANGE_ASKED_ABOUT
        return cost


def _normalised(
    scores: Mapping[str, float], fillings: Mapping[str, Filling], said: Mapping[str, float]
) -> list[Scored]:
    top = max(scores.values())
    total = sum(math.exp(score - top) for score in scores.values())
    found = [
        Scored(label, math.exp(score - top) / total, fillings.get(label), said[label])
        for label, score in scores.items()
    ]
    return sorted(found, key=lambda one: -one.probability)
