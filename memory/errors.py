"""Every error that Chargehand raises on purpose, in one tree.

    ChargehandError
    ├── CallerError              the caller did something wrong: say what to do instead
    │   ├── InvalidInput         an argument, message or file is not acceptable
    │   ├── NotFound             the named thing does not exist (carries the nearest names)
    │   ├── NotAllowed           the principal lacks a scope, or the tenant is another's
    │   ├── Conflict             the thing is busy or already in another state
    │   ├── GateRefused          the evidence does not allow it (carries the reasons)
    │   └── LimitReached         the tenant asked more than it may for now (carries how long to wait)
    ├── WorldError               the surroundings failed: the caller may be able to mend them
    │   ├── Unavailable          a service or model does not answer; may be retried
    │   ├── Interrupted          it answered, then stopped half-way; may be retried
    │   ├── OutOfTime            a stated limit of time was reached
    │   └── StorageFailed        the disk is full, read-only or broken; nothing half-written stays
    ├── ApprovalNeeded           nothing was done yet: somebody has to agree first
    └── Cancelled                the user stopped the work

One table each maps the tree to HTTP, to the event stream and to exit codes: `server/outcomes.py`.
"""

from collections.abc import Sequence

__all__ = [
    "ApprovalNeeded",
    "CallerError",
    "Cancelled",
    "ChargehandError",
    "Conflict",
    "GateRefused",
    "Interrupted",
    "InvalidInput",
    "LimitReached",
    "NotAllowed",
    "NotFound",
    "OutOfTime",
    "StorageFailed",
    "Unavailable",
    "WorldError",
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
    """An argument, message or file is not acceptable."""


class NotFound(CallerError):
    """The named thing does not exist."""

    def __init__(self, message: str, advice: str = "", nearest: Sequence[str] = ()) -> None:
        if nearest and not advice:
            advice = f"Nearest: {', '.join(nearest)}."
        super().__init__(message, advice)
        self.nearest = tuple(nearest)


class NotAllowed(CallerError):
    """The principal lacks a scope, or the tenant is another's."""


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


class WorldError(ChargehandError):
    """The surroundings failed."""


class Unavailable(WorldError):
    """A service or model does not answer."""

    retryable = True


class Interrupted(WorldError):
    """A service or model answered, then stopped half-way."""

    retryable = True


class OutOfTime(WorldError):
    """A stated limit of time was reached."""

    retryable = True


class StorageFailed(WorldError):
    """The disk is full, read-only or broken."""


class ApprovalNeeded(ChargehandError):
    """Nothing was done yet: somebody has to agree first. The same call does it once `approval_id` is approved."""

    def __init__(self, message: str, advice: str = "", approval_id: str = "") -> None:
        super().__init__(message, advice)
        self.approval_id = approval_id


class Cancelled(ChargehandError):
    """The user stopped the work."""
