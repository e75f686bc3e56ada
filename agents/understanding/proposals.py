"""A language model's proposal, checked: the same linker, quantities, moods and questions as for what the examples find.

Nothing of it is taken on trust. A name must be linked to what exists and stand in the message or in the thread's frame,
a number must stand in the message, and a change needs an order in the message and a "yes" after it. Where the examples
were sure of another change, the user is asked which is meant.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from agents.understanding.arguments import Slot
from agents.understanding.candidates import Operations
from agents.understanding.conversions import entities_for
from agents.understanding.entities import Entity, squeezed
from agents.understanding.interpretation import Argument, Interpretation, Mood, PlannedCall, Question
from agents.understanding.linking import Mention, link
from agents.understanding.quantities import Quantity
from agents.understanding.questions import sentence
from agents.understanding.settling import Settler
from agents.understanding.slots import Filling, Problem
from agents.understanding.speech_act import Clause, mood_of, standing_clauses
from agents.understanding.understanding import ACT, HARDLY, Look, team_of
from agents.understanding.wording import shown_value
from edge.kernel.language import Language
from tools.calling.markdown import arguments_text
from tools.registry.catalogue import Catalogue

_MOST_QUERY = 500
_SHORT = 4
_SURE = 0.8
"""Least probability of an operation that the examples only ask about by which another one is not taken for it."""
_WORD = re.compile(r"\w{3,}|[\u3400-\u9fff]{2}")


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call that a model proposes.

    Attributes:
        words: argument -> the words of the message that it was read from, or "thread".
    """

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    words: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model reads in a message.

    Attributes:
        calls: in order; the tools are among those that the caller may call.
        between: tools of which it cannot tell which is meant; one where something about it is to be asked.
        document_query: what to look for in the documents.
        decline: neither the documents nor a tool are for it.
    """

    calls: tuple[ProposedCall, ...] = ()
    between: tuple[str, ...] = ()
    document_query: str = ""
    help: bool = False
    decline: bool = False
    mood: Mood = "order"


def checked_proposal(
    proposal: Proposal, look: Look, own: Interpretation, operations: Operations, catalogue: Catalogue
) -> Interpretation:
    """What may be made of a proposal.

    Args:
        own: what was understood without the model; it stands where the proposal is nothing.
    """
    return _Check(proposal, look, own, operations, catalogue).interpret()


class _Check:
    """One proposal being checked."""

    def __init__(
        self, proposal: Proposal, look: Look, own: Interpretation, operations: Operations, catalogue: Catalogue
    ) -> None:
        self.proposal = proposal
        self.look = look
        self.own = own
        self.operations = operations
        self.catalogue = catalogue
        self.said = look.said
        self.language: Language = look.language
        self.settler = Settler(operations, look.known, self.language, look.preferences)
        self.clauses = standing_clauses(look.said.clauses)
        said = mood_of(look.said.clauses)
        certain = max((one.certainty for one in self.clauses), default=1.0)
        hardly = said == "talk" and certain <= HARDLY
        self.mood: Mood = proposal.mood if said == "order" or hardly else said
        self.orders = [one for one in self.clauses if one.mood == "order" or hardly]

    def interpret(self) -> Interpretation:
        readings = [_Reading(self, one) for one in self.proposal.calls]
        reads = [one for one in readings if not one.changes]
        changes = [one for one in readings if one.changes]
        if changes and (refused := self._refused(changes)) is not None:
            if not reads:
                return self._instead(refused)
            return self._planned(reads, not_done=refused.text)
        if changes:
            self._leave_over(readings, changes[0])
        return self._planned(readings) if readings else self._without_calls()

    # ---- calls

    def _planned(self, readings: "Sequence[_Reading]", not_done: str = "") -> Interpretation:
        calls: list[PlannedCall] = []
        for reading in readings:
            others = [span for one in readings if one is not reading for span in one.used]
            settled = reading.settled(others)
            if isinstance(settled, Question):
                return self._disagreed([]) or self._asked(settled)
            calls.append(settled)
        changes = [one for one in calls if self._changes(one)]
        if (found := self._disagreed(changes)) is not None:
            return found
        if changes and self._same_plan(calls):
            return self.own
        calls = [self._completed(one) for one in calls]
        words = "; ".join(self._words(one) for one in self.clauses if one.mood == "conditional") if changes else ""
        note = sentence("not_carried", self.language, words=words) if words else not_done
        found = Interpretation(
            self.language,
            document_query=self._query(),
            mood="order" if changes else self.mood,
            confidence=1.0,
            reason=sentence("model_decides", self.language, tool=calls[0].tool),
            not_done=note,
            label=team_of(self.operations.tools[calls[0].tool]),
        )
        if changes:
            return replace(found, proposed=tuple(calls), question=self._confirm(calls), document_query="")
        return replace(found, calls=tuple(calls))

    def _asked(self, question: Question) -> Interpretation:
        """What has to be asked; where the examples ask about the same operation, as they do."""
        own = self.own.question
        return self.own if own is not None and own.slot and own.tool == question.tool else self._ask(question)

    def _refused(self, changes: "Sequence[_Reading]") -> Question | None:
        """Why nothing may be changed by this message, whatever the model says; None where it may."""
        first = changes[0]
        call = PlannedCall(first.filling.tool, first.filling.nested(), dict(first.filling.arguments))
        mood = self.mood
        if mood == "order" and any(not one.is_ordered(self.orders) for one in changes):
            mood = "conditional" if any(one.mood == "conditional" for one in self.clauses) else "talk"
        if mood != "order":
            name = "conditional" if mood == "conditional" else "talk"
            why = sentence(name, self.language, order=self.settler.order(call))
            return Question("mood", sentence("not_done", self.language, why=why), call.tool, call.arguments)
        if any(one.universal for one in self.orders):
            return Question("unclear", sentence("universal", self.language), call.tool)
        return None

    def _instead(self, refused: Question) -> Interpretation:
        """A change that may not be: what was understood without the model, where that changes nothing either."""
        if self._own_changes():
            return self._confirmed(self.own)
        asked = self.own.question is not None and self.own.question.reason != "mood"
        return self.own if self.own.calls or self.own.document_query or asked or self.own.help else self._ask(refused)

    def _leave_over(self, readings: "Sequence[_Reading]", first: "_Reading") -> None:
        """What the orders and questions mention and no call uses is asked about."""
        used = [span for one in readings for span in one.used]
        for one in (*self.said.mentions, *self.said.quantities):
            plain = one.common if isinstance(one, Mention) else one.kind in {"quoted", "number"}
            clause = self.clause_at(one.start)
            asked = clause is None or clause in self.orders or clause.mood == "question"
            if not plain and asked and not any(start <= one.start < end for start, end in used):
                first.filling.unused.append(one)

    # ---- against what the examples say

    def _own_changes(self) -> list[PlannedCall]:
        if self.own.confidence < ACT:
            return []
        return [one for one in (*self.own.calls, *self.own.proposed) if self._changes(one)]

    def _disagreed(self, changes: Sequence[PlannedCall]) -> Interpretation | None:
        """Asks where the examples are sure of another change; None where nothing is at odds."""
        own = self._own_changes()
        if own and not changes:
            return self._confirmed(self.own)
        asked = self.own.question
        unfit = asked is not None and asked.reason in {"contradictory", "unclear", "ambiguous"}
        if not own and asked is not None and unfit and asked.tool and self.own.confidence >= _SURE:
            own = [PlannedCall(asked.tool, dict(asked.arguments))]
            if not self._changes(own[0]) or not changes:
                return None
        for one in own:
            same = [other for other in changes if other.tool == one.tool]
            if not same or not any(self._agree(one, other) for other in same):
                return self._which(one, (same or changes)[0])
        return None

    def _agree(self, one: PlannedCall, other: PlannedCall) -> bool:
        """Whether two calls of a tool have no argument at odds; of two texts one may be longer."""
        slots = self.operations.slots(one.tool)
        for name in one.arguments.keys() & other.arguments.keys():
            mine, theirs = one.arguments[name], other.arguments[name]
            slot = slots.get(name)
            text = slot is not None and slot.type == "string" and isinstance(mine, str) and isinstance(theirs, str)
            within = text and (squeezed(mine) in squeezed(theirs) or squeezed(theirs) in squeezed(mine))
            if not within and not self.is_same(mine, theirs):
                return False
        return True

    def _same_plan(self, calls: Sequence[PlannedCall]) -> bool:
        """Whether the examples came to the very same calls by themselves."""
        own = (*self.own.calls, *self.own.proposed)
        return len(own) == len(calls) and all(
            one.tool == other.tool
            and one.arguments.keys() >= other.arguments.keys()
            and all(self.is_same(one.arguments[name], value) for name, value in other.arguments.items())
            for one, other in zip(own, calls, strict=True)
        )

    def _completed(self, call: PlannedCall) -> PlannedCall:
        """The call with what the examples read for it in the message beside what the model has."""
        for one in (*self.own.calls, *self.own.proposed):
            if one.tool == call.tool and self._agree(one, call):
                more = {name: value for name, value in one.arguments.items() if name not in call.arguments}
                origins = {**one.origins, **call.origins}
                return PlannedCall(call.tool, {**call.arguments, **more}, origins)
        return call

    def _confirmed(self, own: Interpretation) -> Interpretation:
        calls = (*own.calls, *own.proposed)
        return replace(own, calls=(), proposed=calls, question=self.settler.confirm(calls), document_query="")

    def _confirm(self, calls: Sequence[PlannedCall]) -> Question:
        """Asks for a "yes" to all that the calls have: what the canonical words do not say stands beside them."""
        asked = self.settler.confirm(calls)
        hidden = [
            f"`{call.tool}`: {arguments_text(more)}"
            for call in calls
            if (
                more := {
                    name: value for name, value in call.arguments.items() if not self._is_shown(name, value, asked.text)
                }
            )
        ]
        return replace(asked, text="\n\n".join([asked.text, *hidden]))

    def _is_shown(self, name: str, value: Any, text: str) -> bool:
        shown = re.escape(shown_value(name, value, self.language))
        return re.search(rf"(?<![A-Za-z0-9]){shown}(?![A-Za-z0-9])", text) is not None

    def _which(self, one: PlannedCall, other: PlannedCall) -> Interpretation:
        orders = [self.settler.order(call) for call in (one, other)]
        text = sentence("which_operation", self.language, first=f"“{orders[0]}”", second=f"“{orders[1]}”")
        asked = Question("which", text, choices=tuple(orders))
        return self._ask(asked, sentence("unclear_decides", self.language), one.tool)

    # ---- no calls

    def _without_calls(self) -> Interpretation:  # noqa: PLR0911  # one for each thing that a proposal may be
        proposal = self.proposal
        if proposal.between:
            return self._between(proposal.between)
        if self._own_changes():
            return self._confirmed(self.own)
        nothing = not (self.own.calls or self.own.document_query or self.own.question or self.own.help)
        if proposal.document_query and not (self.look.found == "nothing" and self.own.calls):
            return self._documents()
        if proposal.help:
            reason = sentence("help_decides", self.language)
            return Interpretation(self.language, help=True, mood=self.mood, reason=reason, label="help")
        if proposal.decline and self.look.found == "answer" and not self.own.calls:
            return self._documents()
        if proposal.decline and nothing:
            return Interpretation(self.language, mood=self.mood, reason=sentence("neither", self.language))
        return self.own

    def _documents(self) -> Interpretation:
        name = "passage_decides" if self.look.found == "answer" else "neither"
        query = self._query() or self.look.question
        reason = sentence(name, self.language)
        return Interpretation(self.language, document_query=query, mood=self.mood, reason=reason, label="knowledge")

    def _query(self) -> str:
        """The model's wording where it is about what the message or the thread says."""
        query = self.proposal.document_query.strip()[:_MOST_QUERY]
        about = f"{self.said.text} {self.look.question} {self.look.frame.topic}".casefold()
        if query and any(word in about for word in _WORD.findall(query.casefold())):
            return query
        return self.look.question if query else ""

    def _between(self, tools: Sequence[str]) -> Interpretation:
        filler = self.operations.filler(self.look.known, self.look.frame)
        calls = [PlannedCall(name, self.operations.fill(name, self.said, filler).nested()) for name in tools[:2]]
        if len(calls) == 2:
            return self._which(calls[0], calls[1])
        settled = self.settler.settle(self.operations.fill(tools[0], self.said, filler))
        if isinstance(settled, Question):
            return self._ask(settled)
        text = sentence("talk", self.language, order=self.settler.order(settled))
        return self._ask(Question("mood", sentence("not_done", self.language, why=text)), tool=tools[0])

    # ---- helps

    def _ask(self, question: Question, reason: str = "", tool: str = "") -> Interpretation:
        about = question.tool or tool
        reason = reason or sentence("model_decides", self.language, tool=about)
        label = team_of(self.operations.tools[about]) if about else "deployment"
        return Interpretation(self.language, question=question, mood=self.mood, reason=reason, label=label)

    def _changes(self, call: PlannedCall) -> bool:
        return self.operations.tools[call.tool].effect != "read"

    def _words(self, clause: Clause) -> str:
        return self.said.text[clause.start : clause.end].strip(" ,;，；")

    def clause_at(self, start: int) -> Clause | None:
        """The standing clause at a position; None where no rule sees one."""
        return next((one for one in self.clauses if one.start <= start < one.end), None)

    def is_usable(self, start: int, changes: bool) -> bool:
        """Whether words that stand there may be taken for an argument: not what was taken back or is conditional."""
        clause = self.clause_at(start)
        if clause is None:
            return not any(one.start <= start < one.end for one in self.said.clauses)
        return not changes or clause.mood not in {"conditional", "retraction"}

    def is_same(self, one: Any, other: Any) -> bool:
        """Whether two values are the same, or names of the same thing."""
        if isinstance(one, str) and isinstance(other, str):
            return one.casefold() == other.casefold() or self.thing(one) == self.thing(other)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            both = cast("Mapping[str, Any]", one).keys() & cast("Mapping[str, Any]", other).keys()
            return all(self.is_same(one[key], other[key]) for key in both)
        return bool(one == other)

    def thing(self, name: str) -> str:
        """The version behind an alias, the target of a rollout that is under way."""
        rollout = self.look.known.rollout(name)
        if rollout is not None and len(self.look.known.open_rollouts(rollout.target)) == 1 and rollout.open:
            return rollout.target
        return self.look.known.version(name)


class _Reading:
    """One proposed call, its arguments held against the message."""

    def __init__(self, check: _Check, proposed: ProposedCall) -> None:
        self.check = check
        self.proposed = proposed
        self.spec = check.operations.tools[proposed.tool]
        self.slots = check.operations.slots(proposed.tool)
        self.changes = self.spec.effect != "read"
        self.filling = Filling(proposed.tool)
        self.used: list[tuple[int, int]] = []
        self.open: list[Slot] = []
        self._filler = check.operations.filler(check.look.known, check.look.frame)
        self._own = check.operations.fill(proposed.tool, check.said, self._filler).arguments
        self._before = self._said_before()
        for name, value in proposed.arguments.items():
            self._take(name, value)
        self._fill_what_was_asked_for()
        given = self.filling.arguments
        self.filling.missing = [
            slot
            for slot in self.slots.values()
            if slot.required
            and not any(path == slot.path or path.startswith((f"{slot.path}.", f"{slot.path}[")) for path in given)
        ]

    def _said_before(self) -> dict[str, Any]:
        """Arguments that the thread has for this operation: of its open question, its proposal, its last call."""
        frame, tool = self.check.look.frame, self.proposed.tool
        asked = [frame.asked] if frame.asked is not None else []
        return {
            name: value
            for one in (*frame.calls, *frame.proposed, *asked)
            if one.tool == tool
            for name, value in one.arguments.items()
        }

    def _fill_what_was_asked_for(self) -> None:
        """The rest of the call about which the thread asks, where this one completes it."""
        asked = self.check.look.frame.asked
        if asked is not None and asked.tool == self.proposed.tool and asked.slot in self.filling.arguments:
            for name, value in asked.arguments.items():
                self.filling.arguments.setdefault(name, Argument(value, "", "answer"))

    def settled(self, taken: Sequence[tuple[int, int]] = ()) -> PlannedCall | Question:
        """The call, or what has to be asked first.

        Args:
            taken: spans of what other calls of the proposal are about.
        """
        if not self.changes and not self.filling.arguments:
            self.filling.unused = [
                one
                for one in self.check.said.mentions
                if not one.common
                and self.check.is_usable(one.start, False)
                and not any(start <= one.start < end for start, end in taken)
            ]
        settled = self.check.settler.settle(self.filling)
        if isinstance(settled, PlannedCall) and self.open:
            return self.check.settler.ask(settled, self.open[0])
        return settled

    def is_ordered(self, orders: Sequence[Clause]) -> bool:
        """Whether an order is about it: by what it names, or by a word such as "it"."""
        if not self.used:
            return bool(orders)
        pointing = [one.start for one in self.check.said.references]
        starts = [*(start for start, _ in self.used), *pointing]
        return any(one.start <= start < one.end for one in orders for start in starts)

    def _take(self, name: str, value: Any) -> None:
        words = self.proposed.words.get(name, "")
        if value is None or (self._is_default(name, value) and not self._stands(words)):
            return
        if words in {"", "thread"} and name in self._before and self.check.is_same(self._before[name], value):
            self.filling.arguments[name] = Argument(value, "", "thread")
            return
        slot = self.slots.get(name)
        if slot is not None and slot.type == "object" and not slot.many and self._by_quantities(slot, value):
            return
        for path, leaf in _leaves(value, name):
            self._leaf(path, leaf)

    def _leaf(self, path: str, value: Any) -> None:
        slot = self.slots.get(re.sub(r"\[\d+\]", "[]", path)) or _free(path, value)
        words = self.proposed.words.get(path) or self.proposed.words.get(re.split(r"[.\[]", path)[0], "")
        if slot.kinds:
            read = self._names(slot, value, words)
        elif isinstance(value, bool):
            read = self._flag(slot, path, value, words)
        elif slot.type in {"integer", "number"} or isinstance(value, int | float):
            read = self._numbers(slot, path, value)
        elif slot.type == "enum":
            read = self._choice(slot, path, value, words)
        elif value in ({}, []):
            read = Argument(value, words, "model")
        else:
            read = self._texts(slot, path, value, words)
        if isinstance(read, Problem):
            self.filling.problems.append(read)
        elif read is not None:
            self.filling.arguments[path] = read
        else:
            self.open.append(slot)

    # ---- names

    def _names(self, slot: Slot, value: Any, words: str) -> Argument | Problem:
        found: list[Argument] = []
        for one in _listed(value):
            read = self._name(slot, str(one), words)
            if isinstance(read, Problem):
                return read
            found.append(read)
        if not slot.many:
            return (
                found[0]
                if len(found) == 1
                else Problem("contradictory", slot, words, tuple(str(one) for one in _listed(value)))
            )
        source = "thread" if any(one.source == "thread" for one in found) else "message"
        return Argument([one.value for one in found], ", ".join(one.words for one in found), source)

    def _name(self, slot: Slot, value: str, words: str) -> Argument | Problem:
        meant = self._linked(slot, value)
        if not meant:
            return self._new_name(slot, value)
        doubtful: Problem | None = None
        for mention in self.check.said.mentions:
            if mention.common or not self.check.is_usable(mention.start, self.changes):
                continue
            found = entities_for(slot.kinds, mention.entities, self.check.look.known)
            things = {self.check.thing(name) for name in meant}
            same = [one.name for one in found if self.check.thing(one.name) in things]
            if not same:
                continue
            span = (mention.start, mention.end)
            read = self._filler.read(self.proposed.tool, slot, slot.path, self.check.said, span)
            exact = isinstance(read, Argument) and {self.check.thing(str(one)) for one in _listed(read.value)} <= things
            if exact or not self.changes:
                self._use(mention)
                return Argument(same[0], mention.words)
            names = tuple(one.name for one in found)
            doubtful = read if isinstance(read, Problem) else Problem("ambiguous", slot, mention.words, names)
        if doubtful is not None:
            return doubtful
        if (name := self._in_frame(slot, meant)) is not None:
            return Argument(name, "", "thread")
        for name in meant:
            if (place := self._whole(name)) is not None:
                self.used.append(place)
                return Argument(name, name)
        return Problem("missing", slot, words if words and words != "thread" else value)

    def _linked(self, slot: Slot, value: str) -> list[str]:
        """What a name that the model wrote stands for, by the linker."""
        known = self.check.look.known
        direct = [one for one in known.by_name.get(value, ()) if one.kind in slot.kinds]
        if direct:
            return [direct[0].name]
        mentions = link(value, known, self.check.catalogue)
        if any(not one.exact for one in mentions):
            return []
        found = [one for mention in mentions for one in entities_for(slot.kinds, mention.entities, known)]
        return list(dict.fromkeys(one.name for one in found))

    def _new_name(self, slot: Slot, value: str) -> Argument | Problem:
        """A name that nothing has: it must stand in the message, and the slot must take new ones."""
        place = self._whole(value)
        if place is not None:
            read = self._filler.read(self.proposed.tool, slot, slot.path, self.check.said, place)
            if read is not None:
                self.used.append(place)
                return read
        return Problem("unknown", slot, value, tuple(self.check.look.known.nearest(value, *slot.kinds)))

    def _in_frame(self, slot: Slot, meant: Sequence[str]) -> str | None:
        frame, known = self.check.look.frame, self.check.look.known
        objects = [one for kind, name in frame.objects if (one := known.entity(kind, name)) is not None]
        near: list[Entity] = [found for one in objects for found in entities_for(slot.kinds, [one], known)]
        names = [*(one.name for one in near), *frame.names(slot.kinds)]
        things = {self.check.thing(one) for one in meant}
        return next((name for name in names if self.check.thing(name) in things), None)

    # ---- numbers

    def _numbers(self, slot: Slot, path: str, value: Any) -> Argument | None:
        said: list[tuple[float, Any, Quantity]] = []
        for one in self.check.said.quantities:
            if one.relative or not self.check.is_usable(one.start, self.changes):
                continue
            read = self._filler.read(self.proposed.tool, slot, path, self.check.said, (one.start, one.end))
            values = _listed(read.value) if isinstance(read, Argument) else []
            raw = _listed(one.value) if isinstance(one.value, int | float | list | tuple) else []
            said += [(float(number), number, one) for number in values if _is_number(number)]
            said += [
                (float(number), values[at] if at < len(values) else number, one)
                for at, number in enumerate(raw)
                if _is_number(number)
            ]
        taken: list[Any] = []
        words: list[str] = []
        for number in _listed(value):
            found = next((one for one in said if _is_number(number) and abs(one[0] - number) < 1e-9), None)
            if found is None:
                return None
            taken.append(found[1])
            words.append(found[2].words)
            self._use(found[2])
        return Argument(taken if slot.many else taken[0], ", ".join(dict.fromkeys(words)))

    def _by_quantities(self, slot: Slot, value: Any) -> bool:
        """Whether quantities of the message are the object: a schedule as it is said, or rates by their units."""
        whole: dict[str, Any] = {}
        found: list[Quantity] = []
        for one in self.check.said.quantities:
            if one.kind not in {"schedule", "rate"} or not self.check.is_usable(one.start, self.changes):
                continue
            read = self._filler.read(self.proposed.tool, slot, slot.path, self.check.said, (one.start, one.end))
            if isinstance(read, Argument) and isinstance(read.value, dict):
                whole |= cast("dict[str, Any]", read.value)
                found.append(one)
        if not whole or (slot.name != "schedule" and whole != value):
            return False
        for one in found:
            self._use(one)
        self.filling.arguments[slot.path] = Argument(whole, ", ".join(one.words for one in found))
        return True

    # ---- the rest

    def _choice(self, slot: Slot, path: str, value: Any, words: str) -> Argument | Problem | None:
        known = {squeezed(one): one for one in slot.enum}
        given = [known.get(squeezed(str(one)), "") for one in _listed(value)]
        if not all(given):
            return Problem("unknown", slot, str(value))
        argument = Argument(given if slot.many else given[0], words, "message")
        if not self.changes or self._stands(words):
            return argument
        own = self._own.get(path)
        if own is not None and own.value == argument.value:
            return own
        return argument if all(squeezed(one) in squeezed(self.check.said.text) for one in given) else None

    def _flag(self, slot: Slot, path: str, value: bool, words: str) -> Argument | None:
        own = self._own.get(path)
        said = self._stands(words) or squeezed(slot.name) in squeezed(self.check.said.text)
        agreed = own is not None and own.value == value
        return Argument(value, words) if not self.changes or said or agreed else None

    def _texts(self, slot: Slot, path: str, value: Any, words: str) -> Argument | None:
        texts = [str(one) for one in _listed(value)]
        stands = self._stands(words)
        if all(self._says(one) for one in texts):
            for one in texts:
                self._stands(one)
            return Argument(value, words)
        if any(self.check.is_same(value, past.arguments.get(path)) for past in self.check.look.frame.calls):
            return Argument(value, "", "thread")
        if not self.changes:
            return Argument(value, words if stands else "", "model")
        known = re.sub(r"\[\d+\]", "[]", path) in self.slots
        if stands and known and ("." in path or slot.many or slot.schema.get("pattern")):
            return Argument(value, words, "model")
        if stands and known:
            return Argument(words.strip(), words)
        return self._own.get(path)

    def _is_default(self, name: str, value: Any) -> bool:
        known = self.spec.arguments.model_fields.get(name)
        if known is None or known.is_required():
            return False
        default = known.get_default(call_default_factory=True)
        return value == default or (isinstance(value, list) and isinstance(default, tuple) and tuple(value) == default)

    def _stands(self, words: str) -> bool:
        """Whether the words stand in the message; what they hold is used then."""
        place = self._place(words) if words and words != "thread" else None
        if place is None or not self.check.is_usable(place[0], self.changes):
            return False
        self.used.append(place)
        return True

    def _place(self, words: str) -> tuple[int, int] | None:
        parts = [re.escape(part) for part in words.split()]
        match = re.search(r"\s+".join(parts), self.check.said.text, re.IGNORECASE) if parts else None
        return match.span() if match else None

    def _says(self, text: str) -> bool:
        """Whether the message has the very text, but for case, spaces and punctuation; a short one as a word."""
        plain = squeezed(text)
        if len(plain) < _SHORT:
            return self._whole(text) is not None
        return plain in squeezed(self.check.said.text)

    def _whole(self, name: str) -> tuple[int, int] | None:
        """Where a name stands as a whole, not as an ordinary word."""
        text = self.check.said.text
        for match in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text, re.IGNORECASE):
            common = any(one.common and one.start <= match.start() < one.end for one in self.check.said.mentions)
            if not common and self.check.is_usable(match.start(), self.changes):
                return match.span()
        return None

    def _use(self, one: Mention | Quantity) -> None:
        self.used.append((one.start, one.end))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Values by path, as slots have them; lists of objects with numbers."""
    if isinstance(value, Mapping) and value:
        for key, one in cast("Mapping[str, Any]", value).items():
            yield from _leaves(one, f"{path}.{key}")
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in cast("list[Any]", value)):
        for at, one in enumerate(cast("list[Any]", value)):
            yield from _leaves(one, f"{path}[{at}]")
    elif value is not None:
        yield path, value


def _free(path: str, value: Any) -> Slot:
    """The slot of a key that the schema does not name; the tool's own check refuses what it does not take."""
    number = _is_number(value)
    return Slot(path, "number" if number else "string", (), (), many=isinstance(value, list), required=False, schema={})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(value: Any) -> list[Any]:
    return list(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else [value]
