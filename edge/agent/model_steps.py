"""One step of a model: the messages so far in, a checked tool call or an answer out, repaired where it is plain how.

Knows nothing of smolagents. Nothing that a model writes leaves here but a tool that was offered, with arguments that
the tool accepts, or the text of an answer.
"""

import ast
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.agent.prompt import FINAL, NONE, Offer, step_schema
from edge.kernel.errors import InvalidInput, ModelMisbehaved, OutOfTime, PromptTooLong
from edge.kernel.names import nearest_names
from edge.runtime.port import ChatModel, Message, Reply

_LONGEST_PIECE = 80
_LEAST_REPEATED = 32
"""Characters that the repetitions of a piece must fill; a short piece repeats often before that."""
_WINDOW = 1200
_GRAM = 5
_GRAM_TIMES = 4
_WORDS = re.compile(r"\w+")


def repeats(text: str) -> bool:
    """True where the end of the text is one piece at least four times over, or says the same five words four times."""
    tail = text[-_WINDOW:]
    if len(tail) >= _LEAST_REPEATED and any(_ends_in(tail, length) for length in range(1, _LONGEST_PIECE + 1)):
        return True
    words = _WORDS.findall(tail.lower())
    grams = Counter(zip(*(words[at:] for at in range(_GRAM)), strict=False))
    return bool(grams) and max(grams.values()) >= _GRAM_TIMES


def _ends_in(text: str, length: int) -> bool:
    times = max(4, -(-_LEAST_REPEATED // length))
    return len(text) >= length * times and text.endswith(text[-length:] * times)


_FENCE = re.compile(r"```(?:json)?|<\|[^|]*\|>|</?tool_call>")
_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)")
_TRAILING = re.compile(r",(\s*[}\]])")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def read_object(text: str) -> dict[str, Any]:
    """The first JSON object in a text.

    Fences, words around it, single quotes, bare keys, trailing commas and a missing end are forgiven.

    Raises:
        ModelMisbehaved: there is none.
    """
    plain = _FENCE.sub(" ", text)
    begin = plain.find("{")
    if begin < 0:
        raise ModelMisbehaved("The model's answer holds no JSON object.")
    candidate = _closed(plain[begin:])
    for spelling in (
        candidate,
        _TRAILING.sub(r"\1", candidate),
        _TRAILING.sub(r"\1", _KEY.sub(r'\1"\2"\3', candidate)),
    ):
        try:
            found = json.loads(spelling, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    try:
        found = ast.literal_eval(candidate)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        found = None
    if isinstance(found, dict):
        return {str(key): value for key, value in found.items()}
    raise ModelMisbehaved("The model's answer is no JSON.")


def _closed(text: str) -> str:
    """The first balanced object; where the text ends before, what is open is closed."""
    stack: list[str] = []
    quote = ""
    escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character == '"' or (character == "'" and text[:place].rstrip()[-1:] in {"{", "[", ",", ":"}):
            quote = character
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
        elif character in "}]":
            if not stack or stack.pop() != character:
                return text[: place + 1]
            if not stack:
                return text[: place + 1]
    body = text[:-1] if escaped else text
    return re.sub(r",?\s*\"[^\"]*\"\s*:\s*$|,\s*$", "", body + quote) + "".join(reversed(stack))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant; None where none is near."""
    return next(iter(nearest_names(name, known, 1, 75.0, partly=False)), None)


def mend_arguments(arguments: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments brought nearer to a JSON schema of an object; what cannot be mended is left for the tool to refuse.

    Names are set right, what the schema does not name is dropped, texts become numbers or truth values where those are
    wanted ("42 °C"), and words become the nearest of a fixed set. Numbers out of range stay: they are no slip.
    """
    known: Mapping[str, Any] = schema.get("properties", {})
    if not isinstance(arguments, Mapping):
        required = schema.get("required", [])
        single = required[0] if len(required) == 1 else next(iter(known), None) if len(known) == 1 else None
        arguments = {single: arguments} if single is not None and arguments is not None else {}
    mended: dict[str, Any] = {}
    for name, value in arguments.items():
        meant = name if name in known else nearest(str(name), known.keys() - arguments.keys())
        if meant is None or meant in mended:
            continue
        fitting = _as(value, known[meant], schema)
        if fitting is not None:
            mended[meant] = fitting
    return mended


def _as(value: Any, wanted: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """The value as the schema of one argument wants it; None (left out) where it says nothing."""
    options: list[Mapping[str, Any]] = [_resolved(one, schema) for one in wanted.get("anyOf", [wanted])]
    types = {str(one.get("type", "")) for one in options}
    choices = next((one["enum"] for one in options if "enum" in one), None)
    if isinstance(value, str) and value.strip().lower() in {"", "none", "null"} and "null" in types:
        return None
    if choices is not None:
        return value if value in choices else (nearest(str(value), map(str, choices)) or value)
    if isinstance(value, list) and len(value) == 1 and "array" not in types:
        value = value[0]
    return [value] if "array" in types and isinstance(value, str | int | float) else _typed(value, types)


def _typed(value: Any, types: set[str]) -> Any:
    """A single value as one of the types of JSON; as it is where it is none of them."""
    wanted = types - {"null"}
    if isinstance(value, str):
        if wanted & {"integer", "number"} and "string" not in wanted:
            return _number(value, whole="number" not in wanted)
        if wanted == {"boolean"}:
            return {"true": True, "yes": True, "false": False, "no": False}.get(value.strip().lower(), value)
    elif isinstance(value, float) and value.is_integer() and wanted == {"integer"}:
        return int(value)
    elif isinstance(value, bool | int | float) and wanted == {"string"}:
        return str(value)
    return value


def _number(text: str, *, whole: bool) -> Any:
    found = _NUMBER.search(text)
    if not found:
        return text
    value = float(found[0].replace(",", "."))
    return int(value) if value.is_integer() or whole else value


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    return root.get("$defs", {}).get(reference.rpartition("/")[2], schema) if reference else schema


@dataclass(frozen=True, slots=True)
class QuestionLimits:
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


class Stepper:
    """Steps of one model through one question.

    Args:
        offers: the tools that it may call.
        check: whether a tool takes these arguments; raises InvalidInput, which says why.
        ends_at: by `monotonic`; no step begins or goes on after it.
        tiny: it is not asked whether a tool fits at all (it would always deny it), reads once, and then answers or
            writes what was ordered.
    """

    def __init__(
        self,
        model: ChatModel,
        offers: Sequence[Offer],
        check: Callable[[str, Mapping[str, Any]], None],
        limits: QuestionLimits,
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
