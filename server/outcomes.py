"""Maps the error tree to HTTP status, error code (HTTP, MCP and SSE) and exit code: one table for all."""

from dataclasses import dataclass
from typing import Any

from agents.events import Ending
from edge.kernel.errors import (
    ApprovalNeeded,
    Cancelled,
    ChargehandError,
    Conflict,
    GateRefused,
    Interrupted,
    InvalidInput,
    LimitReached,
    NotAllowed,
    NotFound,
    OutOfTime,
    StorageFailed,
    Unavailable,
    Untrusted,
)

DONE, FAILED, BAD_USAGE, REFUSED, WAITING = 0, 1, 2, 3, 4
INTERRUPTED, READER_LEFT = 130, 141
"""128 and the number of a signal, as a shell has it: SIGINT for Ctrl-C, SIGPIPE for a reader (`head`) that left"""


_WORST_FIRST = (FAILED, BAD_USAGE, REFUSED, WAITING, DONE)
_ENDINGS: dict[Ending, int] = {
    "done": DONE,
    "asked": DONE,
    "waiting_for_approval": WAITING,
    "gate_refused": REFUSED,
    "refused": BAD_USAGE,
    "failed": FAILED,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one kind of error is reported.

    Attributes:
        code: stable, for programs; in JSON bodies and in RUN_ERROR.
        status: of the HTTP answer.
        exit_code: of the command line.
    """

    code: str
    status: int
    exit_code: int


_OUTCOMES: dict[type[ChargehandError], Outcome] = {
    InvalidInput: Outcome("invalid_input", 422, BAD_USAGE),
    NotFound: Outcome("not_found", 404, BAD_USAGE),
    NotAllowed: Outcome("not_allowed", 403, BAD_USAGE),
    Conflict: Outcome("conflict", 409, FAILED),
    GateRefused: Outcome("gate_refused", 409, REFUSED),
    LimitReached: Outcome("limit_reached", 429, FAILED),
    Unavailable: Outcome("unavailable", 503, FAILED),
    Interrupted: Outcome("interrupted", 502, FAILED),
    OutOfTime: Outcome("out_of_time", 504, FAILED),
    StorageFailed: Outcome("storage_failed", 507, FAILED),
    ApprovalNeeded: Outcome("approval_needed", 202, WAITING),
    Cancelled: Outcome("cancelled", 409, FAILED),
    Untrusted: Outcome("untrusted", 403, BAD_USAGE),
}
_INTERNAL = Outcome("internal", 500, FAILED)
INTERNAL = {"code": "internal", "message": "An internal error; the hub's log has the details.", "advice": "Try again."}
"""The body of an error that is not in the tree."""


def outcome_of(error: BaseException) -> Outcome:
    """The row of the nearest class in the tree; anything that is not in the tree is internal."""
    for kind in type(error).__mro__:
        if kind in _OUTCOMES:
            return _OUTCOMES[kind]
    return _INTERNAL


def error_body(error: ChargehandError) -> dict[str, Any]:
    """The error as JSON over HTTP and MCP: `code`, `message`, `advice`, and what its kind carries beside them."""
    body: dict[str, Any] = {"code": outcome_of(error).code, "message": error.message, "advice": error.advice}
    if isinstance(error, ApprovalNeeded):
        body["approval_id"] = error.approval_id
    elif isinstance(error, NotFound):
        body["nearest"] = list(error.nearest)
    elif isinstance(error, GateRefused):
        body["reasons"] = list(error.reasons)
    elif isinstance(error, LimitReached):
        body["retry_after_s"] = error.retry_after_s
    return body


def error_of(code: str, message: str, advice: str) -> ChargehandError:
    """The error that another hub told of by its code; one that waits for an approval is a conflict here."""
    named = {outcome.code: kind for kind, outcome in _OUTCOMES.items() if kind is not ApprovalNeeded}
    return named.get(code, Conflict)(message, advice)


def exit_code_of(ending: Ending) -> int:
    """The exit code of a turn that ended so."""
    return _ENDINGS[ending]


def worst(first: int, second: int) -> int:
    """Of two exit codes: failed before bad usage, refused, waiting and done."""
    return min(first, second, key=_WORST_FIRST.index)
