"""What may be said in a turn: validation of messages, and reading them out of the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from edge.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage


def check_message(message: str, limit_bytes: int) -> None:
    """Raises InvalidInput: the message is blank, not Unicode, or longer than `limit_bytes` in UTF-8."""
    if not message.strip():
        raise InvalidInput("The message is empty.", "Type a question.")
    try:
        size_bytes = len(message.encode())
    except UnicodeEncodeError as error:  # lone surrogates: half an emoji, or bytes of another encoding
        raise InvalidInput(
            f"The message has something at character {error.start + 1} that is not Unicode text.", "Send it as UTF-8."
        ) from error
    if size_bytes > limit_bytes:
        raise InvalidInput(
            f"The message has {size_bytes:,} bytes; the limit is {limit_bytes:,}.",
            "Put long texts into a file and use `chargehand ingest`.",
        )


def checked_text(said: Any, limit_bytes: int) -> str:
    """What came from outside as a message's text. Raises InvalidInput: it is no text, or as `check_message`."""
    if not isinstance(said, str):
        raise InvalidInput("The message is not text.", "Type a question.")
    check_message(said, limit_bytes)
    return said


def check_asked(messages: Sequence[AnyMessage], limit_bytes: int) -> None:
    """Raises InvalidInput: a thread's last message is not the user's, has more than text, or as `check_message`."""
    if not messages or messages[-1].type != "human":
        raise InvalidInput("There is no new message of the user.", "Give `messages` with one, or `text`.")
    content = messages[-1].content
    blocks = [content] if isinstance(content, str) else cast("list[Any]", content)
    if not all(isinstance(block, str) or block.get("type") == "text" for block in blocks):
        raise InvalidInput("The message holds something that is not text.", "Send text alone.")
    check_message(str(messages[-1].text), limit_bytes)


def last_question(messages: Sequence[AnyMessage], before: int = 0) -> str:
    """Text of the user's last message, or of the one that came `before` messages earlier; empty when there is none."""
    asked = [message for message in messages if message.type == "human"]
    return str(asked[-1 - before].text) if len(asked) > before else ""
