"""Claims due runs, computes their steps, and commits them; level-triggered, so that a look makes up for missed ones."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Generic, TypeVar

from tools.runs.work import DurableRun, RunStore, Step, Work

__all__ = ["Pass", "Worker"]

_log = logging.getLogger(__name__)

R = TypeVar("R", bound=DurableRun)

_SLICE = 200
"""Runs in one claim; the lease of what is left of it after half its time is taken anew."""
_BUSY = 50
"""Runs in one look from which on the next one does not wait its full time."""
_MOVES = 8
"""Changes of one run in one look, so that none keeps the others waiting."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What looking came to: how many runs were looked at, changes made, runs that failed."""

    looked_at: int = 0
    changes: int = 0
    failures: int = 0

    def plus(self, other: "Pass") -> "Pass":
        return Pass(self.looked_at + other.looked_at, self.changes + other.changes, self.failures + other.failures)


class Worker(Generic[R]):
    """One of any number: each claims the runs that it looks at.

    Args:
        holder: name of this process, unlike that of any other.
        clock: now, aware of its zone.
        lease_s: how long others leave its runs alone after it dies.
    """

    def __init__(self, work: Work[R], *, holder: str, clock: Callable[[], datetime], lease_s: float = 15.0) -> None:
        self._work = work
        self._store = work.store
        self._holder = holder
        self._clock = clock
        self._lease = timedelta(seconds=lease_s)
        self._ending = threading.Event()

    def run_once(self) -> Pass:
        """Look at every run that is due now, each until it waits for something."""
        begun = self._clock()
        seen: set[str] = set()
        total = Pass()
        while True:
            found = self._look(begun, seen)
            if not found.looked_at:
                return total
            total = total.plus(found)

    def look(self) -> Pass:
        """Look at some of the runs that are due, the longest due first: no more than one lease keeps."""
        return self._look(self._clock(), set())

    def release(self) -> None:
        """Give back the leases, so that another process need not wait until they run out."""
        self._store.release(self._holder)

    async def run(self, stop: asyncio.Event, every_s: float = 1.0) -> None:
        """Look again and again until `stop` is set; then give back the leases. A store that fails is tried again.

        While more is due than one look takes, it rests as long as it looked: half of the processor is the others'.
        """
        ending = asyncio.create_task(self._end_with(stop))
        try:
            while not stop.is_set():
                rest_s = await self._look_and_rest(every_s)
                try:
                    await asyncio.wait_for(stop.wait(), rest_s)
                except TimeoutError:
                    continue
        finally:
            ending.cancel()
        await asyncio.to_thread(self.release)

    async def _end_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._ending.set()

    async def _look_and_rest(self, every_s: float) -> float:
        """Look once; seconds to rest then."""
        begun = time.monotonic()
        try:
            if (await asyncio.to_thread(self.look)).looked_at >= _BUSY:
                return min(every_s, time.monotonic() - begun)
        except Exception:  # noqa: BLE001 - the loop outlives any failure
            _log.exception("a look at the %ss failed; the next one tries again", self._work.kind)
        return every_s

    def _look(self, due: datetime, seen: set[str]) -> Pass:
        """One claim of what is due at this time and was not `seen`, driven for half a lease."""
        begun = self._clock()
        enough = begun + self._lease / 2
        claimed = self._store.claim(self._holder, due, begun + self._lease, _SLICE)
        fresh = [run for run in claimed if run.id not in seen]
        waiting: list[R] = []
        total = Pass()
        for start in range(0, len(fresh), self._work.batch):
            if start and (self._ending.is_set() or self._clock() >= enough):
                break  # the next claim has the others again
            group = fresh[start : start + self._work.batch]
            seen.update(run.id for run in group)
            with _Heartbeat(self._store, self._holder, group, self._clock, self._lease, self._ending) as lease:
                total = total.plus(self._drive(group, waiting, enough, lease))
        if waiting:
            self._store.postpone(waiting)
        return total

    def _drive(self, group: Sequence[R], waiting: list[R], enough: datetime, lease: "_Heartbeat[R]") -> Pass:
        """Move them on side by side, each until it waits, or it is time; those that wait are added to `waiting`."""
        changes = failures = 0
        moving = group
        for _ in range(_MOVES):
            moved: list[tuple[R, Step[R]]] = []
            for run, comes_to in self._next(moving, lease):
                if isinstance(comes_to, Exception):
                    failures += self._note(run, comes_to)
                elif comes_to[1]:
                    moved.append((run, comes_to))
                else:
                    waiting.append(comes_to[0])
            through, failed = self._commit(moved)
            changes, failures = changes + len(through), failures + failed
            moving = [run for run in through if run.due_at is not None]
            if not moving or self._clock() >= enough:
                break
        return Pass(len(group), changes, failures)

    def _next(self, runs: Sequence[R], lease: "_Heartbeat[R]") -> list[tuple[R, Step[R] | Exception]]:
        """What each comes to, or why it could not be looked at."""
        try:
            return list(zip(runs, self._work.step(runs, self._clock(), lease), strict=True))
        except Exception as error:  # noqa: BLE001 - one run must not stop the others
            if len(runs) == 1:
                return [(runs[0], error)]
            return [one for run in runs for one in self._next([run], lease)]

    def _commit(self, moved: Sequence[tuple[R, Step[R]]]) -> tuple[list[R], int]:
        """Those that went through, and how many failed; what others changed meanwhile the next look sees."""
        if not moved:
            return [], 0
        try:
            return self._store.commit([step for _, step in moved], self._holder), 0
        except Exception as error:  # noqa: BLE001 - as above
            if len(moved) == 1:
                return [], self._note(moved[0][0], error)
        alone = [self._commit([one]) for one in moved]
        return [run for through, _ in alone for run in through], sum(failed for _, failed in alone)

    def _note(self, run: R, error: Exception) -> int:
        """Record a failure, and count it; raises where not even that can be written."""
        _log.error("%s %s failed", self._work.kind, run.id, exc_info=error)
        step = self._work.failed(run, f"{type(error).__name__}: {error}", self._clock())
        self._store.commit([step], self._holder)
        return 1


@dataclass(eq=False)
class _Heartbeat(Generic[R]):
    """Renews the leases of the runs under way, each third of a lease, and notes which are lost."""

    store: RunStore[R]
    holder: str
    runs: Sequence[R]
    clock: Callable[[], datetime]
    lease: timedelta
    ending: threading.Event

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._lost: set[str] = set()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat of {self.holder}", daemon=True)

    def must_stop(self, run_id: str) -> bool:
        return run_id in self._lost or self.ending.is_set()

    def __enter__(self) -> "_Heartbeat[R]":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        names = {run.id for run in self.runs}
        while not self._over.wait(self.lease.total_seconds() / 3):
            try:
                self._lost = names - self.store.renew(self.holder, self.runs, self.clock() + self.lease)
            except Exception:  # noqa: BLE001 - the next beat tries again; the lease is over before others take the run
                _log.exception("the leases of %s could not be renewed", self.holder)
