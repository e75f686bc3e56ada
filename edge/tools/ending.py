"""Running a tool's work so that it ends when its time is over."""

import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from edge.kernel.errors import OutOfTime
from edge.tools.deadline import within

__all__ = ["LimitedRun"]

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
