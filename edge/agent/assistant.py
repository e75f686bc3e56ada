"""The fallback chain: a known command without a model, the small model, a larger one, the hub.

Each tier gives a reason when it passes a question on. No tier does more than the person asked for: what writes is
decided by rule from their words, and every tool call goes through the toolbox.
"""

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from edge.agent.call_fit import call_fits, result_fits
from edge.agent.documents import answering, asks_documents, query_of
from edge.agent.entity_linking import Names
from edge.agent.fast_path import About, Call, FastPath, Found, Match, Which
from edge.agent.grounding import essence, evidence_of, says_something, supported
from edge.agent.intent import (
    WRITES,
    asked_writes,
    in_own_words,
    is_machine_order,
    mentioned,
    on_topic,
    own_terms,
    speaks_of_reminding,
    unnamed_options,
    withheld_writes,
)
from edge.agent.model_steps import QuestionLimits, Stepper
from edge.agent.prompt import Offer, quoted, system_prompt
from edge.agent.wording import say, topic_text, worded
from edge.kernel.errors import (
    ChargehandError,
    InvalidInput,
    ModelMisbehaved,
    ModelUnavailable,
    NotAllowed,
    OutboxFull,
    OutOfTime,
    PromptTooLong,
    StorageFailed,
)
from edge.kernel.language import Language, detect_language
from edge.outbox import Journal
from edge.runtime.port import ChatModel
from edge.tools.registry import Toolbox
from edge.tools.tool import DeviceTool

Tier = Literal["fast", "small", "larger", "queued", "none"]

LONGEST_QUESTION = 20_000
"""Characters; a note may be long."""
_LONGEST_FOR_MODELS = 2000
"""Characters; what is longer is no question."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call that was made: its result, or why it failed. `left_out`: what the person said and the tool cannot do.

    `refused`: the policy forbids it, so nothing was done.
    """

    tool: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any] | None = None
    error: str = ""
    left_out: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person gets.

    Attributes:
        tier: which answered; "queued": the hub will, "none": nobody can.
        ok: False where something that was asked for failed or nobody answered.
        model: that worked on it; empty on the fast path.
        reasons: why each tier before it did not answer.
        dropped: sentences of the model that the results do not support.
        question: the id under which the hub may answer; empty unless queued.
    """

    text: str
    tier: Tier
    language: Language
    tool_calls: tuple[ToolUse, ...] = ()
    ok: bool = True
    model: str = ""
    elapsed_s: float = 0.0
    reasons: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    question: str = ""


@dataclass(slots=True)
class _Work:
    """One question on its way along the fallback chain."""

    text: str
    by: str
    language: Language
    begun: float
    ends_at: float
    nearest: str = ""
    uses: list[ToolUse] = field(default_factory=list[ToolUse])
    reasons: list[str] = field(default_factory=list[str])


class Assistant:
    """Answers questions and carries out orders of people and jobs on this device. Any thread may ask.

    Args:
        models: the small one first; each is tried where the one before it came to nothing. Asked at each question,
            since a model may be exchanged or not be there yet.
        for_people: those of the models that answer people and the hub's questions; all where it is None.
        names: what exists on the device.
        instructions: what the hub adds to the prompt.
        monotonic: seconds.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        models: Sequence[ChatModel] | Callable[[], Sequence[ChatModel]],
        journal: Journal,
        limits: QuestionLimits | None = None,
        *,
        for_people: Callable[[], Sequence[ChatModel]] | None = None,
        names: Callable[[], Names] = Names,
        instructions: Callable[[], str] = str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._toolbox = toolbox
        self._models = models if callable(models) else lambda: models
        self._for_people = for_people or self._models
        self._journal = journal
        self._limits = limits or QuestionLimits()
        self._names = names
        self._instructions = instructions
        self._monotonic = monotonic
        self._fast = FastPath(lambda: toolbox.names, names)
        self._fast_forbidden = FastPath(lambda: toolbox.all_names, names)

    def ask(
        self,
        text: str,
        *,
        by: str,
        language: Language | None = None,
        may_queue: bool = True,
        limit_s: float | None = None,
    ) -> Answer:
        """Answer, or carry out.

        Args:
            by: who asks, such as "person:anna" or "job:nightly".
            language: of the answer; that of the text where it is None.
            may_queue: False for what came from the hub: it would only come back.
            limit_s: for all models together, where it is less than that of all questions.

        Raises:
            InvalidInput: the text is empty or too long.
            OutboxFull, StorageFailed: nothing can be recorded, so nothing more is done.
        """
        text = text.strip()
        if not text or len(text) > LONGEST_QUESTION:
            raise InvalidInput(
                f"A question has 1 to {LONGEST_QUESTION} characters.",
                "Ask shorter." if text else "Say what you want to know, or what is to be done.",
            )
        begun, most_s = self._monotonic(), self._limits.ask_s
        ends_at = begun + min(most_s, limit_s if limit_s is not None else most_s)
        work = _Work(text, by, language or detect_language(text), begun, ends_at)
        found = self._fast.match(text) or self._fast_forbidden.match(text)
        if found is None:
            work.reasons.append("fast path: no known command")
        answer = self._known(work, found) if found is not None else None
        return answer or self._ask_models(work, may_queue=may_queue)

    def _ask_models(self, work: _Work, *, may_queue: bool) -> Answer:
        """The tiers above the fast path."""
        if len(work.text) > _LONGEST_FOR_MODELS:
            raise InvalidInput(
                f"This is no known command, and a question has at most {_LONGEST_FOR_MODELS} characters.",
                'Ask shorter, or begin with "note:".',
            )
        forbidden = (asked_writes(work.text) & {*self._toolbox.all_names}) - {*self._toolbox.names}
        if forbidden:
            return self._refuse(work, "forbidden", forbidden)
        if not asked_writes(work.text) and is_machine_order(work.text):
            work.reasons.append("no tool of a device restarts, switches, sets or installs anything")
            return self._answer(work, say("machine_order", work.language), "none", ok=False)
        if speaks_of_reminding(work.text) and "reminder_set" in self._toolbox.names:
            work.reasons.append("a reminder without a time")
            return self._answer(work, say("remind_when", work.language), "none", ok=False)
        models = list(self._models())
        asked = models if work.by.startswith("job:") else list(self._for_people())
        known = {model.name for model in asked}
        for place, model in enumerate(models):
            if model.name not in known:
                work.reasons.append(f"{model.name}: too small to answer people (models.small_answers_people is false)")
                continue
            answer = self._try_model(work, model, "larger" if place else "small")
            if answer is not None:
                return answer
        if len(work.reasons) == 1:
            work.reasons.append("no model is installed")
        quoted_passages = self._documents(work)
        if quoted_passages is not None:
            return quoted_passages
        withheld = withheld_writes(work.text)
        return self._refuse(work, "withheld", withheld) if withheld else self._queue(work, may_queue=may_queue)

    # -- fast path

    def _known(self, work: _Work, found: Found) -> Answer | None:
        """The answer to what the fast path understands; None where the device's documents do not say."""
        if isinstance(found, About):
            return self._answer(work, topic_text(found.topic, self._toolbox, self._names(), work.language), "fast")
        if isinstance(found, Which):
            question = say("which", work.language, options=", ".join(found.options[:8]))
            return self._answer(work, question, "fast", ok=False)
        answer = self._carry_out(work, found)
        if not _sought_in_vain(work.uses):
            return answer
        work.reasons.append("fast path: the documents on this device do not say")
        work.nearest = answer.text
        return None

    def _documents(self, work: _Work) -> Answer | None:
        """Passages that answer a question in the person's own words; None where the documents here do not."""
        sought = {use.tool for use in work.uses}
        if "knowledge_search" in sought or "knowledge_search" not in self._toolbox.names:
            return None
        if not asks_documents(work.text) or withheld_writes(work.text):
            return None
        try:
            use = self._use(work, "knowledge_search", {"query": query_of(work.text)}, work.by)
        except OutboxFull as error:  # what was read may not be given; the question itself is dealt with below
            work.reasons.append(f"documents: {error.message}")
            return None
        found = answering((use.result or {}).get("passages", []), work.text)
        if not found:
            work.uses.remove(use)
            work.reasons.append(f"documents: {use.error or 'those on this device do not say'}")
            return None
        return self._answer(work, worded("knowledge_search", {"passages": found}, work.language), "fast")

    def _carry_out(self, work: _Work, match: Match) -> Answer:
        said: list[str] = []
        for call in match.calls:
            said.append(self._call_known(work, call))
            if work.uses and work.uses[-1].error:
                break  # what comes after it may rest on it
        return self._answer(work, "\n".join(said), "fast", ok=not any(use.error for use in work.uses))

    def _call_known(self, work: _Work, call: Call) -> str:
        arguments, left_out = self._takes(call)
        if call.only_if is not None:
            reading = self._use(work, "sensor_read", {"sensor": call.only_if.sensor}, work.by)
            if reading.result is None:
                return say("failed", work.language, why=reading.error)
            met, told = _condition(call, reading.result, work.language)
            if not met:
                return told
            arguments.setdefault("message", told)
        use = self._use(work, call.tool, arguments, work.by, left_out)
        if use.refused and call.tool not in self._toolbox.names:
            return say("forbidden", work.language, tool=call.tool)
        if use.result is None:
            return say("failed", work.language, why=use.error)
        far = use.result.get("passages") and not says_something(use.result, str(call.arguments.get("query", "")))
        parts = [say("far", work.language)] if far else []
        parts.append(worded(call.tool, use.result, work.language))
        parts += [say("once", work.language)] if call.only_if is not None else []
        for name in left_out:
            what = say("minutes", work.language, value=call.arguments[name]) if name == "minutes" else name
            parts.append(say("left_out", work.language, what=what, tool=call.tool))
        return "\n".join(parts)

    def _takes(self, call: Call) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The arguments that the tool has, and the names of those that it has not."""
        known = self._toolbox.tool(call.tool).arguments.model_fields
        taken = {name: value for name, value in call.arguments.items() if name in known}
        return taken, tuple(name for name in call.arguments if name not in known)

    # -- models

    def _try_model(self, work: _Work, model: ChatModel, tier: Literal["small", "larger"]) -> Answer | None:
        """None where the model came to nothing: the reason is noted, and the next tier may try."""
        offers = self._offers(work.text, everything=tier == "larger")
        if not offers:
            work.reasons.append(f"{model.name}: no tool may be called")
            return None
        done_before = len(work.uses)
        said = ""
        try:
            said = self._run(work, model, offers, tiny=tier == "small")
        except (ModelMisbehaved, ModelUnavailable, OutOfTime, PromptTooLong, InvalidInput) as error:
            work.reasons.append(f"{model.name}: {error.message}")
        used = [use for use in work.uses[done_before:] if use.result is not None]
        results = [use for use in used if self._writes(use.tool) or _answers(use, work.text)]
        if not results:
            if used:
                work.reasons.append(f"{model.name}: what it found has nothing to do with the question")
            return None
        evidence = evidence_of([essence(use.result) for use in results if use.result is not None])
        kept, dropped = supported(said, evidence, work.text, work.language)
        shown = "\n".join(worded(use.tool, use.result, work.language) for use in results if use.result is not None)
        text = f"{kept}\n\n{shown}" if kept else shown
        withheld = withheld_writes(work.text)
        if withheld:
            text += "\n" + say("withheld", work.language, tool=", ".join(sorted(withheld)))
        return self._answer(work, text, tier, model=model.name, dropped=tuple(dropped))

    def _run(self, work: _Work, model: ChatModel, offers: Sequence[Offer], *, tiny: bool) -> str:
        from edge.agent.loop import run_agent

        def call(tool: str, arguments: Mapping[str, Any]) -> str:
            mine = dict(arguments)
            if self._writes(tool):
                mine = in_own_words(arguments, work.text)
            elif tiny:
                mine = own_terms(arguments, work.text)
            if not self._writes(tool) and not call_fits(tool, mine, work.text, self._names()):
                why = f"{tool}({', '.join(map(str, mine.values()))}) is not what the question asks for"
                work.reasons.append(f"{model.name}: {why}")
                raise InvalidInput(f"{why[:1].upper()}{why[1:]}.", "Call what it asks for.")
            use = self._use(work, tool, mine, f"{work.by} by {model.name}", reraise=True)
            return quoted(tool, essence(use.result or {}), self._limits.result_characters)

        def check(tool: str, arguments: Mapping[str, Any]) -> None:
            self._toolbox.tool(tool).check(arguments)

        names = tuple(self._names().sensors)
        system = system_prompt(offers, work.language, names, self._instructions(), may_pass=not tiny)
        stepper = Stepper(model, offers, check, self._limits, work.ends_at, self._monotonic, tiny=tiny)
        return run_agent(work.text, system, stepper, offers, call)

    def _offers(self, text: str, *, everything: bool) -> list[Offer]:
        """The tools that a model may call for this text: what reads, and what writes where the text orders it.

        A small model is offered only what the text is about: it would take anything else as readily.
        """
        asked = asked_writes(text)
        allowed = [self._toolbox.tool(name) for name in self._toolbox.names]
        allowed = [tool for tool in allowed if tool.effect == "read" or (tool.name in asked and tool.name in WRITES)]
        if not everything:
            topics = on_topic(text, self._names()) | asked
            allowed = [tool for tool in allowed if tool.name in topics]
        return [Offer(tool.name, tool.description, self._schema(tool, text), tool.effect) for tool in allowed]

    def _schema(self, tool: DeviceTool, text: str) -> dict[str, Any]:
        """Of the tool's arguments; a name is one of those that there are, and of those that the text mentions."""
        schema = tool.arguments.model_json_schema()
        names = self._names()
        for argument, known in (("sensor", names.sensors), ("name", names.diagnostics)):
            if known and argument in schema.get("properties", {}):
                schema["properties"][argument] = {"type": "string", "enum": mentioned(text, known) or sorted(known)}
        for argument in unnamed_options(text) & schema.get("properties", {}).keys():
            del schema["properties"][argument]  # a small model fills in whatever it may
        return schema

    def _writes(self, tool: str) -> bool:
        return self._toolbox.tool(tool).effect == "write"

    # -- both

    def _use(
        self,
        work: _Work,
        tool: str,
        arguments: Mapping[str, Any],
        by: str,
        left_out: tuple[str, ...] = (),
        *,
        reraise: bool = False,
    ) -> ToolUse:
        try:
            use = ToolUse(tool, arguments, self._toolbox.call(tool, arguments, by=by), left_out=left_out)
        except (OutboxFull, StorageFailed):
            raise
        except ChargehandError as error:
            refused = isinstance(error, NotAllowed)
            use = ToolUse(tool, arguments, error=str(error), left_out=left_out, refused=refused)
            work.uses.append(use)
            if reraise:
                raise
            return use
        work.uses.append(use)
        return use

    def _refuse(self, work: _Work, why: Literal["forbidden", "withheld"], tools: Collection[str]) -> Answer:
        """What this device does not do is not for the hub either."""
        text = say(why, work.language, tool=", ".join(sorted(tools)))
        work.reasons.append(say(why, "en", tool=", ".join(sorted(tools))))
        return self._answer(work, text, "none", ok=False)

    def _queue(self, work: _Work, *, may_queue: bool) -> Answer:
        """Keep the question for the hub."""
        if not may_queue:
            return self._unanswered(work, "no_answer", "none")
        question = str(uuid.uuid4())
        body = {
            "id": question,
            "text": work.text,
            "by": work.by,
            "language": work.language,
            "reasons": work.reasons,
        }
        try:
            self._journal.record("question", body)
        except (OutboxFull, StorageFailed):
            return self._unanswered(work, "not_kept", "none")
        return self._unanswered(work, "queued", "queued", question=question)

    def _unanswered(self, work: _Work, why: str, tier: Tier, **more: Any) -> Answer:
        """With what the device's documents have nearest, where they were asked."""
        told = [work.nearest] if work.nearest else []
        return self._answer(work, "\n\n".join([*told, say(why, work.language)]), tier, ok=False, **more)

    def _answer(self, work: _Work, text: str, tier: Tier, **more: Any) -> Answer:
        elapsed_s = self._monotonic() - work.begun
        return Answer(
            text, tier, work.language, tuple(work.uses), elapsed_s=elapsed_s, reasons=tuple(work.reasons), **more
        )


def _answers(use: ToolUse, text: str) -> bool:
    """Whether what a model read has to do with the text."""
    result = use.result or {}
    return says_something(result, text) and result_fits(use.tool, result, text)


def _sought_in_vain(uses: Sequence[ToolUse]) -> bool:
    """Whether only the device's documents were asked, and do not say: then the hub's may."""
    return bool(uses) and all(
        use.tool == "knowledge_search"
        and not use.refused
        and (use.result is None or not says_something(use.result, str(use.arguments["query"])))
        for use in uses
    )


def _condition(call: Call, reading: Mapping[str, Any], language: Language) -> tuple[bool, str]:
    """Whether the call is to be made, and the sentence that says why."""
    condition = call.only_if
    if condition is None:
        raise NotAllowed("A call without a condition has none to meet.")
    value = reading.get("value")
    if not isinstance(value, int | float) or reading.get("state") == "implausible":
        return False, say("no_value", language, sensor=condition.sensor)
    unit = f" {reading['unit']}" if reading.get("unit") else ""
    compare = say("above" if condition.compare == ">" else "below", language)
    number = f"{condition.number:g}{unit}"
    if condition.holds(value):
        return True, f"{condition.sensor}: {value:g}{unit}, {compare} {number}"
    return False, say(
        "not_met", language, sensor=condition.sensor, value=f"{value:g}", unit=unit, compare=compare, number=number
    )
