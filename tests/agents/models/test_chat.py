import json

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from agents.models.chat import estimate_tokens, schema_of, show_schema

SCHEMA = {"type": "object", "properties": {"einheit": {"enum": ["°C", "度"]}}}


def test_finds_the_schema_in_both_forms_of_response_format() -> None:
    assert schema_of({"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}) == SCHEMA
    assert schema_of({"type": "json_object", "schema": SCHEMA}) == SCHEMA
    assert schema_of({"type": "json_object"}) is None
    assert schema_of(None) is None


def test_joins_the_schema_to_the_system_message() -> None:
    before = [SystemMessage("Be short."), HumanMessage("Which unit?")]
    after = show_schema(before, SCHEMA)
    assert [message.type for message in after] == ["system", "human"]
    assert after[0].text.startswith("Be short.\n")
    assert json.loads(after[0].text.splitlines()[-1]) == SCHEMA
    assert before[0].text == "Be short."


def test_makes_a_system_message_where_there_is_none() -> None:
    after = show_schema([HumanMessage("Which unit?")], SCHEMA)
    assert [message.type for message in after] == ["system", "human"]
    assert "度" in after[0].text


@given(st.text(), st.text())
def test_the_estimate_of_tokens_grows_with_the_text(text: str, more: str) -> None:
    assert estimate_tokens(text + more) >= max(estimate_tokens(text), estimate_tokens(more))
    assert estimate_tokens(text) <= len(text)
