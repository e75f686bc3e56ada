"""Tool calls for runtimes that do not hold a model to them: asked for under a JSON Schema, and read from the answer.

A small model's template often ignores `tools` and `tool_choice`. Here the tools stand in the prompt, the answer is
decoded under the schema of their calls, and what comes is worded as OpenAI's API words it. A stream comes at once.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from edge.kernel.errors import InvalidInput
from tools.serving.runtime import Json

_ANSWER = "answer"
_FIELDS = ("tools", "tool_choice", "parallel_tool_calls")


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A request for a tool call, as a request for JSON.

    Attributes:
        body: for the runtime.
    """

    body: Json

    def read(self, answer: Json) -> Json:
        """The runtime's whole answer, with the call that its text is; one that was cut off stays text."""
        choices = [_with_call(choice) for choice in cast("Sequence[Json]", answer.get("choices") or ())]
        return {**answer, "choices": choices}

    def chunks(self, answer: Json) -> Iterator[Json]:
        """An answer that was `read`, as the chunks of a stream."""
        shared = {name: value for name, value in answer.items() if name not in {"choices", "usage"}}
        shared["object"] = "chat.completion.chunk"
        for choice in cast("Sequence[Json]", answer["choices"]):
            message = dict(cast("Json", choice.get("message") or {}))
            calls = cast("Sequence[Json]", message.get("tool_calls") or ())
            if calls:
                message["tool_calls"] = [{"index": number, **call} for number, call in enumerate(calls)]
            index = choice.get("index", 0)
            yield {**shared, "choices": [{"index": index, "delta": message, "finish_reason": None}]}
            finish = choice.get("finish_reason") or "stop"
            yield {**shared, "choices": [{"index": index, "delta": {}, "finish_reason": finish}]}
        if "usage" in answer:
            yield {**shared, "choices": [], "usage": answer["usage"]}


def tool_request(body: Json, *, holds_to_none: bool) -> ToolRequest | None:
    """The request under a schema; None where the body is to be sent as it is.

    Args:
        body: of a chat.
        holds_to_none: the runtime heeds no `tools` at all, so that a choice of the model's own is asked for like this,
            too. Otherwise only what must be called is.

    Raises:
        InvalidInput: another form of the answer is asked for, too.
    """
    tools, choice = cast("Sequence[Json]", body.get("tools") or ()), body.get("tool_choice") or "auto"
    told = any(message.get("tool_calls") or message.get("role") == "tool" for message in body["messages"])
    if not tools or choice == "none":
        plain = {name: value for name, value in body.items() if name not in _FIELDS}
        if holds_to_none and told:
            return ToolRequest({**plain, "messages": _as_text(body["messages"])})
        return ToolRequest(plain) if tools else None
    if choice == "auto" and not holds_to_none:
        return None
    if (body.get("response_format") or {"type": "text"}).get("type") != "text":
        raise InvalidInput("This model takes tools or a response_format, not both.", "Leave one of them out.")
    functions = [cast("Json", tool["function"]) for tool in tools]
    if isinstance(choice, Mapping):
        wanted = cast("Json", choice)["function"]["name"]
        functions = [function for function in functions if function["name"] == wanted]
    forms: list[Json] = [_form(function) for function in functions]
    if choice == "auto":
        forms.append(_object({_ANSWER: {"type": "string"}}))
    schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
    plain = {name: value for name, value in body.items() if name not in _FIELDS}
    messages = [*_as_text(body["messages"])]
    messages.insert(_after_system(messages), {"role": "system", "content": _told(functions, free=choice == "auto")})
    form = {"type": "json_schema", "json_schema": {"name": "tool_call", "strict": True, "schema": schema}}
    return ToolRequest({**plain, "messages": _one_system(messages), "response_format": form})


def _form(function: Json) -> Json:
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return _object({"name": {"const": function["name"]}, "arguments": parameters})


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _told(functions: Sequence[Json], *, free: bool) -> str:
    listed = "\n".join(json.dumps(function, ensure_ascii=False) for function in functions)
    answer = f' Where no function fits, answer with {{"{_ANSWER}": "..."}}.' if free else ""
    return (
        'Call one of these functions by answering with JSON, {"name": ..., "arguments": {...}}, and nothing else.'
        f"{answer}\n{listed}"
    )


def _after_system(messages: Sequence[Json]) -> int:
    count = 0
    while count < len(messages) and messages[count].get("role") in {"system", "developer"}:
        count += 1
    return count


def _one_system(messages: Sequence[Json]) -> list[Json]:
    """System messages at the front as one: many templates take no second."""
    count = _after_system(messages)
    texts = [_text(message.get("content")) for message in messages[:count]]
    return [{"role": "system", "content": "\n\n".join(texts)}, *messages[count:]]


def _as_text(messages: Sequence[Json]) -> list[Json]:
    """Earlier calls and their results as what the model said and was told."""
    worded = list[Json]()
    names: dict[str, str] = {}
    for message in messages:
        if message.get("tool_calls"):
            calls = cast("Sequence[Json]", message["tool_calls"])
            names |= {str(call.get("id")): str(call["function"]["name"]) for call in calls}
            said = [{"name": c["function"]["name"], "arguments": _parsed(c["function"]["arguments"])} for c in calls]
            text = "\n".join(json.dumps(call, ensure_ascii=False) for call in said)
            worded.append({"role": "assistant", "content": text})
        elif message.get("role") == "tool":
            name = names.get(str(message.get("tool_call_id")), "the function")
            worded.append({"role": "user", "content": f"Result of {name}: {_text(message.get('content'))}"})
        else:
            worded.append(message)
    return worded


def _text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in cast("list[dict[str, Any]]", content))
    return str(content or "")


def _parsed(arguments: object) -> object:
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def _with_call(choice: Json) -> Json:
    message = cast("Json", choice.get("message") or {})
    found = _parsed(message.get("content"))
    if not isinstance(found, dict) or choice.get("finish_reason") == "length":
        return choice
    said = cast("dict[str, Any]", found)
    if said.keys() == {_ANSWER}:
        return {**choice, "message": {**message, "content": str(said[_ANSWER])}}
    if said.keys() != {"name", "arguments"}:
        return choice
    function = {"name": said["name"], "arguments": json.dumps(said["arguments"], ensure_ascii=False)}
    call = {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}
    return {**choice, "finish_reason": "tool_calls", "message": {**message, "content": None, "tool_calls": [call]}}
