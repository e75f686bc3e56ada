"""Probabilities of `/v1/completions` in that endpoint's own form."""

from collections.abc import AsyncGenerator
from typing import Any

from server.openai.legacy_logprobs import legacy_chunks, legacy_logprobs


def entry(token: str, *others: str) -> dict[str, Any]:
    tops = [{"token": one, "logprob": -1.0, "bytes": []} for one in (token, *others)]
    return {"token": token, "logprob": -0.5, "bytes": [], "top_logprobs": tops}


def answer(*entries: dict[str, Any]) -> dict[str, Any]:
    text = "".join(one["token"] for one in entries)
    return {"choices": [{"index": 0, "text": text, "logprobs": {"content": list(entries)}}]}


def test_tokens_their_probabilities_others_and_places() -> None:
    shown = legacy_logprobs(answer(entry("The", "A"), entry(" fan")))
    assert shown["choices"][0]["logprobs"] == {
        "tokens": ["The", " fan"],
        "token_logprobs": [-0.5, -0.5],
        "top_logprobs": [{"The": -1.0, "A": -1.0}, {" fan": -1.0}],
        "text_offset": [0, 3],
    }


def test_an_answer_without_them_stays_as_it_is() -> None:
    plain = {"choices": [{"index": 0, "text": "x", "logprobs": None}], "usage": {}}
    assert legacy_logprobs(plain) == plain


async def test_places_in_a_stream_go_on() -> None:
    async def source() -> AsyncGenerator[dict[str, Any]]:
        yield answer(entry("The"))
        yield answer(entry(" fan"))
        yield {"choices": [], "usage": {"total_tokens": 3}}

    shown = [chunk async for chunk in legacy_chunks(source())]
    assert [chunk["choices"][0]["logprobs"]["text_offset"] for chunk in shown[:2]] == [[0], [3]]
    assert shown[2]["choices"] == []
