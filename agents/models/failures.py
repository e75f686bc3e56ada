"""What providers' clients raise, as the error tree.

Failures are known by the names of their classes and by status codes, so that no client library is imported here, and
httpx and its successor, openai and anthropic (whose errors are made alike) need one rule each.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from traceback import walk_tb
from typing import cast

from agents.models.reference import PROVIDERS, ModelReference
from edge.kernel.errors import (
    ChargehandError,
    Interrupted,
    InvalidInput,
    NotAllowed,
    NotFound,
    OutOfTime,
    Unavailable,
)

__all__ = ["Call", "translate_failures"]

_TIMEOUTS = frozenset({"TimeoutError", "TimeoutException", "APITimeoutError", "ModelTimeoutError"})
_CONNECTIONS = frozenset({"ConnectionError", "TransportError", "APIConnectionError", "ModelConnectionError"})
_LENGTHS = frozenset({"ContextOverflowError", "LengthFinishReasonError"})
_REPORTED = frozenset({"ResponseError", "APIError", "ModelError"})
_CLIENTS = frozenset({"openai", "anthropic", "ollama", "langchain_openai", "langchain_anthropic", "langchain_ollama"})
"""Packages that read answers; a mistake in the shape of an answer surfaces in one of them."""

_NO_CHUNKS = "No generation chunks were returned"


@dataclass
class Call:
    """A call of a model that is under way.

    Attributes:
        answered: set it once part of an answer came; a lost connection is then Interrupted, not Unavailable.
    """

    answered: bool = False


@contextmanager
def translate_failures(reference: ModelReference | None = None) -> Generator[Call]:
    """Wrap a call of a model; what a provider's client raises leaves as an error of the tree.

    A plain `with`, also around awaits. Errors of the tree, cancellation and programming mistakes pass unchanged.

        with translate_failures(model.reference) as call:
            async for chunk in chat.astream(messages):
                call.answered = True

    Raises:
        NotAllowed, NotFound, InvalidInput, Unavailable: the provider refused (401 and 403, 404, other 4xx, 429 and
            5xx), or cannot be reached.
        Interrupted: the connection or the answer broke after its beginning.
        OutOfTime: the client's own limit was reached.
    """
    call = Call()
    try:
        yield call
    except ChargehandError:
        raise
    except Exception as error:
        failure = _failure_of(error, reference, call.answered)
        if failure is None:
            raise
        raise failure from error


def _failure_of(error: Exception, reference: ModelReference | None, answered: bool) -> ChargehandError | None:
    """The failure in the tree's terms; None when the error is none of a provider."""
    model = f"The model {reference}" if reference else "The model"
    kinds = {base.__name__ for base in type(error).__mro__}
    status = _status_of(error)
    if kinds & _TIMEOUTS:
        return OutOfTime(f"{model} did not answer in time.", "Try again, or choose a smaller model.")
    if kinds & _LENGTHS:
        return _too_long(kinds, model)
    if status is not None:
        return _refusal(status, error, model, reference)
    if kinds & _CONNECTIONS:
        return _lost(model, reference, answered)
    if kinds & _REPORTED:
        return _broken(answered, f"{model} reported a failure: {_message_of(error)}.")
    return _broken(answered, f"{model} sent something that is no answer.") if _is_garbage(error) else None


def _too_long(kinds: set[str], model: str) -> ChargehandError:
    if "LengthFinishReasonError" in kinds:
        return Interrupted(f"{model} ran into its limit of tokens half-way.", "Allow more max_tokens.")
    return InvalidInput(f"The prompt is longer than {model[0].lower()}{model[1:]} reads.", "Shorten it.")


def _refusal(status: int, error: Exception, model: str, reference: ModelReference | None) -> ChargehandError:
    """An answer with an HTTP status of 400 or more."""
    if status in {401, 403}:
        variable = PROVIDERS[reference.provider].key_variable if reference else ""
        return NotAllowed(
            f"{model} is refused to this account (status {status}).",
            f"Check {variable or 'the key'} and what it may use.",
        )
    if status == 404:
        return NotFound(f"{model} does not exist at its provider.", "Check the name with `chargehand doctor`.")
    if status == 408:
        return OutOfTime(f"{model} did not answer in time (status 408).", "Try again.")
    if status == 429:
        wait = _headers_of(error).get("retry-after", "")
        advice = f"Try again in {wait} s." if wait.isdigit() else "Try again later."
        return Unavailable(f"{model} has no room for this request now: its rate limit is reached.", advice)
    if status >= 500:
        return Unavailable(f"{model} failed at its provider (status {status}).", "Try again.")
    return InvalidInput(f"{model} did not accept the request: {_message_of(error)}.", "Correct the request.")


def _lost(model: str, reference: ModelReference | None, answered: bool) -> ChargehandError:
    if answered:
        return Interrupted(f"{model} stopped half-way: the connection was lost.", "Ask again.")
    start = "Start it with `ollama serve`." if reference and reference.provider == "ollama" else "Check the connection."
    return Unavailable(f"{model} does not answer.", start)


def _broken(answered: bool, message: str) -> ChargehandError:
    return Interrupted(message, "Ask again.") if answered else Unavailable(message, "Ask again.")


def _status_of(error: Exception) -> int | None:
    """The HTTP status that an error carries; None where there is none (Ollama's client says -1)."""
    carried: object = getattr(error, "status_code", None)
    if carried is None:
        carried = getattr(getattr(error, "response", None), "status_code", None)
    return carried if isinstance(carried, int) and carried >= 400 else None


def _headers_of(error: Exception) -> Mapping[str, str]:
    return cast("Mapping[str, str]", getattr(getattr(error, "response", None), "headers", None) or {})


def _message_of(error: Exception) -> str:
    """The provider's own words, one short line."""
    own: object = getattr(error, "error", None) or getattr(error, "message", None) or str(error)
    return str(own).strip().partition("\n")[0][:200].rstrip(".") or "no reason given"


def _is_garbage(error: Exception) -> bool:
    """Whether a client failed on what the server sent: it was no JSON, too little, or not of the right shape."""
    if isinstance(error, JSONDecodeError) or str(error) == _NO_CHUNKS:
        return True
    if not isinstance(error, ValueError | TypeError | AttributeError | LookupError):
        return False
    packages = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    own = [package for package in packages if package != "pydantic"]
    return bool(own) and own[-1] in _CLIENTS
