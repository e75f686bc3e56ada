"""From a filled operation to a call or a question: what is missing, unknown or left over is asked about, never guessed.

The same checks hold whoever proposed the call: the examples, a language model, or an answer of the user.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agents.understanding.arguments import Slot
from agents.understanding.candidates import Operations
from agents.understanding.conversions import shown_name
from agents.understanding.entities import KnownEntities
from agents.understanding.interpretation import Argument, PlannedCall, Question
from agents.understanding.linking import Mention
from agents.understanding.questions import ask_for, kind_name, listed, sentence
from agents.understanding.slots import Filling, Problem
from agents.understanding.wording import effect_of, order_of
from edge.kernel.errors import InvalidInput
from edge.kernel.language import Language
from memory.memories import Preferences

_MOST_CHOICES = 30


@dataclass(frozen=True)
class Settler:
    """Settles what is to be done in one thread, in its language."""

    operations: Operations
    known: KnownEntities
    language: Language
    preferences: Preferences = field(default_factory=Preferences)

    def settle(self, filling: Filling) -> PlannedCall | Question:  # noqa: PLR0911 - each return asks for something else
        """The call that a filling comes to, or what has to be asked first."""
        call = PlannedCall(filling.tool, filling.nested(), dict(filling.arguments))
        for problem in filling.problems:
            return self._problem(call, problem)
        if question := self._new_where_it_cannot_be(call):
            return question
        changes = self.operations.tools[filling.tool].effect != "read"
        left = [one for one in filling.unused if isinstance(one, Mention)]
        if changes and filling.unused:
            words = ", ".join(one.words for one in filling.unused)
            text = sentence("leftover", self.language, words=words, order=self.order(call))
            return Question("unclear", text, call.tool, call.arguments)
        for slot in [*filling.missing, *self._asked_for_though_optional(filling)]:
            return self.ask(call, slot)
        if changes and (question := self._not_under_way(call)) is not None:
            return question
        if (
            not changes
            and left
            and not filling.arguments
            and any(s.kinds for s in self.operations.slots(call.tool).values())
        ):
            text = sentence("leftover", self.language, words=left[0].words, order=self.order(call))
            return Question("unclear", text, call.tool, call.arguments)
        return self.check(call)

    def _new_where_it_cannot_be(self, call: PlannedCall) -> Question | None:
        """Asks for what there is, where something new can only be named with other arguments."""
        for slot in self.operations.slots(call.tool).values():
            value, wanted = call.arguments.get(slot.path), slot.schema.get("new") or {}
            there_is = isinstance(value, str) and any(
                one.kind in slot.kinds for one in self.known.by_name.get(value, ())
            )
            differs = {name: one for name, one in wanted.items() if call.arguments.get(name, one) != one}
            if isinstance(value, str) and not there_is and differs:
                takes = ", ".join(str(one) for one in differs.values())
                why = sentence("new_only", self.language, name=value, takes=takes)
                text = sentence("not_done", self.language, why=why)
                return Question("contradictory", text, call.tool, {**call.arguments, **differs}, slot.path)
        return None

    def _not_under_way(self, call: PlannedCall) -> Question | None:
        """Asks which rollout is meant where a target is named that is in none."""
        slot = self.operations.slots(call.tool).get("rollout")
        target = call.arguments.get("rollout")
        if slot is None or target not in self.known.targets:
            return None
        fitting = self.known.retryable(target) if self._for_what_is_over(call) else self.known.open_rollouts(target)
        if fitting:
            return None
        choices = self.choices(slot, call)
        why = sentence("no_rollout", self.language, target=target)
        there_is = listed(choices, self.language) if choices else ""
        text = f"{sentence('not_done', self.language, why=why)} {there_is}".strip()
        return Question("unknown", text, call.tool, {}, "rollout", tuple(one.partition(" (")[0] for one in choices))

    def _for_what_is_over(self, call: PlannedCall) -> bool:
        talk = self.operations.talk.get(call.tool)
        return talk is not None and talk.over

    def check(self, call: PlannedCall) -> PlannedCall | Question:
        """The call if the tool takes its arguments, else why not."""
        try:
            self.operations.tools[call.tool].check(call.arguments)
        except InvalidInput as error:
            why = sentence("not_done", self.language, why=error.message)
            return Question("contradictory", why, call.tool, call.arguments)
        return call

    def ask(self, call: PlannedCall, slot: Slot) -> Question:
        """Asks for a slot of a call, with what there is to choose from."""
        choices = self.choices(slot, call)
        if slot.kinds and not choices and not slot.schema.get("pattern"):
            asked = f"{ask_for(slot, self.language)} {sentence('none_of_kind', self.language)}"
        else:
            asked = ask_for(slot, self.language, choices)
        text = sentence("for_order", self.language, order=self._said(call), question=asked)
        names = tuple(name.partition(" (")[0] for name in choices) or slot.enum
        return Question("missing", text, call.tool, call.arguments, slot.path, names)

    def offering_own(self, question: Question) -> tuple[Question, tuple[PlannedCall, ...]]:
        """A question for a device that asks whether the person's own is meant, and what a "yes" to that does.

        Any other question is given back as it is, with nothing: what a person told before is never acted on unasked.
        """
        own = self.preferences.device
        if question.reason != "missing" or not question.slot or own not in self.known.devices:
            return question, ()
        slot = self.operations.slots(question.tool).get(question.slot)
        if slot is None or "device" not in slot.kinds:
            return question, ()
        arguments = {**question.arguments, slot.path: own}
        call = self.check(PlannedCall(question.tool, arguments, {slot.path: Argument(own, source="memory")}))
        if isinstance(call, Question):  # more is missing
            return question, ()
        text = sentence("own_device", self.language, device=own, confirm=self.confirm([call]).text)
        return replace(question, text=text), (call,)

    def choices(self, slot: Slot, call: PlannedCall) -> list[str]:
        """Names that a slot may have, with what a person sees beside them."""
        found = [one for kind in slot.kinds[:2] for one in self.known.entities if one.kind == kind]
        if "rollout" in slot.kinds:
            states = {one.id: one.open for one in self.known.rollouts}
            wanted = not self._for_what_is_over(call)
            found = [one for one in found if one.kind == "rollout" and states.get(one.name) == wanted]
        if "approval" in slot.kinds:
            open_ones = {one.id for one in self.known.approvals if one.open}
            found = [one for one in found if one.name in open_ones]
        if "version" in slot.kinds:
            found = [one for one in found if self.known.versions.get(one.name) != "retired"]
        return list(dict.fromkeys(shown_name(one) for one in found))[:_MOST_CHOICES]

    def confirm(self, calls: Sequence[PlannedCall]) -> Question:
        """Asks for a "yes" to calls that are ready."""
        texts: list[str] = []
        for call in calls:
            does = effect_of(call, self.operations.talk, self.language)
            name = "confirm" if does else "confirm_plain"
            texts.append(sentence(name, self.language, order=self.order(call), does=does))
        head = [sentence("sequence", self.language)] if len(texts) > 1 else []
        return Question("confirm", "\n\n".join([*head, *texts]), calls[0].tool, calls[0].arguments)

    def order(self, call: PlannedCall) -> str:
        """The call in canonical words; what is not known yet is left open."""
        return order_of(call, self.operations.talk, self.language, partial=True)

    def _said(self, call: PlannedCall) -> str:
        """The call in canonical words as far as it is known."""
        return order_of(call, self.operations.talk, self.language, partial=True)

    def _asked_for_though_optional(self, filling: Filling) -> list[Slot]:
        """Slots that have a default, and that are asked for all the same unless one of their alternatives is given."""
        talk, slots = self.operations.talk.get(filling.tool), self.operations.slots(filling.tool)
        asked = talk.asks if talk else ()
        return [
            slots[names[0]]
            for names in asked
            if not any(path == name or path.startswith(f"{name}.") for name in names for path in filling.arguments)
        ]

    def _problem(self, call: PlannedCall, problem: Problem) -> Question:
        slot, language = problem.slot, self.language
        kind = kind_name(slot.kinds[0] if slot.kinds else slot.name, language)
        choices = problem.choices
        if problem.kind == "ambiguous" and len(choices) == 1:
            noted = self._noted(slot, choices)
            text = sentence("did_you_mean", language, names=f"`{noted[0]}`")
            text = sentence("for_order", language, order=self._said(call), question=text)
        elif problem.kind == "ambiguous":
            asked = ask_for(slot, language, self._noted(slot, choices))
            text = f"{sentence('ambiguous', language, words=problem.words)} {asked}"
        elif problem.kind == "contradictory":
            text = sentence("contradictory", language, words=problem.words, names=", ".join(choices))
        elif problem.kind == "unfitting":
            asked = ask_for(slot, language, self.choices(slot, call))
            text = f"{sentence('unfitting', language, words=problem.words, kind=kind)} {asked}"
        elif problem.kind == "missing":
            asked = ask_for(slot, language, self.choices(slot, call))
            text = f"{sentence('no_reference', language, words=problem.words)} {asked}"
            choices = tuple(name.partition(" (")[0] for name in self.choices(slot, call))
        elif not slot.kinds:
            text = sentence("invalid_value", language, words=problem.words, name=slot.name.replace("_", " "))
        elif choices:
            near = sentence("did_you_mean", language, names=", ".join(f"`{one}`" for one in choices))
            text = f"{sentence('unknown', language, kind=kind, name=problem.words)} {near}"
        else:
            known = self.choices(slot, call)
            rest = listed(known, language) if known else sentence("none_of_kind", language)
            text = f"{sentence('unknown', language, kind=kind, name=problem.words)} {rest}"
            choices = tuple(name.partition(" (")[0] for name in known)
        reason = {"ambiguous": "ambiguous", "unknown": "unknown", "missing": "missing"}.get(
            problem.kind, "contradictory"
        )
        return Question(reason, text, call.tool, call.arguments, slot.path, choices)  # type: ignore[arg-type]

    def _noted(self, slot: Slot, names: Sequence[str]) -> list[str]:
        notes = {one.name: shown_name(one) for kind in slot.kinds for one in self.known.entities if one.kind == kind}
        return [notes.get(name, name) for name in names]
