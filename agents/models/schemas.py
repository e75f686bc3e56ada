"""JSON schemas in the prompt: constrained decoding binds a model to a schema that it has not seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["schema_of", "show_schema"]


def schema_of(response_format: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """The JSON schema inside an OpenAI `response_format`; None when it carries none."""
    if not response_format:
        return None
    envelope = response_format.get("json_schema", response_format)
    schema = cast("Mapping[str, object]", envelope).get("schema") if isinstance(envelope, Mapping) else None
    return cast("Mapping[str, object]", schema) if isinstance(schema, Mapping) else None


def show_schema(messages: Sequence[BaseMessage], schema: Mapping[str, object]) -> list[BaseMessage]:
    """The messages with the schema added to the system message, which is made when there is none."""
    from langchain_core.messages import SystemMessage

    compact = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    order = f"Answer with one JSON object that fits this JSON schema, and nothing else:\n{compact}"
    if messages and isinstance(messages[0], SystemMessage):
        return [SystemMessage(f"{messages[0].text}\n\n{order}"), *messages[1:]]
    return [SystemMessage(order), *messages]
