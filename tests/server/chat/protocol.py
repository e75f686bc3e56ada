"""What AG-UI 1.0 demands of the events of one run, as its TypeScript client verifies them before it shows anything."""

from collections.abc import Sequence
from typing import Any

from ag_ui.core import Event
from pydantic import TypeAdapter

__all__ = ["assert_valid"]

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)
_OPENS = {
    "TEXT_MESSAGE_START": ("text", "message_id"),
    "REASONING_START": ("reasoning", "message_id"),
    "REASONING_MESSAGE_START": ("reasoning message", "message_id"),
    "TOOL_CALL_START": ("tool call", "tool_call_id"),
    "STEP_STARTED": ("step", "step_name"),
}
_GOES_ON = {
    "TEXT_MESSAGE_CONTENT": ("text", "message_id"),
    "REASONING_MESSAGE_CONTENT": ("reasoning message", "message_id"),
    "TOOL_CALL_ARGS": ("tool call", "tool_call_id"),
}
_CLOSES = {
    "TEXT_MESSAGE_END": ("text", "message_id"),
    "REASONING_END": ("reasoning", "message_id"),
    "REASONING_MESSAGE_END": ("reasoning message", "message_id"),
    "TOOL_CALL_END": ("tool call", "tool_call_id"),
    "STEP_FINISHED": ("step", "step_name"),
}
_ENDS = {"RUN_FINISHED", "RUN_ERROR"}


def assert_valid(lines: Sequence[str]) -> list[Any]:
    """Parse the events of one whole run and check their order; returns them as ag_ui's models."""
    events = [_EVENT.validate_json(line) for line in lines]
    kinds = [event.type.value for event in events]
    assert kinds[0] == "RUN_STARTED"
    assert kinds.count("RUN_STARTED") == 1
    assert kinds[-1] in _ENDS
    assert not _ENDS & set(kinds[:-1])
    opened: set[tuple[str, str]] = set()
    closed: set[tuple[str, str]] = set()
    for kind, event in zip(kinds, events, strict=True):
        if kind in _OPENS:
            key = _key(_OPENS[kind], event)
            assert key not in opened, f"{kind}: {key} is open already"
            assert key[0] == "step" or key not in closed, f"{kind}: {key} was closed"
            opened.add(key)
        elif kind in _GOES_ON:
            assert _key(_GOES_ON[kind], event) in opened, f"{kind} outside of its message"
            assert event.delta
        elif kind in _CLOSES:
            key = _key(_CLOSES[kind], event)
            assert key in opened, f"{kind}: {key} is not open"
            opened.remove(key)
            closed.add(key)
        elif kind == "TOOL_CALL_RESULT":
            assert ("tool call", event.tool_call_id) in closed, "a result of a call that was not made"
    assert opened == set(), f"still open at the end: {opened}"
    return events


def _key(place: tuple[str, str], event: Any) -> tuple[str, str]:
    return place[0], getattr(event, place[1])
