"""Text as it is written: deltas of a chat model under limits of time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from agents.models.resolve import ResolvedModel
from edge.kernel.errors import ChargehandError, Interrupted, InvalidInput, NotAllowed, OutOfTime, Unavailable
from tools.serving.client import KeyRefused
from tools.serving.providers import PROVIDERS

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk, BaseMessage


_FENCE = re.compile(r"^\s*```(?:json)?\s*\n|\n\s*```\s*$")
"""What some servers put around JSON that they were asked for."""


async def stream_text(
    model: ResolvedModel,
    messages: Sequence[BaseMessage],
    *,
    first_token_s: float,
    next_token_s: float,
    **bind: Any,
) -> AsyncGenerator[str]:
    """Yield the answer's text in pieces, none empty. Closing the iterator or cancelling its task stops the model.

    Args:
        model: its chat model is built first, where that was not done before.
        messages: the whole conversation, oldest first.
        first_token_s: longest wait for the first text, seconds; loading a model counts, importing its client does not.
        next_token_s: longest silence after that, seconds.
        bind: the same for every provider: see `agents.models.chat.ServedChat`.

    Raises:
        InvalidInput: no model is configured, the prompt is longer than the context, or an option is not accepted.
        NotFound, NotAllowed, Unavailable: the provider refused or does not answer.
        LimitReached: the tenant has used what it may.
        OutOfTime: a limit was reached.
        Interrupted: the answer stopped without its end mark.
    """
    chat = model.chat if model.is_built else await asyncio.to_thread(lambda: model.chat)
    if chat is None:
        raise InvalidInput("No language model is configured.", "Set CHARGEHAND_MODEL to provider:name.")
    ended = answered = False
    clock = asyncio.get_running_loop().time
    try:
        stream = cast("AsyncGenerator[AIMessageChunk]", chat.astream(list(messages), **bind))
        async with aclosing(stream):
            deadline = clock() + first_token_s
            while (chunk := await _next(stream, deadline, model, answered)) is not None:
                ended = ended or bool(chunk.response_metadata.get("finish_reason"))
                if text := chunk.text:
                    answered = True
                    yield text
                if answered:
                    deadline = clock() + next_token_s
    except (Interrupted, KeyRefused) as error:
        raise _failure(error, model, answered) from error
    if not ended and not answered:
        raise Unavailable(f"The model {model.reference} gave no answer.", "Ask again.")
    if not ended:
        raise Interrupted(f"The model {model.reference} stopped before the end of its answer.", "Ask again.")


async def answer_json(
    model: ResolvedModel, instructions: str, text: str, schema: Mapping[str, Any], *, limit_s: float, max_tokens: int
) -> Any:
    """What a model answers to a text under a JSON schema; None where it is no JSON.

    Args:
        text: read to its first 2000 characters.
        limit_s: longest wait for the first text, and longest silence after that.

    Raises:
        ChargehandError: as `stream_text`.
    """
    from langchain_core.messages import HumanMessage, SystemMessage

    deltas = stream_text(
        model,
        [SystemMessage(instructions), HumanMessage(text[:2000])],
        first_token_s=limit_s,
        next_token_s=limit_s,
        max_tokens=max_tokens,
        response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    )
    answer = "".join([delta async for delta in deltas])
    try:
        return json.loads(_FENCE.sub("", answer))
    except ValueError:
        return None


async def _next(
    stream: AsyncGenerator[AIMessageChunk], deadline: float, model: ResolvedModel, answered: bool
) -> AIMessageChunk | None:
    """The next chunk, None at the end."""
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await anext(stream, None)
    except TimeoutError as error:
        if not limit.expired():
            raise
        what = "fell silent half-way" if answered else "did not begin to answer in time"
        raise OutOfTime(f"The model {model.reference} {what}.", "Ask again, or choose a smaller model.") from error


def _failure(error: Interrupted | KeyRefused, model: ResolvedModel, answered: bool) -> ChargehandError:
    """The same failure to whom the chat answers: a key that is refused is theirs, and nothing said is unavailable."""
    if isinstance(error, KeyRefused):
        variable = PROVIDERS[model.reference.provider].key_variable
        return NotAllowed(error.message, f"Check {variable or 'the key'} and what it may use.")
    return error if answered else Unavailable(error.message, error.advice)
