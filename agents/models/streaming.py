"""Text as it is written: deltas of a chat model under limits of time, failures in the tree's terms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from math import ceil
from typing import TYPE_CHECKING, Any, cast

from agents.models.failures import translate_failures
from agents.models.resolve import ResolvedModel
from agents.models.schemas import schema_of, show_schema
from edge.kernel.errors import Interrupted, InvalidInput, OutOfTime, Unavailable

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk, BaseMessage

__all__ = ["estimate_tokens", "stream_text"]

_END_MARKS = ("finish_reason", "done_reason", "stop_reason", "stopReason", "done")
"""What the last chunk's metadata holds, by provider: OpenAI and local, Ollama, Anthropic, Bedrock."""

_OPTIONS = frozenset({"max_tokens", "temperature", "top_p", "seed", "stop", "response_format"})
_OLLAMA_OPTIONS = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
}


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
        bind: the same for every provider: `max_tokens`, `temperature`, `top_p`, `seed`, `stop`, and `response_format`
            (`{"type": "json_schema", "json_schema": {"name": …, "schema": …}}`, shown to small models in the prompt).

    Raises:
        InvalidInput: no model is configured, the prompt is longer than the context, or an option is not accepted.
        NotFound, NotAllowed, Unavailable: the provider refused or does not answer.
        OutOfTime: a limit was reached.
        Interrupted: the answer stopped without its end mark.
    """
    chat = model.chat if model.is_built else await asyncio.to_thread(lambda: model.chat)
    if chat is None:
        raise InvalidInput("No language model is configured.", "Set CHARGEHAND_MODEL to provider:name.")
    worded, options = _for_provider(model, messages, bind)
    ended = False
    clock = asyncio.get_running_loop().time
    with translate_failures(model.reference) as call:
        stream = cast("AsyncGenerator[AIMessageChunk]", chat.astream(worded, **options))
        async with aclosing(stream):
            deadline = clock() + first_token_s
            while True:
                chunk = await _next(stream, deadline, model, call.answered)
                if chunk is None:
                    break
                if metadata := chunk.response_metadata:
                    ended = ended or any(metadata.get(mark) for mark in _END_MARKS)
                if text := chunk.text:
                    call.answered = True
                    yield text
                if call.answered:
                    deadline = clock() + next_token_s
    if not ended and not call.answered:
        raise Unavailable(f"The model {model.reference} gave no answer.", "Ask again.")
    if not ended:
        raise Interrupted(f"The model {model.reference} stopped before the end of its answer.", "Ask again.")


def estimate_tokens(text: str) -> int:
    """Upper estimate of the tokens in a text without its tokenizer: three Latin characters each, other script one.

    English takes about 4 characters a token, Chinese 1 to 1.5; so this errs on the side of too many.
    """
    plain = sum(character.isascii() for character in text)
    return ceil(plain / 3) + len(text) - plain


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


def _for_provider(
    model: ResolvedModel, messages: Sequence[BaseMessage], bind: Mapping[str, Any]
) -> tuple[list[BaseMessage], dict[str, Any]]:
    """Messages and options in the form that the provider's client takes."""
    unknown = bind.keys() - _OPTIONS
    if unknown:
        raise InvalidInput(f"No model takes {', '.join(sorted(unknown))}.", f"Options: {', '.join(sorted(_OPTIONS))}.")
    worded, options = list(messages), {name: value for name, value in bind.items() if value is not None}
    if model.reference.provider != "ollama":
        return worded, options
    schema = schema_of(options.get("response_format"))
    if schema is not None:
        worded = show_schema(worded, schema)
    tokens = sum(estimate_tokens(message.text) + 8 for message in worded)
    if tokens > model.context_tokens:
        raise InvalidInput(
            f"The prompt has about {tokens} tokens; {model.reference} reads {model.context_tokens}.",
            "Shorten it: Ollama would cut its beginning silently.",
        )
    # Options given in one call replace all of the chat model's own, so its own are said again.
    own = {"num_ctx": model.context_tokens, "temperature": 0.0}
    given = {_OLLAMA_OPTIONS[name]: options.pop(name) for name in list(options) if name in _OLLAMA_OPTIONS}
    return worded, {**options, "options": own | given}
