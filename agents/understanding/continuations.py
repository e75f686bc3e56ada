"""What a message is to the thread's frame: an answer, a correction, an undoing, the same for something else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agents.understanding.arguments import Slot
from agents.understanding.candidates import Operations, Scored
from agents.understanding.caution import excepts, hedges, is_reason
from agents.understanding.conversions import entities_for
from agents.understanding.entities import KnownEntities
from agents.understanding.frame import Frame, PastCall
from agents.understanding.interpretation import Argument, Question
from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.slots import Filling, Problem, SlotFiller

Reply = Literal["yes", "no", "go_on", "undo", "forget", "why"]

_LEAD = (
    r"(?:(?:ok(?:ay)?|well|now|please|so|hm+|great|good|thanks|thank you|好|好的|那|嗯|请)[,，.。!！\s]+"
    r"|好的?|那就?|请)*"
)
_TURN = r"(?:(?:actually|oh|oops|sorry|hey|no|wait|just|哎呀?|哦|等等|不对|不|抱歉)[,，.。!！\s]+|还是)*"
"""What may lead to undoing, and to nothing else: "no, fine" is no "fine"."""
_YES = re.compile(
    _LEAD + r"(?:yes|yep|yeah|yup|sure|ok(?:ay)?|confirm(?:ed)?|do (?:it|that|so)"
    r"|please do|correct|right|absolutely|of course|fine"
    r"|sounds good|that(?:'|’)?s (?:right|correct|it)|make it so|go for it|affirmative"
    r"|是的?|对的?|好的?|可以|确认|确定|执行吧?|没错|行|嗯|同意|没问题)"
    r"(?:[,，.。!！\s]+(?:please|do it|do that|go ahead|that one|confirm(?:ed)?"
    r"|执行吧?|谢谢|thanks?|就这样|做吧))*",
    re.IGNORECASE,
)
_NO = re.compile(
    _LEAD + r"(?:no|nope|nah|don['’]?t(?: do (?:it|that))?|cancel(?: that| it)?|stop|never ?mind"
    r"|leave it|not now|不|不要|不用|不了|否|取消|算了|别|不行|先不)"
    r"(?:[,，.。!！\s]+(?:thanks|thank you|leave it|forget it|never ?mind|谢谢|算了))*",
    re.IGNORECASE,
)
_FORGET = re.compile(
    _LEAD + r"(?:(?:please )?forget (?:it|that|this)(?: again)?(?: please)?"
    r"|(?:请)?(?:忘了|忘掉|忘记)(?:它|这个|那个|这条)?吧?)",
    re.IGNORECASE,
)
"""What was proposed or asked is dropped; where nothing was, what was just done is taken back."""
_GO_ON = re.compile(
    _LEAD + r"(?:go on|go ahead|continue|proceed|try (?:it )?again|retry|again|do it now|carry on|next"
    r"|(?:it|that|she|he)(?:['’]s| is| was| has been| has)? approved(?: it)?"
    r"(?:[,\s]+(?:go on|go ahead|continue|proceed|do it))?|approved"
    r"|继续吧?|已批准|批准了|已经批准了?|通过了|再试一次|接着(?:来|做)?)(?:[,\s]+(?:please|now|then))?",
    re.IGNORECASE,
)
_UNDO = re.compile(
    _TURN + _LEAD + r"(?:(?:please |can you |could you )?(?:undo|revert|reverse|take back|roll back|put back|restore)"
    r"(?: (?:it|that|this|the (?:last )?(?:change|one|thing|step)|what (?:you|we|i) (?:just )?did|my last \w+))*"
    r"(?: back)?|put (?:it|that) back(?: (?:as|the way|how|where) it was(?: before)?)?"
    r"|take (?:it|that|this|the last one) back"
    r"|(?:请|帮我)*(?:把)?(?:它|这个|那个|刚才的?(?:那个|那步|操作|改动)?|上一步|上一个)(?:给)?"
    r"(?:撤回来?|撤销|撤掉|还原|退回去?|改回去|改回来|恢复原样)(?:吧|一下)?"
    r"|(?:请|帮我)*(?:取消|退回|回到)(?:刚才的?(?:操作|改动|那步)|上一步)吧?"
    r"|(?:请|帮我)?(?:撤销|撤回|还原|恢复原样|退回去|改回去|改回来|撤掉)"
    r"(?:吧|一下|刚才的?(?:操作|改动|更改)?|上一步|它|这个|那个)*|(?:把它)?改回(?:去|来))"
    r"(?:[,\s]+(?:please|again|now|then))*",
    re.IGNORECASE,
)
_WHY = re.compile(
    _LEAD + r"(?:(?:and |but )?why(?: (?:not|is that|so|did it|was that|that))?|how come|what happened"
    r"|为什么|为啥|怎么回事|原因呢?)",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"^\s*(?:no\b(?! one)|nope|not? (?:wait|quite)|wait|sorry|oops|actually|i (?:meant|mean)|make (?:it|that)"
    r"|rather|instead|better|scratch that|correction"
    r"|不对|不是|错了|等等|我是说|我的意思是|改成|改为|换成|应该是)",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"^\s*(?:and|also|what about|how about|same (?:for|with|on|thing)"
    r"|do the same|the same|likewise|plus|now|then|那|还有|以及|也|同样|再|再来)\b"
    r"|^\s*(?:那|还有|以及|同样|再|也)|\b(?:as well|too|also)\s*[.?!]*$|(?:也|呢|也一样)\s*[。？?！]*$",
    re.IGNORECASE,
)
_END = " \t\n.!?。！？~"
_ORDINALS = {"last": -1, "最后": -1}
_PLACING = frozenset("on at to in for with of the a an please rather instead only just 在 到 用 给 的 请".split())
"""Words that may stand around the new value of a correction."""
_OF_ITS_OWN = 0.5
"""Least probability by which a message beside an open question stands for an operation of its own."""
_SHORT, _SHORT_ANSWER = 9, 6


def reply_of(text: str) -> Reply | None:
    """What a whole message is, where it says nothing else."""
    said = text.strip().strip(_END)
    for reply, pattern in (
        ("undo", _UNDO),
        ("forget", _FORGET),
        ("why", _WHY),
        ("go_on", _GO_ON),
        ("yes", _YES),
        ("no", _NO),
    ):
        if pattern.fullmatch(said):
            return reply  # type: ignore[return-value]
    return None


def corrects(text: str) -> bool:
    """Whether it begins as a correction of what was said before."""
    return _CORRECTS.search(text) is not None


def adds(text: str) -> bool:
    """Whether it asks for the same with something else."""
    return _ALSO.search(text) is not None


@dataclass(frozen=True)
class Continuation:
    """Reads messages that lean on what the thread's last turn did or asked."""

    operations: Operations
    known: KnownEntities
    frame: Frame
    filler: SlotFiller

    def answer(self, said: ParsedMessage, fresh: Sequence[Scored]) -> Filling | None:
        """The asked call with the answer in it; None where the message answers nothing.

        Args:
            fresh: what the message may ask for by itself.
        """
        asked = self.frame.asked
        if asked is None or not asked.tool:
            return None
        slots = self.operations.slots(asked.tool)
        given = _as_arguments(asked.arguments)
        slot = slots.get(asked.slot)
        if not self._may_answer(asked, slot, said, fresh):
            return None
        if slot is not None and (read := self._read(slot, asked, said, fresh)) is not None:
            more = self._others(asked.tool, slots, said, {*given, slot.path})
            if isinstance(read, Problem):
                filling = _filling(asked.tool, slots, {**given, **more})
                filling.problems = [read]
                return filling
            return _filling(asked.tool, slots, {**given, **more, slot.path: read})
        if corrects(said.text) or (asked.reason == "confirm" and self._only_slots(said)):
            return self.corrected(asked.tool, asked.arguments, said)
        return None

    def agreed(self) -> Filling | None:
        """The asked call with the one name that was asked about; None where there was a choice, or no such question."""
        asked = self.frame.asked
        if asked is None or asked.reason != "ambiguous" or not asked.slot or len(asked.choices) != 1:
            return None
        slots = self.operations.slots(asked.tool)
        chosen = Argument(asked.choices[0], asked.choices[0], "answer")
        return _filling(asked.tool, slots, {**_as_arguments(asked.arguments), asked.slot: chosen})

    def _may_answer(self, asked: Question, slot: Slot | None, said: ParsedMessage, fresh: Sequence[Scored]) -> bool:
        """Whether a message may answer at all: no question, denial or doubt does, and no order or look of its own.

        The open question never beats what a message says by itself.
        """
        moods = [one.mood for one in said.clauses]
        if said.text.rstrip().endswith(("?", "？")) or any(one in {"question", "conditional"} for one in moods):
            return False
        led = _CORRECTS.search(said.text)
        if led is not None and (said.mentions or said.quantities):
            return not hedges(said.text[led.end() :]) and not excepts(said.text)
        if self._only_slots(said) or self._chosen(asked, said):
            return True
        if slot is not None and slot.path.rpartition(".")[2] in {"reason", "comment"}:
            return is_reason(said.text, moods) and not self._asks_for_another(asked, fresh)
        if hedges(said.text):
            return False
        best = fresh[0] if fresh else None
        of_its_own = best is not None and best.filling is not None and best.by_words >= _OF_ITS_OWN
        return not of_its_own or (best is not None and best.label == asked.tool) or len(said.tokens) <= 2

    def corrected(self, tool: str, arguments: Mapping[str, Any], said: ParsedMessage) -> Filling | None:
        """A call with other values for some of its arguments; None where the message has none."""
        slots = self.operations.slots(tool)
        found = self.operations.fill(tool, said, self.filler)
        if not found.arguments and not found.problems:
            return None
        merged = _filling(tool, slots, {**_as_arguments(arguments), **found.arguments})
        merged.problems, merged.unused = found.problems, found.unused
        return merged

    def same_for_another(self, said: ParsedMessage) -> Filling | None:
        """The last call with another object or value; None where the message is no such thing."""
        past = self._last()
        if past is None or len(said.tokens) > _SHORT:
            return None
        slots = self.operations.slots(past.tool)
        given = _as_arguments(past.arguments)
        replaced: dict[str, Argument] = {}
        problems: list[Problem] = []
        for mention in said.mentions:
            slot = self._slot_for(mention, slots, given)
            if slot is None:
                return None
            read = self.filler.read(past.tool, slot, slot.path, said, (mention.start, mention.end))
            if isinstance(read, Problem):
                problems.append(read)
            elif read is not None:
                replaced[slot.path] = read
        if not replaced and not problems:
            found = self.operations.fill(past.tool, said, self.filler)
            replaced = {path: one for path, one in found.arguments.items() if one.source == "message"}
        if not replaced and not problems:
            return None
        kept = {
            path: replace(one, source="thread") for path, one in given.items() if path not in replaced and path in slots
        }
        filling = _filling(past.tool, slots, {**kept, **replaced})
        filling.problems = problems
        return filling

    def _last(self) -> PastCall | None:
        return self.frame.calls[-1] if self.frame.calls else None

    def _slot_for(self, mention: Any, slots: Mapping[str, Slot], given: Mapping[str, Argument]) -> Slot | None:
        fitting = [
            slot
            for slot in slots.values()
            if slot.kinds
            and "." not in slot.path
            and (
                entities_for(slot.kinds, mention.entities, self.known)
                or any(kind in slot.kinds for kind in mention.looks_like)
            )
        ]
        return next((slot for slot in fitting if slot.path in given), fitting[0] if fitting else None)

    def _read(
        self, slot: Slot, asked: Question, said: ParsedMessage, fresh: Sequence[Scored]
    ) -> Argument | Problem | None:
        whole = (0, len(said.text))
        if chosen := self._chosen(asked, said):
            return Argument(chosen, said.text, "answer")
        if slot.kinds:
            read = self._named(slot, asked, said)
        elif slot.type == "string" and not slot.enum and not slot.schema.get("pattern"):
            read = None if self._asks_for_another(asked, fresh) else self._text(asked, slot, said)
        else:
            read = self.filler.read(asked.tool, slot, slot.path, said, whole)
            if read is None or isinstance(read, Problem):
                tagged = self.operations.fill(asked.tool, said, self.filler).arguments.get(slot.path)
                read = tagged or (
                    read if len(said.tokens) <= _SHORT_ANSWER and not self._asks_for_another(asked, fresh) else None
                )
        return replace(read, source="answer") if isinstance(read, Argument) and read.source == "message" else read

    def _named(self, slot: Slot, asked: Question, said: ParsedMessage) -> Argument | Problem | None:
        fitting = [
            one
            for one in said.mentions
            if entities_for(slot.kinds, one.entities, self.known) or any(kind in slot.kinds for kind in one.looks_like)
        ]
        if fitting and (len(said.tokens) <= _SHORT_ANSWER or len(fitting) == len(said.mentions)):
            chosen = [
                name
                for one in fitting
                for name in (e.name for e in entities_for(slot.kinds, one.entities, self.known))
                if name in asked.choices
            ]
            if len(dict.fromkeys(chosen)) == 1:
                return Argument(chosen[0], said.text)
            return self.filler.read(asked.tool, slot, slot.path, said, (fitting[0].start, fitting[-1].end))
        if len(said.tokens) <= 3 and not said.mentions:
            partial = [name for name in asked.choices if said.text.strip(_END).casefold() in name.casefold()]
            if len(partial) == 1:
                return Argument(partial[0], said.text)
            if slot.schema.get("pattern") and len(said.tokens) == 1:
                read = self.filler.read(asked.tool, slot, slot.path, said, (0, len(said.text)))
                return replace(read, source="thread") if isinstance(read, Argument) else read
        return None

    def _text(self, asked: Question, slot: Slot, said: ParsedMessage) -> Argument:
        tagged = self.operations.fill(asked.tool, said, self.filler).arguments.get(slot.path)
        words = re.sub(
            r"^\s*(?:because(?: of)?|since|as|due to|因为|由于)[\s,，:：]*", "", said.text.strip(), flags=re.IGNORECASE
        )
        return tagged if tagged and len(tagged.words) > len(words) * 0.6 else Argument(words.strip(" .。"), said.text)

    def _chosen(self, asked: Question, said: ParsedMessage) -> str | None:
        """The choice that a number or place in the list names ("the second one")."""
        ordinals = [one.ordinal for one in said.references if one.ordinal is not None]
        if len(ordinals) == 1 and asked.choices:
            at = ordinals[0] if ordinals[0] < 0 else ordinals[0] - 1
            if -len(asked.choices) <= at < len(asked.choices):
                return asked.choices[at]
        return None

    def _others(
        self, tool: str, slots: Mapping[str, Slot], said: ParsedMessage, given: set[str]
    ) -> dict[str, Argument]:
        """What the answer says beside what was asked for."""
        found = self.operations.fill(tool, said, self.filler).arguments
        return {
            path: one for path, one in found.items() if path in slots and path not in given and one.source == "message"
        }

    def _asks_for_another(self, asked: Question, fresh: Sequence[Scored]) -> bool:
        best = fresh[0] if fresh else None
        return bool(
            best and best.filling and best.label != asked.tool and best.probability > 0.8 and best.filling.arguments
        )

    def _only_slots(self, said: ParsedMessage) -> bool:
        words = {one.text.casefold() for one in said.tokens if one.type == "word"}
        return words <= _PLACING and bool(said.mentions or said.quantities)


def _as_arguments(arguments: Mapping[str, Any]) -> dict[str, Argument]:
    """Arguments of a call before this turn, top level by name."""
    return {name: Argument(value, "", "answer") for name, value in arguments.items()}


def _filling(tool: str, slots: Mapping[str, Slot], arguments: Mapping[str, Argument]) -> Filling:
    missing = [
        slot
        for slot in slots.values()
        if slot.required
        and not any(path == slot.path or path.startswith((f"{slot.path}.", f"{slot.path}[")) for path in arguments)
    ]
    return Filling(tool, dict(arguments), missing=missing)
