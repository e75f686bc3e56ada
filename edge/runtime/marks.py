"""Marks by which chat templates tell turns apart, broken wherever they stand in a text.

A log line or a document that holds `<|im_end|>` must not end its turn and open one of its own.
"""

import re
from collections.abc import Sequence

from edge.runtime.port import Message

__all__ = ["without_marks", "worded"]

_MARKS = re.compile(
    r"<(?=\s?[|\uff5c][^<>|\uff5c]{1,60}[|\uff5c]\s?>)"  # <|im_start|>, <|eot_id|>, and the wide bars of DeepSeek
    r"|<(?=/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|think|tool_call|tool_response)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
    r"|<(?=</?SYS>>)",
    re.IGNORECASE,
)


def without_marks(text: str) -> str:
    """The text with a space inside each mark, so that no tokenizer takes it for one."""
    return _MARKS.sub(lambda found: f"{found[0]} ", text)


def worded(messages: Sequence[Message], system: str = "") -> list[dict[str, str]]:
    """The messages as chat APIs take them. What a tool said comes as the user's: small models' templates know no tools.

    Args:
        system: goes first where the messages bring no system prompt.
    """
    said = [
        {"role": "user" if message.role == "tool" else message.role, "content": without_marks(message.content)}
        for message in messages
    ]
    if system and all(message.role != "system" for message in messages):
        said.insert(0, {"role": "system", "content": system})
    return said
