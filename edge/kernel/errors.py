"""Every error that Chargehand raises on purpose, on the hub and on devices, in one tree.

    ChargehandError
    ├── CallerError              the caller did something wrong: say what to do instead
    │   ├── InvalidInput         an argument, message, file or command line is not acceptable
    │   ├── NotFound             the named thing does not exist (carries the nearest names)
    │   ├── NotAllowed           the principal lacks a scope, the tenant is another's, a device's policy forbids it
    │   ├── Conflict             the thing is busy or already in another state
    │   ├── GateRefused          the evidence does not allow it (carries the reasons)
    │   └── LimitReached         the tenant asked more than it may for now (carries how long to wait)
    ├── DependencyError          the surroundings failed: the caller may be able to mend them
    │   ├── Unavailable          a service or model does not answer; may be retried
    │   ├── ModelUnavailable     on a device: no model answers, or it died while it did
    │   ├── LinkFailed           on a device: the hub was not reached, or not to the end; retried with back-off
    │   ├── ToolFailed           on a device: a tool could not do its work
    │   ├── Interrupted          it answered, then stopped half-way; may be retried
    │   ├── OutOfTime            a stated limit of time was reached
    │   └── StorageFailed        the disk is full, read-only or broken; nothing half-written stays
    ├── ApprovalNeeded           nothing was done yet: somebody has to agree first (carries the approval's id)
    ├── Cancelled                the user stopped the work
    ├── Untrusted                a signature or digest does not fit: what came is thrown away, and recorded
    ├── HubRefused               on a device: the hub understood and said no (carries its code)
    ├── OutboxFull               on a device: there is no room for what must not be lost; the action was not done
    ├── PromptTooLong            the messages do not fit the model's context (carries both counts)
    └── ModelMisbehaved          the model loops, or answers what cannot be used

One table each maps the tree to other worlds: `server/outcomes.py` (HTTP, event stream, exit codes of the hub's command
line), `edge/cli/__init__.py` (exit codes of the device's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError

__all__ = [
    "ApprovalNeeded",
    "CallerError",
    "Cancelled",
    "ChargehandError",
    "Conflict",
    "DependencyError",
    "GateRefused",
    "HubRefused",
    "Interrupted",
    "InvalidInput",
    "LimitReached",
    "LinkFailed",
    "ModelMisbehaved",
    "ModelUnavailable",
    "NotAllowed",
    "NotFound",
    "OutOfTime",
    "OutboxFull",
    "PromptTooLong",
    "StorageFailed",
    "ToolFailed",
    "Unavailable",
    "Untrusted",
    "format_validation_error",
]


class ChargehandError(Exception):
    """Root of the tree.

    Args:
        message: one sentence that says what failed, in the user's words.
        advice: one sentence that says what to do about it; empty when there is nothing to do.
    """

    retryable = False

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class CallerError(ChargehandError):
    """The caller did something wrong."""


class InvalidInput(CallerError):
    """An argument, message, file or command line is not acceptable."""


class NotFound(CallerError):
    """The named thing does not exist."""

    def __init__(self, message: str, advice: str = "", nearest: Sequence[str] = ()) -> None:
        if nearest and not advice:
            advice = f"Nearest: {', '.join(nearest)}."
        super().__init__(message, advice)
        self.nearest = tuple(nearest)


class NotAllowed(CallerError):
    """The principal lacks a scope, the tenant is another's, or a device's policy forbids it."""


class Conflict(CallerError):
    """The thing is busy or already in another state."""


class GateRefused(CallerError):
    """The evidence does not allow it: a gate failed, or has too little to go by."""

    def __init__(self, message: str, advice: str = "", reasons: Sequence[str] = ()) -> None:
        super().__init__(message, advice)
        self.reasons = tuple(reasons)


class LimitReached(CallerError):
    """The tenant asked more often, or for more, than it may for now."""

    retryable = True

    def __init__(self, message: str, advice: str = "", retry_after_s: float = 1.0) -> None:
        super().__init__(message, advice)
        self.retry_after_s = retry_after_s


class DependencyError(ChargehandError):
    """The surroundings failed."""


class Unavailable(DependencyError):
    """A service or model does not answer."""

    retryable = True


class ModelUnavailable(DependencyError):
    """On a device, no model answers."""


class LinkFailed(DependencyError):
    """The hub was not reached, or not to the end of the exchange."""


class ToolFailed(DependencyError):
    """A device's tool could not do its work."""


class Interrupted(DependencyError):
    """A service or model answered, then stopped half-way."""

    retryable = True


class OutOfTime(DependencyError):
    """A stated limit of time was reached."""

    retryable = True


class StorageFailed(DependencyError):
    """The disk is full, read-only or broken; nothing half-written stays."""


class ApprovalNeeded(ChargehandError):
    """Nothing was done yet: somebody has to agree first. The same call does it once `approval_id` is approved."""

    def __init__(self, message: str, advice: str = "", approval_id: str = "") -> None:
        super().__init__(message, advice)
        self.approval_id = approval_id


class Cancelled(ChargehandError):
    """The user stopped the work."""


class Untrusted(ChargehandError):
    """A signature or digest does not fit."""


class HubRefused(ChargehandError):
    """The hub understood and said no; repeating the same does not help.

    Args:
        code: the hub's name for it, such as `not_allowed` or `invalid_input`.
    """

    def __init__(self, message: str, advice: str = "", code: str = "refused") -> None:
        super().__init__(message, advice)
        self.code = code


class OutboxFull(ChargehandError):
    """There is no room for an event that must not be lost."""


class PromptTooLong(ChargehandError):
    """The messages do not fit the model's context.

    Args:
        tokens: what they count.
        limit: what would fit.
    """

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(
            f"The prompt has {tokens} tokens, {limit} fit.", "Ask shorter, or use a model with more context."
        )
        self.tokens = tokens
        self.limit = limit


class ModelMisbehaved(ChargehandError):
    """The model loops, or answers what cannot be used."""


def format_validation_error(error: ValidationError, most: int = 1, whole: str = "it") -> str:
    """Where values do not fit and why, of the first `most`; the values are left out, and made-up names are cut.

    Args:
        whole: what the whole is called, where no part of it is to blame.
    """
    wrong: list[str] = []
    for entry in error.errors(include_input=False, include_context=False, include_url=False)[:most]:
        place = ".".join(str(part)[:40] for part in entry["loc"]) or whole
        wrong.append(f"{place}: {entry['msg'][:1].lower()}{entry['msg'][1:]}")
    return "; ".join(wrong)
