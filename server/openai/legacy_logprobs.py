"""Probabilities of tokens as `/v1/completions` has them; runtimes give them as chats have them."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from tools.serving.runtime import Json


def legacy_logprobs(answer: Json, offset: int = 0) -> Json:
    """An answer of `/v1/completions`, or a chunk of one, whose probabilities have the form of that endpoint.

    Args:
        offset: of its text in the whole.
    """
    choices = answer.get("choices")
    if not isinstance(choices, list):
        return answer
    return {**answer, "choices": [_with_legacy(choice, offset) for choice in choices]}  # pyright: ignore[reportUnknownArgumentType]


def _with_legacy(choice: Mapping[str, Any], offset: int) -> Json:
    given = choice.get("logprobs")
    if not isinstance(given, dict) or "content" not in given:
        return choice
    entries: list[dict[str, Any]] = given["content"] or []
    offsets, at = list[int](), offset
    for entry in entries:
        offsets.append(at)
        at += len(entry["token"])
    tops = [{top["token"]: top["logprob"] for top in entry.get("top_logprobs") or ()} for entry in entries]
    legacy = {
        "tokens": [entry["token"] for entry in entries],
        "token_logprobs": [entry["logprob"] for entry in entries],
        "top_logprobs": tops,
        "text_offset": offsets,
    }
    return {**choice, "logprobs": legacy}


async def legacy_chunks(chunks: AsyncGenerator[Json]) -> AsyncGenerator[Json]:
    """The chunks of a stream, each with them; closing it closes the stream."""
    offset = 0
    try:
        async for chunk in chunks:
            shown = legacy_logprobs(chunk, offset)
            offset += sum(len(str(choice.get("text") or "")) for choice in chunk.get("choices") or ())
            yield shown
    finally:
        await chunks.aclose()
