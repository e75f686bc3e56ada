"""Tool calls of models that no runtime holds to a tool."""

import json
from typing import Any

import jsonschema
import pytest

from edge.kernel.errors import InvalidInput
from tools.serving.tool_calls import ToolRequest, tool_request

WEATHER = {
    "name": "weather",
    "description": "The weather somewhere.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CLOCK = {"name": "clock"}
TOOLS = [{"type": "function", "function": function} for function in (WEATHER, CLOCK)]
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Will it rain in Ulm?"}]
CALL = {"name": "weather", "arguments": {"city": "Ulm"}}


def request(**more: Any) -> ToolRequest:
    made = tool_request({"messages": ASKED, "tools": TOOLS, **more}, holds_to_none=True)
    assert made is not None
    return made


def schema_of(made: ToolRequest) -> dict[str, Any]:
    return made.body["response_format"]["json_schema"]["schema"]


def answered(text: str, finish: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "c1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"total_tokens": 9},
    }


@pytest.mark.parametrize(
    ("choice", "fits", "does_not"),
    [
        ("auto", [CALL, {"name": "clock", "arguments": {}}, {"answer": "no"}], [{"name": "other", "arguments": {}}]),
        ("required", [CALL], [{"answer": "no"}, {"name": "weather", "arguments": {}}]),
        ({"type": "function", "function": {"name": "weather"}}, [CALL], [{"name": "clock", "arguments": {}}]),
    ],
)
def test_the_schema_allows_what_was_asked_for_alone(choice: Any, fits: list[Any], does_not: list[Any]) -> None:
    schema = schema_of(request(tool_choice=choice))
    for one in fits:
        jsonschema.validate(one, schema)
    for one in does_not:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(one, schema)


def test_the_tools_stand_in_the_one_system_message() -> None:
    made = request()
    assert [message["role"] for message in made.body["messages"]] == ["system", "user"]
    assert "Be brief." in made.body["messages"][0]["content"]
    assert "The weather somewhere." in made.body["messages"][0]["content"]
    assert not {"tools", "tool_choice"} & made.body.keys()


def test_a_call_is_worded_as_openai_words_it() -> None:
    choice = request().read(answered(json.dumps(CALL)))["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]["name"]) == ("function", "weather")
    assert json.loads(call["function"]["arguments"]) == {"city": "Ulm"}
    assert choice["message"]["content"] is None


def test_an_answer_in_words_is_text() -> None:
    choice = request().read(answered('{"answer": "It is dry."}'))["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("It is dry.", "stop")


def test_what_was_cut_off_is_no_call() -> None:
    cut = answered('{"name": "weather", "argu', "length")
    assert request().read(cut)["choices"] == cut["choices"]


def test_as_a_stream() -> None:
    made = request()
    chunks = list(made.chunks(made.read(answered(json.dumps(CALL)))))
    assert chunks[0]["choices"][0]["delta"]["tool_calls"][0]["index"] == 0
    assert chunks[1]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[2]["usage"] == {"total_tokens": 9}


def test_earlier_calls_and_results_are_told() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
    said = [
        *ASKED,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "dry"},
    ]
    made = tool_request({"messages": said, "tools": TOOLS, "tool_choice": "none"}, holds_to_none=True)
    assert made is not None
    assert [message["role"] for message in made.body["messages"]] == ["system", "user", "assistant", "user"]
    assert made.body["messages"][3]["content"] == "Result of weather: dry"
    assert "response_format" not in made.body


def test_a_runtime_that_knows_tools_keeps_what_it_may_choose() -> None:
    free = {"messages": ASKED, "tools": TOOLS}
    assert tool_request(free, holds_to_none=False) is None
    assert tool_request({**free, "tool_choice": "required"}, holds_to_none=False) is not None
    assert tool_request({"messages": ASKED}, holds_to_none=True) is None


def test_two_forms_at_once_are_refused() -> None:
    with pytest.raises(InvalidInput, match="not both"):
        request(response_format={"type": "json_object"})
