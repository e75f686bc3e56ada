import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.model_steps import mend_arguments, nearest, read_object
from edge.kernel.errors import ModelMisbehaved

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SCHEMA: dict[str, Any] = {
    "properties": {
        "sensor": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 50},
        "ratio": {"type": "number"},
        "level": {"anyOf": [{"enum": ["warning", "error"], "type": "string"}, {"type": "null"}]},
        "whole": {"type": "boolean"},
        "names": {"type": "array", "items": {"type": "string"}},
        "kind": {"$ref": "#/$defs/Kind"},
    },
    "$defs": {"Kind": {"enum": ["hot", "cold"], "type": "string"}},
    "required": ["sensor"],
}


@pytest.mark.parametrize(
    "text",
    [
        '{"tool": "a", "arguments": {"x": 1}}',
        '```json\n{"tool": "a", "arguments": {"x": 1}}\n```',
        'Sure! {"tool": "a", "arguments": {"x": 1}} I hope that helps {',
        "{'tool': 'a', 'arguments': {'x': 1}}",
        '{tool: "a", arguments: {x: 1}}',
        '{"tool": "a", "arguments": {"x": 1,},}',
        '{"tool": "a", "arguments": {"x": 1',
        '<tool_call>{"tool": "a", "arguments": {"x": 1}}</tool_call>',
    ],
)
def test_what_was_plainly_meant_is_read(text: str) -> None:
    assert read_object(text) == {"tool": "a", "arguments": {"x": 1}}


def test_a_text_that_ends_in_the_middle_is_closed() -> None:
    assert read_object('{"arguments": {"answer": "It is hot and') == {"arguments": {"answer": "It is hot and"}}
    assert read_object('{"a": "ends in \\') == {"a": "ends in "}
    assert read_object('{"a": "it\'s", "b":') == {"a": "it's"}


@pytest.mark.parametrize(
    "text", ["", "I cannot do that.", "[1, 2]", "{{{{", "{]", "{'a': __import__('os')}", "{" * 5000]
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(ModelMisbehaved):
        read_object(text)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_json_stays_what_it_is(value: dict[str, Any]) -> None:
    assert read_object(f"so: {json.dumps(value)} done") == value


@given(st.text())
def test_any_text_is_an_object_or_refused(text: str) -> None:
    with suppress(ModelMisbehaved):
        assert isinstance(read_object(text), dict)


@pytest.mark.parametrize(
    ("given_", "mended"),
    [
        ({"sensr": "oil"}, {"sensor": "oil"}),
        ({"Sensor": "oil", "colour": "red"}, {"sensor": "oil"}),
        ({"limit": "20 lines"}, {"limit": 20}),
        ({"limit": 20.0}, {"limit": 20}),
        ({"limit": 900}, {"limit": 900}),
        ({"ratio": "0,5"}, {"ratio": 0.5}),
        ({"level": "errors"}, {"level": "error"}),
        ({"level": "none"}, {}),
        ({"level": None}, {}),
        ({"whole": "yes"}, {"whole": True}),
        ({"names": "oil"}, {"names": ["oil"]}),
        ({"sensor": ["oil"]}, {"sensor": "oil"}),
        ({"sensor": 101}, {"sensor": "101"}),
        ({"kind": "Hot"}, {"kind": "hot"}),
        ("oil", {"sensor": "oil"}),
        (None, {}),
    ],
)
def test_arguments_come_nearer_to_their_schema(given_: Any, mended: dict[str, Any]) -> None:
    assert mend_arguments(given_, SCHEMA) == mended


@given(JSON)
def test_any_arguments_are_survived(given_: Any) -> None:
    assert mend_arguments(given_, SCHEMA).keys() <= SCHEMA["properties"].keys()


def test_the_nearest_name_is_taken_only_where_it_is_near() -> None:
    known = ["sensor_read", "sensor_list", "log_search"]
    assert nearest("Sensor-Read", known) == "sensor_read"
    assert nearest("sensor_reed", known) == "sensor_read"
    assert nearest("search_web", known) is None
    assert nearest("", known) is None
