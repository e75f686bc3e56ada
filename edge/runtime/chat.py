"""What every chat model does alike: escape control tokens, keep within its context and its time, stop when told to.

A log line or a document that holds `<|im_end|>` must not end its turn and open one of its own: the marks by which chat
templates tell turns apart are broken wherever they stand in a text.
"""

import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from edge.kernel.errors import OutOfTime, PromptTooLong
from edge.runtime.port import Finish, Message, Reply

__all__ = ["LEAST_ANSWER", "Piece", "answer_within", "chat_messages", "room_for_answer", "without_marks"]

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


def chat_messages(messages: Sequence[Message], system: str = "") -> list[dict[str, str]]:
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


LEAST_ANSWER = 16
"""Tokens that must be left for an answer, or as many as the caller wants at most where that is less."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer. The last one has `finish`, and the counts where the runtime tells them."""

    text: str
    finish: Finish | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def room_for_answer(prompt_tokens: int, context_tokens: int, max_tokens: int) -> int:
    """Tokens that the answer may have. Raises PromptTooLong: that would be too few."""
    limit = context_tokens - min(max_tokens, LEAST_ANSWER)
    if prompt_tokens > limit:
        raise PromptTooLong(prompt_tokens, limit)
    return min(max_tokens, context_tokens - prompt_tokens)


def answer_within(
    pieces: Callable[[], AsyncGenerator[Piece]],
    prompt_tokens: int,
    timeout_s: float,
    stop_when: Callable[[str], bool] | None,
    model: str,
    monotonic: Callable[[], float] = time.monotonic,
) -> Reply:
    """Gather an answer. Blocks; not to be called where an event loop runs.

    Args:
        pieces: closing what it gives stops the model.
        prompt_tokens: told where the runtime does not count.

    Raises:
        OutOfTime: the limit passed; the model was stopped.
    """
    import asyncio

    begun = monotonic()

    async def gather() -> Reply:
        text, count = "", 0
        finish: Finish = "stop"
        read, written = prompt_tokens, None
        async with aclosing(pieces()) as stream:
            async for piece in stream:
                text += piece.text
                count += bool(piece.text)
                if piece.finish is not None:
                    finish, read, written = piece.finish, piece.input_tokens or prompt_tokens, piece.output_tokens
                    break
                if piece.text and stop_when is not None and stop_when(text):
                    finish = "cancelled"
                    break
        return Reply(text, read, count if written is None else written, finish, monotonic() - begun)

    async def within() -> Reply:
        async with asyncio.timeout(timeout_s):
            return await gather()

    try:
        return asyncio.run(within())
    except TimeoutError as error:
        raise OutOfTime(
            f"{model} did not answer within {timeout_s:g} s.", "Allow more time, or ask shorter."
        ) from error
