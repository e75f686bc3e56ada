import asyncio

import httpx
import pytest
from agents.models.failures import translate_failures

from agents.models.reference import ModelReference
from memory.errors import ChargehandError, Interrupted, InvalidInput, NotFound, OutOfTime, Unavailable

PHI = ModelReference("ollama", "phi4-mini")


class APIStatusError(Exception):
    """Shaped as the errors of openai's and anthropic's clients."""

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message


def fail(error: Exception, answered: bool) -> None:
    """Call a model that answers in part or not at all, then fails."""
    with translate_failures(PHI) as call:
        call.answered = answered
        raise error


@pytest.mark.parametrize(
    ("error", "answered", "kind"),
    [
        (httpx.ConnectError("refused"), False, Unavailable),
        (httpx.ReadError("reset"), False, Unavailable),
        (httpx.ReadError("reset"), True, Interrupted),
        (httpx.RemoteProtocolError("incomplete chunked read"), True, Interrupted),
        (httpx.ReadTimeout("slow"), False, OutOfTime),
        (httpx.ConnectTimeout("slow"), False, OutOfTime),
        (TimeoutError(), True, OutOfTime),
        (ConnectionError("Failed to connect to Ollama."), False, Unavailable),
        (ConnectionResetError(), True, Interrupted),
        (APIStatusError(404, "no such model"), False, NotFound),
        (APIStatusError(529, "overloaded"), False, Unavailable),
        (APIStatusError(400, "max_tokens is too large"), False, InvalidInput),
    ],
    ids=repr,
)
def test_says_what_failed_and_what_to_do(error: Exception, answered: bool, kind: type[ChargehandError]) -> None:
    with pytest.raises(kind) as raised:
        fail(error, answered)
    assert raised.value.__cause__ is error
    assert "ollama:phi4-mini" in raised.value.message
    assert raised.value.advice


def test_the_providers_own_words_are_kept_short_and_on_one_line() -> None:
    with pytest.raises(InvalidInput) as raised, translate_failures(PHI):
        raise APIStatusError(400, "max_tokens is too large\n" + "x" * 5000)
    assert "max_tokens is too large." in raised.value.message
    assert len(raised.value.message) < 300


@pytest.mark.parametrize(
    "error",
    [
        NotFound("There is no such document."),
        ValueError("a mistake of ours"),
        TypeError(),
        KeyError("x"),
        ZeroDivisionError(),
    ],
    ids=repr,
)
def test_what_is_no_failure_of_a_provider_passes_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, translate_failures(PHI):
        raise error
    assert raised.value is error


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_cancellation_passes_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, translate_failures(PHI):
        raise error
    assert raised.value is error


async def test_stands_around_awaits() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(Unavailable, match="ollama serve"), translate_failures(PHI):
            await client.get("http://127.0.0.1:1")
