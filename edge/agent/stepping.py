"""One step of a model: the messages so far in, a checked tool call or an answer out.

Knows nothing of smolagents. Nothing that a model writes leaves here but a tool that was offered, with arguments that
the tool accepts, or the text of an answer.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from edge.agent.prompt import FINAL, NONE, Offer, step_schema
from edge.agent.repair import mend_arguments, nearest, read_object
from edge.agent.repetition import repeats
from edge.kernel.errors import InvalidInput, ModelMisbehaved, OutOfTime, PromptTooLong
from edge.runtime.port import ChatModel, Message, Reply

__all__ = ["Checks", "Limits", "Step", "Stepper"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may cost.

    Attributes:
        steps: of a model: tool calls and the answer together.
        step_s, ask_s: seconds for a step, and for all steps of all models.
        answer_tokens, call_tokens: that a model may write in a step.
        result_characters: of one result that a model sees.
    """

    steps: int = 4
    step_s: float = 60.0
    ask_s: float = 240.0
    answer_tokens: int = 200
    call_tokens: int = 160
    result_characters: int = 1200


@dataclass(frozen=True, slots=True)
class Step:
    """What the model wants: a tool with its arguments, or `FINAL` with {"answer": text}.

    Attributes:
        mended: it had to be mended before it could be used.
    """

    tool: str
    arguments: Mapping[str, Any]
    reply: Reply
    mended: bool = False


class Checks(Protocol):
    """Whether a tool takes these arguments. Raises InvalidInput, which says why."""

    def __call__(self, tool: str, arguments: Mapping[str, Any], /) -> None: ...


class Stepper:
    """Steps of one model through one question.

    Args:
        offers: the tools that it may call.
        check: of arguments.
        ends_at: by `monotonic`; no step begins or goes on after it.
        tiny: it is not asked whether a tool fits at all (it would always deny it), reads once, and then answers or
            writes what was ordered.
    """

    def __init__(
        self,
        model: ChatModel,
        offers: Sequence[Offer],
        check: Checks,
        limits: Limits,
        ends_at: float,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        tiny: bool = False,
    ) -> None:
        self.model = model
        self.steps = list[Step]()
        self._offers = {offer.name: offer for offer in offers}
        self._check = check
        self._limits = limits
        self._ends_at = ends_at
        self._monotonic = monotonic
        self._tiny = tiny
        self._called: set[str] = set()

    def next(self, messages: Sequence[Message], *, has_results: bool) -> Step:
        """The model's next step.

        Raises:
            ModelMisbehaved: it loops, repeats a call, has no steps left, answers what cannot be used, or says that no
                tool fits.
            PromptTooLong, ModelUnavailable, OutOfTime: as `ChatModel.chat`.
        """
        if len(self.steps) >= self._limits.steps:
            raise ModelMisbehaved(f"{self.model.name} came to no answer in {self._limits.steps} steps.")
        last = len(self.steps) == self._limits.steps - 1
        offers = [] if last and has_results else self._offered(has_results=has_results)
        schema = step_schema(offers, may_answer=has_results, may_pass=not (self._tiny or has_results))
        reply = self._ask(messages, schema, self._limits.answer_tokens if has_results else self._limits.call_tokens)
        try:
            step = self._read(reply, has_results=has_results)
        except InvalidInput as error:  # one more try, with what was wrong
            told = [*messages, Message("assistant", reply.text[:400]), Message("user", f"Error: {error} Correct it.")]
            reply = self._ask(told, schema, self._limits.call_tokens)
            try:
                step = replace(self._read(reply, has_results=has_results), mended=True)
            except InvalidInput as again:
                raise ModelMisbehaved(f"{self.model.name} called a tool wrongly: {again.message}") from again
        self._once(step)
        self.steps.append(step)
        return step

    def _offered(self, *, has_results: bool) -> list[Offer]:
        if not (self._tiny and has_results):
            return list(self._offers.values())
        called = {step.tool for step in self.steps}
        return [offer for offer in self._offers.values() if offer.effect == "write" and offer.name not in called]

    def _ask(self, messages: Sequence[Message], schema: Mapping[str, Any], max_tokens: int) -> Reply:
        left_s = min(self._limits.step_s, self._ends_at - self._monotonic())
        if left_s <= 0:
            raise OutOfTime(f"{self.model.name} had no time left.", "Allow more time.")
        looping = False

        def stop(text: str) -> bool:
            nonlocal looping
            looping = repeats(text)
            return looping

        fitted = fit(self.model, messages, max_tokens)
        reply = self.model.chat(fitted, schema=schema, max_tokens=max_tokens, timeout_s=left_s, stop_when=stop)
        if looping or repeats(reply.text):
            raise ModelMisbehaved(f"{self.model.name} repeats itself.")
        return reply

    def _read(self, reply: Reply, *, has_results: bool) -> Step:
        said = read_object(reply.text)
        tool, arguments = said.get("tool", said.get("name")), said.get("arguments", said.get("parameters", {}))
        allowed = {*self._offers, FINAL if has_results else NONE}
        meant = tool if tool in allowed else nearest(str(tool), (n for n in allowed if self._harmless(n)))
        if meant is None:
            raise InvalidInput(f"There is no tool {str(tool)[:40]!r}.", f"Use one of {', '.join(sorted(allowed))}.")
        if meant == NONE:
            raise ModelMisbehaved(f"{self.model.name} found no tool that fits.")
        if meant == FINAL:
            return Step(FINAL, {"answer": _answer(arguments)}, reply, mended=meant != tool)
        mended = mend_arguments(arguments, self._offers[meant].schema)
        self._check(meant, mended)
        return Step(meant, mended, reply, mended=meant != tool or mended != arguments)

    def _harmless(self, name: str) -> bool:
        """A tool that writes must be named exactly."""
        return name not in self._offers or self._offers[name].effect == "read"

    def _once(self, step: Step) -> None:
        key = json.dumps([step.tool, step.arguments], sort_keys=True, default=str)
        if key in self._called:
            raise ModelMisbehaved(f"{self.model.name} called {step.tool} twice in the same way.")
        self._called.add(key)


def fit(model: ChatModel, messages: Sequence[Message], max_tokens: int) -> list[Message]:
    """The messages, with results shortened until an answer of `max_tokens` has room, the longest first.

    Raises:
        PromptTooLong: they do not fit with the shortest results either.
    """
    fitted = list(messages)
    while (tokens := model.count_tokens(fitted)) > model.context_tokens - max_tokens:
        results = [at for at, message in enumerate(fitted) if message.role == "tool" and len(message.content) > 240]
        if not results:
            raise PromptTooLong(tokens, model.context_tokens - max_tokens)
        longest = max(results, key=lambda at: len(fitted[at].content))
        content = fitted[longest].content
        fitted[longest] = Message("tool", f"{content[: max(200, len(content) // 2)]} …\n</data>")
    return fitted


def _answer(arguments: Any) -> str:
    if isinstance(arguments, Mapping):
        arguments = next((value for value in arguments.values() if isinstance(value, str)), "")
    return str(arguments or "").strip()
