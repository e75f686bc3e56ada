"""How much time the running call of a tool has left.

A tool that may take long asks between two pieces of work; one that waits for something passes `time_left()` on as that
thing's time limit.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from edge.kernel.errors import OutOfTime

__all__ = ["Deadline", "check_time", "time_left", "within"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a call must have ended, by a clock that does not jump."""

    at: float
    limit_s: float
    monotonic: Callable[[], float]


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(limit_s: float, monotonic: Callable[[], float] = time.monotonic) -> Generator[None]:
    """What runs in this block has so many seconds; never more than a block around it left."""
    outer = _deadline.get()
    at = monotonic() + limit_s
    if outer is not None and outer.at < at and outer.monotonic is monotonic:
        at = outer.at
    token = _deadline.set(Deadline(at, limit_s, monotonic))
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left(most_s: float = float("inf")) -> float:
    """Seconds that the running call has left, at most `most_s`; 0 when its time is over."""
    deadline = _deadline.get()
    return most_s if deadline is None else max(0.0, min(most_s, deadline.at - deadline.monotonic()))


def check_time() -> None:
    """Raises OutOfTime: the running call has no time left."""
    deadline = _deadline.get()
    if deadline is not None and deadline.monotonic() >= deadline.at:
        raise OutOfTime(f"The work took longer than {deadline.limit_s:g} s.", "Ask for less of it.")
