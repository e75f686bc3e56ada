"""Every error that the device raises on purpose, in one tree.

    ChargehandError
    ├── CallerError              what was asked for is wrong: say what to do instead
    │   ├── InvalidInput         an argument, a file or a command line is not acceptable
    │   ├── NotFound             the named thing does not exist on this device
    │   └── NotAllowed           the device's policy forbids it
    ├── Untrusted                a signature or digest does not fit: what came is thrown away, and recorded
    ├── DependencyError               the surroundings failed
    │   ├── LinkFailed           the hub was not reached, or not to the end; retried with back-off
    │   ├── ModelUnavailable     no model answers, or it died while it did
    │   ├── ToolFailed           a tool could not do its work
    │   ├── OutOfTime            a stated limit of time was reached
    │   └── StorageFailed        the disk is full, read-only or broken
    ├── HubRefused               the hub understood and said no (carries its code and advice)
    ├── OutboxFull               there is no room for what must not be lost: the action was not done
    ├── PromptTooLong            the messages do not fit the model's context (carries both counts)
    └── ModelMisbehaved          the model loops, or answers what cannot be used

The command line maps the tree to exit codes in `edge/cli/__init__.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "CallerError",
    "ChargehandError",
    "DependencyError",
    "HubRefused",
    "InvalidInput",
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
    "Untrusted",
    "format_validation_error",
]


class ChargehandError(Exception):
    """Root of the tree.

    Args:
        message: one sentence that says what failed.
        advice: one sentence that says what to do about it; empty when there is nothing to do.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class CallerError(ChargehandError):
    """What was asked for is wrong."""


class InvalidInput(CallerError):
    """An argument, a file or a command line is not acceptable."""


class NotFound(CallerError):
    """The named thing does not exist on this device."""


class NotAllowed(CallerError):
    """The device's policy forbids it."""


class Untrusted(ChargehandError):
    """A signature or digest does not fit."""


class DependencyError(ChargehandError):
    """The surroundings failed."""


class LinkFailed(DependencyError):
    """The hub was not reached, or not to the end of the exchange."""


class ModelUnavailable(DependencyError):
    """No model answers."""


class ToolFailed(DependencyError):
    """A tool could not do its work."""


class OutOfTime(DependencyError):
    """A stated limit of time was reached."""


class StorageFailed(DependencyError):
    """The disk is full, read-only or broken; nothing half-written stays."""


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
    """Where values do not fit and why, of the first so many; the values are not told, and made-up names are cut.

    Args:
        whole: what the whole is called, where no part of it is to blame.
    """
    told: list[str] = []
    for entry in error.errors(include_input=False, include_context=False, include_url=False)[:most]:
        place = ".".join(str(part)[:40] for part in entry["loc"]) or whole
        told.append(f"{place}: {entry['msg'][:1].lower()}{entry['msg'][1:]}")
    return "; ".join(told)
