"""Understanding as a port, and its implementation without a language model.

Every message is looked at with what the documents and the operations have for it, and with the thread's frame; only
then one of these is chosen: calls, a question back, a document query, help, or to decline.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from agents.understanding.candidates import Operations, Scored
from agents.understanding.caution import denies, excepts
from agents.understanding.continuations import Continuation, adds, corrects, reply_of
from agents.understanding.entities import Kind, KnownEntities
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation, Mood, PlannedCall, Question
from agents.understanding.linking import Mention
from agents.understanding.operation_classifier import OTHER_LABELS
from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.questions import sentence
from agents.understanding.settling import Settler
from agents.understanding.several import each_of_several
from agents.understanding.slots import Filling
from agents.understanding.speech_act import Clause, clauses_of, mood_of, standing_clauses
from agents.understanding.undo import inverse_of
from edge.kernel.language import Language
from memory.memories import Preferences
from tools.spec import ToolSpec

Found = Literal["answer", "near", "nothing"]

_ALTERNATIVES = re.compile(r"\bor\b|还是|或者?", re.IGNORECASE)
_HOW = re.compile(r"\b(?:how|why|who|when|where)\b|怎|如何|为什么|为何|谁|何时|什么时候", re.IGNORECASE)
"""What asks about doing something, and not for what comes of it."""
_PERFORMS = re.compile(
    r"\W*(?:ok(?:ay)?,? |well,? )?i (?:hereby |also |fully )?"
    r"(?:approve|agree (?:with|to)|accept|reject|refuse|decline)\b",
    re.IGNORECASE,
)
"""What does by being said: "I approve ap-..."."""
_PAST = re.compile(r"\b(?:yesterday|last|ago|today|now|since|this)\b|昨|上|前|今天|现在|刚", re.IGNORECASE)
_JOINED = re.compile(r"\b(?:and|then|also|but)\b|[,;，；]|然后|并且?|再|\b(?=(?:if|unless|when|once)\b)", re.IGNORECASE)

ACT = 0.5
"""Least probability of an operation, after its slots were filled, by which a change is made or proposed."""
READ = 0.3
"""Least probability of an operation that only reads."""
CLEAR = 0.12
"""Below it nothing is said to be meant; between it and the others the user is asked which."""
SURE, HARDLY = 0.8, 0.5
"""Least probability of an operation, and most certainty of talk, by which words without an order's form propose it."""
EVIDENT = 0.6
"""How much surer the words must be that a message is help or something else than the passages that they answer it."""
ANSWERED, UNANSWERED = 2.0, 2.5
"""Logits by which passages that answer raise the documents, and passages that have nothing lower them."""

_TEAMS = (
    ("evals.", "evaluation"),
    ("tools.governance.evidence", "evaluation"),
    ("tools.rollouts.measurements", "evaluation"),
    ("tools.governance.", "governance"),
    ("tools.calling.", "governance"),
    ("tools.tenancy", "governance"),
    ("tools.memories", "governance"),
)
"""Beginning of a tool's module -> the team whose operation it is; deployment for all others."""

_WHY_LOOKS: Mapping[Kind, str] = {"rollout": "rollout_status", "version": "gate_history"}
"""Kind of an object, which is the argument as well -> the tool that says why it is as it is."""
_LOOKS: Mapping[Kind, str] = {
    "rollout": "rollout_status",
    "target": "rollout_list",
    "version": "version_show",
    "alias": "version_show",
    "model": "models_list",
    "device": "device_show",
    "group": "device_list",
    "pipeline": "pipeline_status",
    "factory": "factories_list",
    "approval": "approvals_list",
    "job": "device_job_list",
    "tenant": "tenants_list",
    "key": "api_keys_list",
    "policy": "policies_list",
}
"""Kind of an object -> the tool that shows it, which answers a question about it that no other look fits."""
_WHETHER = re.compile(
    r"\b(?:should|shall|can|could|may|might|would|must|ought|want|suppose|imagine|if)\b"
    r"|要不要|该不该|应该|能不能|可不可以|可以|能否|可否|是否|如果|假如|会怎|要是|需不需要",
    re.IGNORECASE,
)
"""What asks whether to do something, which no look answers."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was gathered for a message before anything is decided, under the caller's rights.

    Attributes:
        said: the message.
        frame: what the thread's last turn left.
        known: names that the caller may read.
        allowed: tools that the caller may call.
        found, evidence: what the passages are to the message, and how surely, 0 to 1.
        question: the message for the documents, standing alone.
        heading: of the best passage.
        preferences: what the caller told before that is heeded.
    """

    said: ParsedMessage
    frame: Frame
    known: KnownEntities
    allowed: frozenset[str]
    found: Found
    evidence: float
    question: str
    heading: str = ""
    preferences: Preferences = field(default_factory=Preferences)

    @property
    def language(self) -> Language:
        """In which the caller is answered: as they asked for once, else that of the message."""
        return self.preferences.language or self.said.language


class Understanding(Protocol):
    """Turns a look into an interpretation."""

    async def interpret(self, look: Look) -> Interpretation:
        """What the message asks for. Nothing is done yet."""
        ...


def team_of(spec: ToolSpec) -> str:
    """The team whose operation a tool is."""
    module = spec.run.__module__
    return next((team for beginning, team in _TEAMS if module.startswith(beginning)), "deployment")


@dataclass(frozen=True)
class ExampleUnderstanding:
    """By the examples of the slices: rank operations, link names, fill slots; ask for whatever is left open."""

    operations: Operations

    async def interpret(self, look: Look) -> Interpretation:
        """As the port says."""
        return _Reading(self.operations, look).interpret()


class _Reading:
    """One message being understood."""

    def __init__(self, operations: Operations, look: Look) -> None:
        self.operations = operations
        self.look = look
        self.said = look.said
        self.language: Language = look.language
        self.filler = operations.filler(look.known, look.frame)
        self.settler = Settler(operations, look.known, self.language, look.preferences)
        self.continuation = Continuation(operations, look.known, look.frame, self.filler)
        self.mood: Mood = mood_of(look.said.clauses)
        if self.mood == "question" and operations.opens_as_change(look.said):
            self.mood = "order"
        if self.mood == "order" and self._asks_how():
            self.mood = "question"

    def interpret(self) -> Interpretation:
        reply = reply_of(self.said.text)
        if reply is not None and (found := self._reply(reply)) is not None:
            return found
        candidates = self._candidates(self.said, self.mood)
        return self._continued(candidates) or self._told_what_falls(self._fresh(candidates))

    def _told_what_falls(self, found: Interpretation) -> Interpretation:
        """With a word on what was proposed and is neither agreed to nor refused: a later "yes" is not for it."""
        open_ones = [call for call in self.look.frame.proposed if call not in found.proposed]
        if not open_ones or found.mood == "retraction":
            return found
        order = "; ".join(self.settler.order(PlannedCall(one.tool, one.arguments)) for one in open_ones)
        note = sentence("dropped", self.language, order=order)
        return replace(found, not_done="\n\n".join(part for part in (found.not_done, note) if part))

    def _asks_how(self) -> bool:
        """Whether what has the form of an order only ends a question: "how do I move it to hall-3, at once"."""
        first = self.said.clauses[0]
        orders = [one for one in standing_clauses(self.said.clauses) if one.mood == "order"]
        named = [one.start for one in (*self.said.mentions, *self.said.quantities, *self.said.references)]
        return (
            first.mood == "question"
            and _HOW.search(self.said.text[first.start : first.end]) is not None
            and not any(one.start <= start < one.end for one in orders for start in named)
        )

    # ---- what leans on the turn before

    def _reply(self, reply: str) -> Interpretation | None:  # noqa: PLR0911 - one for each reply
        frame = self.look.frame
        if reply == "forget":
            reply = "no" if frame.proposed or frame.asked else "undo"
        if reply == "undo":
            return self._undo()
        if frame.proposed and reply in {"yes", "go_on"}:
            return self._calls(frame.proposed, sentence("thread_decides", self.language))
        if reply == "no" and (frame.proposed or frame.asked):
            return self._said(sentence("retraction", self.language), "retraction")
        if reply == "why" and frame.calls and (call := self._why()) is not None:
            return self._calls((call,), sentence("thread_decides", self.language))
        if (
            reply == "yes"
            and frame.asked
            and not frame.proposed
            and (filling := self.continuation.agreed()) is not None
        ):
            return self._settled([filling], sentence("thread_decides", self.language))
        if reply in {"yes", "go_on"} and frame.asked and not frame.proposed:
            return self._ask(frame.asked, sentence("thread_decides", self.language))
        if reply in {"yes", "no"} and not frame.asked:
            text = sentence("nothing_open", self.language)
            return self._ask(Question("missing", text), sentence("thread_decides", self.language))
        return None

    def _undo(self) -> Interpretation:
        changed = [one for one in self.look.frame.calls if one.changes]
        if self.look.frame.proposed and not changed:
            return self._said(sentence("retraction", self.language), "retraction")
        if not changed:
            return self._ask(
                Question("missing", sentence("nothing_to_undo", self.language)),
                sentence("thread_decides", self.language),
            )
        call = inverse_of(changed[-1], self.operations.talk)
        past = PlannedCall(changed[-1].tool, dict(changed[-1].arguments))
        if call is None or call.tool not in self.look.allowed:
            text = sentence("cannot_undo", self.language, order=self.settler.order(past))
            return self._ask(Question("contradictory", text), sentence("thread_decides", self.language))
        return self._propose((call,), sentence("thread_decides", self.language))

    def _why(self) -> PlannedCall | None:
        """The look that says why the thread's last object is as it is."""
        for kind, tool in _WHY_LOOKS.items():
            names = self.look.frame.names((kind,))
            if names and tool in self.look.allowed:
                return PlannedCall(tool, {kind: names[0]})
        return None

    def _continued(self, candidates: Sequence[Scored]) -> Interpretation | None:
        reason = sentence("thread_decides", self.language)
        frame = self.look.frame
        if self.mood == "retraction" and (frame.asked or frame.proposed):
            return self._said(sentence("retraction", self.language), "retraction")
        if self.mood in {"conditional", "retraction"}:
            return None
        if (filling := self.continuation.answer(self.said, candidates)) is not None:
            return self._settled([filling], reason)
        if corrects(self.said.text) and frame.calls and len(self.said.tokens) <= 12:
            return self._correction(reason)
        if adds(self.said.text) and (filling := self.continuation.same_for_another(self.said)) is not None:
            changes = self.operations.tools[filling.tool].effect != "read"
            return self._settled([filling], reason, implicit=changes)
        return None

    def _correction(self, reason: str) -> Interpretation | None:
        """Another value for what was just done: a look is made again, a change that was made not changed silently."""
        past = self.look.frame.calls[-1]
        filling = self.continuation.corrected(past.tool, past.arguments, self.said)
        if filling is None:
            return None
        if not past.changes or past.ended in {"refused", "failed"}:
            return self._settled([filling], reason, implicit=past.changes)
        order = self.settler.order(PlannedCall(past.tool, dict(past.arguments)))
        text = sentence("already_done", self.language, order=order)
        return self._ask(Question("contradictory", text), reason)

    # ---- what stands alone

    def _fresh(self, candidates: Sequence[Scored]) -> Interpretation:
        best, clauses = candidates[0], standing_clauses(self.said.clauses)
        if best.filling is not None and best.probability >= ACT and self.operations.takes_whole(best.label, self.said):
            return self._settled([best.filling], self._decides(best), best.probability)
        if self.mood == "retraction":
            return self._said(sentence("retraction", self.language), "retraction")
        if self.mood == "order" and any(
            one.kind == "moment" and not _PAST.search(one.words) for one in self.said.quantities
        ):
            self.mood = "conditional"
            return self._single(candidates)
        conditions = [one for one in clauses if one.mood == "conditional"]
        if conditions and self.mood == "order":
            return self._beside_conditions(conditions)
        parts = [one for one in clauses if one.mood in {"order", "question"}]
        if len(parts) > 1 and any(one.mood == "order" for one in parts):
            return self._several(parts, candidates)
        return self._single(candidates)

    def _doubted(self, best: Scored, word: str) -> Interpretation:
        """An order beside a word that may deny it or bind it to something: nothing is done, and nothing proposed."""
        assert best.filling is not None  # noqa: S101 # nosec B101: it is an operation
        order = self.settler.order(PlannedCall(best.label, best.filling.nested(), best.filling.arguments))
        why = sentence("doubted", self.language, word=word, order=order)
        return self._ask(Question("mood", sentence("not_done", self.language, why=why)), self._decides(best), best)

    def _beside_conditions(self, conditions: Sequence[Clause]) -> Interpretation:
        """An order beside which something is said on a condition: it is proposed, and the rest is told as not done."""
        part = self.said.without(conditions)
        best = self._candidates(part, "order")[0]
        words = "; ".join(self.said.text[one.start : one.end].strip(" ,;，；") for one in conditions)
        note = sentence("not_carried", self.language, words=words)
        if best.filling is None or best.probability < ACT:
            return self._ask(Question("mood", note), self._decides(best), best)
        found = self._settled([best.filling], self._decides(best), best.probability, implicit=True)
        return replace(found, not_done=note)

    def _single(self, candidates: Sequence[Scored]) -> Interpretation:  # noqa: PLR0911 - a chain of rules
        best = self._ordered(candidates) or candidates[0]
        if best.label == "help" and not self._rather_documents(best):
            return Interpretation(
                self.language,
                help=True,
                mood=self.mood,
                confidence=best.probability,
                reason=sentence("help_decides", self.language),
                label="help",
            )
        if best.filling is None:
            return self._elsewhere(candidates)
        spec = self.operations.tools[best.label]
        if spec.effect == "read":
            return self._read(best, candidates)
        if self.mood != "order" and not self._may_be_order(best):
            return self._no_order(best, candidates)
        if excepts(self.said.text):
            return self._ask(Question("unclear", sentence("universal", self.language)), self._decides(best), best)
        if word := denies(self.said, best.filling):
            return self._doubted(best, word)
        if any(one.universal for one in self.said.clauses):
            return self._ask(Question("unclear", sentence("universal", self.language)), self._decides(best), best)
        if best.probability < ACT:
            return self._which(candidates)
        if each := each_of_several(best.filling, self.operations.slots(best.label), self.said):
            return self._settled(each, self._decides(best), best.probability, implicit=True)
        return self._settled([best.filling], self._decides(best), best.probability, implicit=self.mood != "order")

    def _ordered(self, candidates: Sequence[Scored]) -> Scored | None:
        """The change that the words order, though what it is ordered for does not fit it: that is asked about."""
        if self.mood != "order" or candidates[0].filling is None:
            return None
        by_words = max(candidates, key=lambda one: one.by_words)
        reads = self.operations.tools[candidates[0].label].effect == "read"
        if (
            reads
            and by_words.filling
            and by_words.by_words >= ACT
            and self.operations.tools[by_words.label].effect != "read"
        ):
            return replace(by_words, probability=by_words.by_words)
        return None

    def _may_be_order(self, best: Scored) -> bool:
        """Whether what has not the form of an order is one by all that it says; it is proposed then, not done."""
        filling = best.filling
        if self.mood != "talk" or filling is None or best.probability < SURE:
            return False
        if _ALTERNATIVES.search(self.said.text):
            return False
        if _PERFORMS.match(self.said.text):
            return not (filling.problems or filling.unused or filling.missing)
        certain = max((one.certainty for one in self.said.clauses), default=1.0)
        return certain <= HARDLY and not (filling.problems or filling.unused or filling.missing)

    def _read(self, best: Scored, candidates: Sequence[Scored]) -> Interpretation:
        documents = next(one for one in candidates if one.label == "documents")
        assert best.filling is not None  # noqa: S101 # nosec B101: it is an operation
        named = bool(best.filling.arguments)
        likely = documents.probability > best.probability / 3 or best.by_words < SURE
        if not named and self.look.found == "answer" and likely:
            return self._documents(documents)
        if best.probability < READ:
            return self._which(candidates)
        fillings = each_of_several(best.filling, self.operations.slots(best.label), self.said) or [best.filling]
        return self._settled(fillings, self._decides(best), best.probability)

    def _no_order(self, best: Scored, candidates: Sequence[Scored]) -> Interpretation:
        """Something that changes is spoken of and not ordered."""
        reads = [one for one in candidates if one.filling and self.operations.tools[one.label].effect == "read"]
        if self.mood == "question":
            if self._inquires(best):
                return self._settled([best.filling], self._decides(best), best.probability, implicit=True)  # type: ignore[list-item]
            if reads and reads[0].probability >= READ / 2 and not reads[0].filling.unused:  # type: ignore[union-attr]
                return self._read(reads[0], candidates)
            if self.look.found == "answer":
                return self._documents(next(one for one in candidates if one.label == "documents"))
            if look := self._look_at_what_is_named():
                return self._settled([look], self._decides(Scored(look.tool, 1.0)))
        elif best.probability < CLEAR * 3 and self.look.found == "answer":
            return self._documents(next(one for one in candidates if one.label == "documents"))
        assert best.filling is not None  # noqa: S101 # nosec B101: it is an operation
        call = PlannedCall(best.label, best.filling.nested(), best.filling.arguments)
        name = "conditional" if self.mood == "conditional" else "talk"
        why = sentence(name, self.language, order=self.settler.order(call))
        return self._ask(Question("mood", sentence("not_done", self.language, why=why)), self._decides(best), best)

    def _inquires(self, best: Scored) -> bool:
        """Whether a question asks for what an operation finds out, and says all that it needs."""
        talk, filling = self.operations.talk.get(best.label), best.filling
        if _HOW.search(self.said.text):
            return False
        complete = filling is not None and not (
            filling.problems or filling.unused or filling.missing or filling.strange
        )
        return talk is not None and talk.inquires and complete and best.by_words >= ACT

    def _look_at_what_is_named(self) -> Filling | None:
        """The look at the one thing that a question names; None where it names several, or asks whether to act."""
        named = [one for one in self.said.mentions if not one.common and one.entities]
        if len(named) != 1 or _WHETHER.search(self.said.text):
            return None
        tool = next((_LOOKS[kind] for kind in named[0].kinds if kind in _LOOKS), "")
        if tool not in self.look.allowed:
            return None
        filling = self.operations.fill(tool, self.said, self.filler)
        return None if filling.problems or filling.missing or filling.unused else filling

    def _several(  # noqa: C901, PLR0911 - each return asks for something else
        self, clauses: Sequence[Clause], candidates: Sequence[Scored]
    ) -> Interpretation:
        """Several orders and questions in one message: a sequence; what cannot be settled is asked first."""
        fillings: list[Scored] = []
        queries: list[str] = []
        for clause in clauses:
            part = self.said.within(clause.start, clause.end)
            ranked = self._candidates(part, clause.mood)
            if ranked[0].filling is not None and ranked[0].probability >= CLEAR:
                fillings.append(ranked[0])
            elif clause.mood == "question":
                queries.append(part.words)
            else:  # it is no order by itself, so that it belongs to the one beside it
                return self._single(candidates)
        if not fillings or self._is_one(candidates[0], fillings):
            return self._single(candidates)
        weakest = min(fillings, key=lambda one: one.probability)
        changes = [one for one in fillings if self.operations.tools[one.label].effect != "read"]
        if changes and excepts(self.said.text):
            return self._ask(
                Question("unclear", sentence("universal", self.language)), self._decides(changes[0]), changes[0]
            )
        for one in changes:
            if one.filling is not None and (word := denies(self.said, one.filling)):
                return self._doubted(one, word)
        if changes and weakest.probability < ACT:
            return self._which(candidates)
        if any(one.universal for one in clauses):
            return self._ask(Question("unclear", sentence("universal", self.language)), self._decides(weakest), weakest)
        found = self._settled(
            [one.filling for one in fillings if one.filling],
            self._decides(fillings[0]),
            weakest.probability,
            implicit=bool(changes),
        )
        if not queries or self.look.found == "nothing":
            return found
        reason = sentence("both_decide", self.language, tool=fillings[0].label)
        return replace(found, document_query=queries[0], reason=reason)

    def _is_one(self, whole: Scored, parts: Sequence[Scored]) -> bool:
        """Whether a message of several clauses asks for one thing: no other part stands for itself."""
        if whole.filling is None or whole.filling.problems or whole.filling.unused:
            return False
        sure = {one.label for one in parts if one.probability >= ACT and one.label != whole.label}
        others = [one for one in parts if one.label in sure and one.filling and one.filling.arguments]
        return not others or (whole.probability >= SURE and all(not self._stands_alone(one) for one in others))

    def _stands_alone(self, part: Scored) -> bool:
        return bool(part.filling and not part.filling.missing and not part.filling.problems)

    def _elsewhere(self, candidates: Sequence[Scored]) -> Interpretation:
        """No operation fits best: the documents, or nothing."""
        best, asked = candidates[0], self.look.frame.asked
        documents = next(one for one in candidates if one.label == "documents")
        if asked is not None and asked.tool and self.mood == "talk" and self.look.found != "answer":
            return self._ask(asked, sentence("thread_decides", self.language))  # it is no answer, so it is asked again
        if best.label == "documents" or self.look.found == "answer":
            return self._documents(documents)
        operation = next((one for one in candidates if one.filling), None)
        if operation is not None and operation.probability >= READ:
            return self._single([operation, *candidates])
        if operation is not None and self._names_something(self.said) and self.look.found == "nothing":
            return self._which(
                [replace(one, probability=max(one.probability, CLEAR)) for one in candidates if one.filling][:2]
            )
        if self.look.found == "near" and self.mood == "question" and self._rather_documents(best):
            return self._documents(documents)
        return Interpretation(
            self.language, mood=self.mood, confidence=best.probability, reason=sentence("neither", self.language)
        )

    def _rather_documents(self, best: Scored) -> bool:
        """Whether what the documents have outweighs that the words are those of no question to them."""
        return self.look.found != "nothing" and self.look.evidence > best.by_words - EVIDENT

    def _documents(self, scored: Scored) -> Interpretation:
        name = "passage_decides" if self.look.found == "answer" else "neither"
        return Interpretation(
            self.language,
            document_query=self.look.question,
            mood=self.mood,
            confidence=scored.probability,
            reason=sentence(name, self.language),
            label="knowledge",
        )

    # ---- results

    def _candidates(self, said: ParsedMessage, mood: Mood) -> list[Scored]:
        """Operations and the rest, with what the documents have taken into account."""
        found = self.operations.candidates(said, mood, self.filler, self.look.allowed, self.look.frame)
        factor = {"answer": ANSWERED, "near": 0.0, "nothing": -UNANSWERED}[self.look.found]
        if self._names_something(said) or (said.references and self.look.frame.calls):
            factor = min(factor, 0.0)
        weights = {
            one.label: one.probability * (2.718281828 ** (factor if one.label == "documents" else 0.0)) for one in found
        }
        total = sum(weights.values())
        return sorted(
            (replace(one, probability=weights[one.label] / total) for one in found), key=lambda one: -one.probability
        )

    @staticmethod
    def _names_something(said: ParsedMessage) -> bool:
        """Whether it names something of the ledger, so that it is hardly for the documents."""
        return any(not one.common for one in said.mentions)

    def _settled(
        self,
        fillings: Sequence[Filling],
        reason: str,
        confidence: float = 1.0,
        *,
        implicit: bool = False,
    ) -> Interpretation:
        """Calls that are ready to be made or confirmed, or the first question that one of them needs."""
        calls: list[PlannedCall] = []
        for filling in fillings:
            settled = self.settler.settle(filling)
            if isinstance(settled, Question):
                asked, own = self.settler.offering_own(settled) if len(fillings) == 1 else (settled, ())
                return replace(self._ask(asked, reason), proposed=own, confidence=confidence, mood=self.mood)
            calls.append(settled)
        strange = [word for one in fillings for word in one.strange]
        implicit = implicit or any(self._carries_order(one) for one in fillings)
        if self._changes(calls) and (implicit or strange or self._needs_yes(calls)):
            found = self._propose(tuple(calls), reason)
        else:
            found = self._calls(tuple(calls), reason)
        note = ""
        if self._changes(calls):
            if strange:
                note = sentence("not_understood", self.language, words=", ".join(dict.fromkeys(strange)))
        elif left := [item.words for one in fillings for item in one.unused if isinstance(item, Mention)]:
            note = sentence("not_used", self.language, words=", ".join(dict.fromkeys(left)))
        return replace(found, confidence=confidence, mood=self.mood, not_done=note)

    def _carries_order(self, filling: Filling) -> bool:
        """Whether a text to be carried on or kept, such as a question to a device, may hold an order or condition."""
        texts = [
            one.value for path, one in filling.arguments.items() if path in {"text", "fact"} or path.endswith(".text")
        ]
        parts = [part for text in texts if isinstance(text, str) for part in _JOINED.split(text)[1:]]
        return any(mood_of(clauses_of(part)) in {"order", "conditional"} for part in parts)

    def _needs_yes(self, calls: Sequence[PlannedCall]) -> bool:
        for call in calls:
            spec, talk = self.operations.tools[call.tool], self.operations.talk.get(call.tool)
            if spec.effect == "read":
                continue
            final = spec.effect == "destructive" and spec.approval is None
            if final or call.implicit or (talk is not None and talk.confirm):
                return True
        return False

    def _changes(self, calls: Sequence[PlannedCall]) -> bool:
        return any(self.operations.tools[call.tool].effect != "read" for call in calls)

    def _which(self, candidates: Sequence[Scored]) -> Interpretation:
        """Asks which of two operations is meant; nothing is proposed."""
        likely = [one for one in candidates if one.filling and one.probability >= CLEAR]
        if self.mood == "question":  # whoever asks is not offered a change
            likely = [one for one in likely if self.operations.tools[one.label].effect == "read"] or likely
        if self.mood == "question" and len(likely) == 1 and self.operations.tools[likely[0].label].effect == "read":
            filling = likely[0].filling
            assert filling is not None  # noqa: S101 # nosec B101: it is an operation
            return self._settled([filling], self._decides(likely[0]), likely[0].probability)
        likely = likely[:2]
        if not likely:
            return self._elsewhere([one for one in candidates if one.filling is None])
        orders = [self.settler.order(PlannedCall(one.label, one.filling.nested())) for one in likely if one.filling]
        if len(orders) == 2:
            text = sentence("which_operation", self.language, first=f"“{orders[0]}”", second=f"“{orders[1]}”")
        else:
            why = sentence("talk", self.language, order=orders[0])
            text = sentence("not_done", self.language, why=why)
        asked = Question("which", text, choices=tuple(orders) if len(orders) == 2 else ())
        return self._ask(asked, sentence("unclear_decides", self.language), likely[0])

    def _ask(self, question: Question, reason: str, best: Scored | None = None) -> Interpretation:
        tool = question.tool or (best.label if best and best.label not in OTHER_LABELS else "")
        label = team_of(self.operations.tools[tool]) if tool else "deployment"
        confidence = best.probability if best else 1.0
        return Interpretation(
            self.language, question=question, mood=self.mood, confidence=confidence, reason=reason, label=label
        )

    def _said(self, text: str, mood: Mood) -> Interpretation:
        question = Question("mood", text)
        return Interpretation(
            self.language,
            question=question,
            mood=mood,
            reason=sentence("thread_decides", self.language),
            label="deployment",
        )

    def _calls(self, calls: tuple[PlannedCall, ...], reason: str) -> Interpretation:
        label = team_of(self.operations.tools[calls[0].tool])
        return Interpretation(self.language, calls=calls, mood="order", reason=reason, label=label)

    def _propose(self, calls: tuple[PlannedCall, ...], reason: str) -> Interpretation:
        label = team_of(self.operations.tools[calls[0].tool])
        return Interpretation(
            self.language,
            proposed=calls,
            question=self.settler.confirm(calls),
            mood="order",
            reason=reason,
            label=label,
        )

    def _decides(self, best: Scored) -> str:
        return sentence("operation_decides", self.language, tool=best.label)
