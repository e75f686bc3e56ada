"""Every error that Chargehand raises on purpose, in one tree.

    ChargehandError
    ├── CallerError              the caller did something wrong: say what to do instead
    │   ├── InvalidInput         an argument, message or file is not acceptable
    │   ├── NotFound             the named thing does not exist (carries the nearest names)
    │   ├── NotAllowed           the principal lacks a scope, or the tenant is another's
    │   └── Conflict             the thing is busy or already in another state
    ├── WorldError               the surroundings failed: the caller may be able to mend them
    │   ├── Unavailable          a service or model does not answer; may be retried
    │   ├── Interrupted          it answered, then stopped half-way; may be retried
    │   ├── OutOfTime            a stated limit of time was reached
    │   └── StorageFailed        the disk is full, read-only or broken; nothing half-written stays
    └── Cancelled                the user stopped the work

One table each maps the tree to HTTP, to the event stream and to exit codes: `server/outcomes.py`.
"""

from collections.abc import Sequence

__all__ = [
    "CallerError",
    "Cancelled",
    "ChargehandError",
    "Conflict",
    "Interrupted",
    "InvalidInput",
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


class Cancelled(ChargehandError):
    """The user stopped the work."""
