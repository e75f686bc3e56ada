"""An HTTP status of a runtime as an error of the tree."""

from collections.abc import Mapping
from typing import Any, cast

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound, OutOfTime, Unavailable

__all__ = ["refusal"]


def refusal(who: str, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> ChargehandError:
    """What a status of 400 or more means for the hub's caller.

    A refused key is the hub's own configuration, not the caller's fault: Unavailable, so that another version may
    serve. What the runtime says of a request is passed on, for only the caller can mend it.

    Args:
        who: what the runtime is called in messages.
        body: the answer's JSON object, empty where it had none.
    """
    said = _said(body)
    match status:
        case 401 | 403:
            found = Unavailable(f"{who} refuses the hub's key (status {status}).", "Check the key in the settings.")
        case 404:
            found = NotFound(f"{who} has no such model: {said}.", "Fetch or create it first.")
        case 408:
            found = OutOfTime(f"{who} did not answer in time (status 408).", "Try again.")
        case 429:
            wait = headers.get("retry-after", "")
            advice = f"Try again in {wait} s." if wait.isdigit() else "Try again later."
            found = Unavailable(f"{who} has no room for this request now: its rate limit is reached.", advice)
        case 501:
            found = InvalidInput(f"{who} does not do this: {said}.", "Choose a model that does.")
        case _ if status >= 500:
            found = Unavailable(f"{who} failed (status {status}): {said}.", "Try again.")
        case _:
            found = InvalidInput(f"{who} did not accept the request: {said}.", "Correct the request.")
    return found


def _said(body: Mapping[str, Any]) -> str:
    error: object = body.get("error", body.get("detail", ""))
    if isinstance(error, dict):
        error = cast("Mapping[str, object]", error).get("message", "")
    return str(error).strip().partition("\n")[0].rstrip(".")[:300] or "it gave no reason"
