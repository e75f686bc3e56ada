"""What every chat model does alike: keep within its context and its time, and stop when it is told to."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from edge.kernel.errors import OutOfTime, PromptTooLong
from edge.runtime.port import Finish, Reply

__all__ = ["LEAST_ANSWER", "Piece", "answer_within", "room_for_answer"]

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
