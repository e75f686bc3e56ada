"""The running call of a tool: for whom it is made, how much time it has left, and how it is ended when that is over.

A tool that may take long asks between two pieces of work; one that waits for something passes `time_left()` on as that
thing's time limit.
"""

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any

from edge.kernel.errors import OutOfTime

caller: ContextVar[str] = ContextVar("caller", default="")
"""As `Toolbox.call` was told; empty outside of a call."""


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


GRACE_S = 0.25
"""How long work that asks for the time may take to end by itself."""


class _Stop(BaseException):
    """Raised inside work that does not ask for the time."""


class LimitedRun:
    """One run of some work in a thread of its own.

    Work asks `edge.tools.deadline` how much time it has, and ends. Reading work that does not ask is stopped between
    two of its Python instructions; it must hold nothing that would then be left half-done. Writing work is not stopped
    so: half of a write is worse than a late one.
    """

    def __init__(self, work: Callable[[], Mapping[str, Any]], limit_s: float, *, stoppable: bool) -> None:
        self._work = work
        self._limit_s = limit_s
        self._stoppable = stoppable
        self._lock = threading.Lock()
        self._over = False
        self._result: Mapping[str, Any] = {}
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="tool", daemon=True)

    def result(self) -> Mapping[str, Any]:
        """What the work gave; raises what it raised.

        Raises:
            OutOfTime: its time was over. It has ended, unless `running`.
        """
        self._thread.start()
        self._thread.join(self._limit_s)
        if self._thread.is_alive():
            self._thread.join(GRACE_S)
        if self._thread.is_alive() and self._stoppable and self._stop():
            self._thread.join(GRACE_S)
        if self._thread.is_alive() or isinstance(self._error, _Stop):
            raise OutOfTime(f"The work took longer than {self._limit_s:g} s.", "Ask for less of it.")
        if self._error is not None:
            raise self._error
        return self._result

    @property
    def running(self) -> bool:
        """Whether the work still goes on."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            try:
                with within(self._limit_s):
                    self._result = self._work()
            except BaseException as error:  # noqa: BLE001  # whoever waits for the thread raises it
                self._error = error
            with self._lock:
                self._over = True
        except _Stop as stop:  # it came when the work had just ended
            self._error = stop

    def _stop(self) -> bool:
        """Whether the work was told to stop: not when it has just ended."""
        import ctypes

        with self._lock:
            if self._over or self._thread.ident is None:
                return True
            told = ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread.ident), ctypes.py_object(_Stop)
            )
            return told == 1
