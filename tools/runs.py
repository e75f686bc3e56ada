"""Durable work: claim, lease, heartbeat, commit under the lease, back-off, events; runs go on whenever a process dies.

A kind of work (rollouts, pipelines) states what this needs of it as a `Work`: a store with the due query, and a step
function. A `Worker` then does the rest, with nothing in memory between two looks:

    claim      leases the runs that are due, the longest due first, for this process
    heartbeat  renews the leases while a step takes long, and tells the step when it should stop
    step       what each run comes to, by what is observed now; changes nothing
    commit     the run as it is next, with all that belongs to it, in one transaction under the lease
    back-off   a run that fails is looked at later, and each time later
    events     what happened to a run, in order; `watch` follows them to its end
    cancel     a person's change wins over a step that was under way; a long step learns of it at the next heartbeat

Killed at any instant, a process loses nothing and does nothing twice:

    before a claim             nothing has happened
    between claim and commit   nothing has changed; the run is looked at again when the lease is over, or at once by a
                               process of the same name
    during a commit            all of it happened, or nothing
    after a commit             the next look goes on from there

A step may be computed again, so what it does outside its own commit must bear that. Two workers that have one run, by a
lease that ran out too early, both compute the step; the store lets one commit through.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar


class DurableRun(Protocol):
    """What is remembered of one piece of work between two looks at it.

    Attributes:
        id: unlike that of any other of its kind.
        due_at: when to look at it next; None where nobody needs to until a person acts, or it is over.
    """

    @property
    def id(self) -> str: ...

    @property
    def due_at(self) -> datetime | None: ...


R = TypeVar("R", bound=DurableRun)
T = TypeVar("T")

Step = tuple[T, tuple[Any, ...]]
"""The run as it is next, and what is committed with it; nothing where all stays but when to look next."""


class Lease(Protocol):
    """The hold on the runs that a step is computed for."""

    def must_stop(self, run_id: str) -> bool:
        """Whether a long step should end early: the run was cancelled or taken over, or the process is to end."""
        ...


class RunStore(Protocol[R]):
    """Where the runs of one kind are kept, of all tenants. Safe to use from several threads and processes."""

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[R]:
        """The due query: open runs with due_at <= now, the longest due first, leased to `holder` until then.

        Those that another holder has leased still are left out; those that `holder` itself has are leased anew. What is
        not due is not read.
        """
        ...

    def renew(self, holder: str, runs: Sequence[R], until: datetime) -> set[str]:
        """Prolong the leases; the ids of the runs that are open still, and still this holder's."""
        ...

    def commit(self, steps: Sequence[Step[R]], holder: str) -> list[R]:
        """Write each run as it is next, and what belongs to it, durably; those that went through.

        A run that another holder has leased meanwhile, or that somebody else changed since it was read, is left as it
        is, with all that belongs to it.
        """
        ...

    def postpone(self, runs: Sequence[R]) -> None:
        """Save when to look next, and what was observed, alone: no change. Runs that were changed since are left."""
        ...

    def release(self, holder: str) -> None:
        """Give back every lease that `holder` has, so that another process need not wait until it is over."""
        ...


@dataclass(frozen=True, slots=True)
class Work(Generic[R]):
    """One kind of durable work.

    Attributes:
        kind: its name, for the log.
        step: what each run comes to at this moment: a `Step`, or the exception for one that failed alone. It raises
            where none could be looked at: then each is tried by itself. It runs in a thread, and computes for long only
            while its lease does not say that it must stop.
        failed: the step of a run whose look failed with this error: tried again later (`backoff_s`), or given up.
        batch: runs whose steps are computed side by side, and committed together.
    """

    kind: str
    store: RunStore[R]
    step: Callable[[Sequence[R], datetime, Lease], list[Step[R] | Exception]]
    failed: Callable[[R, str, datetime], Step[R]]
    batch: int = 50


def backoff_s(failures: int, *, first_s: float = 2.0, longest_s: float = 300.0) -> float:
    """Seconds until the next try after so many failures in a row (>= 1): doubling from `first_s` to `longest_s`."""
    return min(longest_s, first_s * 2.0 ** min(failures - 1, 60))


class _Event(Protocol):
    @property
    def sequence(self) -> int: ...


class _Run(Protocol):
    @property
    def active(self) -> bool: ...


E = TypeVar("E", bound=_Event)


class EventSource(Protocol[E]):
    """A store whose runs have events, counted from 1 within each run."""

    def get(self, tenant: str, run_id: str, /) -> _Run:
        """The run. Raises NotFound: there is no such run in this tenant."""
        ...

    def events(self, tenant: str, run_id: str, after: int, limit: int = ..., /) -> list[E]:
        """The run's events with a sequence over `after`, in order."""
        ...


async def watch(
    source: EventSource[E], tenant: str, run_id: str, *, after: int = 0, every_s: float = 0.5
) -> AsyncIterator[E]:
    """A run's events from behind `after` on, as they come, until it is over.

    Raises:
        NotFound: there is no such run in this tenant.
    """
    while True:
        over = not (await asyncio.to_thread(source.get, tenant, run_id)).active  # read before its last events
        events = await asyncio.to_thread(source.events, tenant, run_id, after)
        for event in events:
            after = event.sequence
            yield event
        if over and not events:
            return
        if not events:
            await asyncio.sleep(every_s)


_log = logging.getLogger(__name__)


_SLICE = 200
"""Runs in one claim; the lease of what is left of it after half its time is taken anew."""
_BUSY = 50
"""Runs in one look from which on the next one does not wait its full time."""
_SET_BACK = timedelta(seconds=2)
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
        monotonic: seconds that never go back, by which it sees that the clock was set back.
    """

    def __init__(
        self,
        work: Work[R],
        *,
        holder: str,
        clock: Callable[[], datetime],
        lease_s: float = 15.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._store = work.store
        self._holder = holder
        self._clock = clock
        self._lease = timedelta(seconds=lease_s)
        self._ending = threading.Event()
        self._monotonic = monotonic
        self._last: tuple[datetime, float] | None = None

    def run_once(self) -> Pass:
        """Look at every run that is due now, each until it waits for something."""
        begun = self._due()
        seen: set[str] = set()
        total = Pass()
        while True:
            found = self._look(begun, seen)
            if not found.looked_at:
                return total
            total = total.plus(found)

    def look(self) -> Pass:
        """Look at some of the runs that are due, the longest due first: no more than one lease keeps."""
        return self._look(self._due(), set())

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

    def _due(self) -> datetime:
        """Until when what is due is looked at: now; once the clock was set back, what would be now otherwise.

        What was to be looked at soon would else wait until the clock has come to where it was.
        """
        now, ticks = self._clock(), self._monotonic()
        last, self._last = self._last, (now, ticks)
        if last is None:
            return now
        expected = last[0] + timedelta(seconds=ticks - last[1])
        return expected if expected - now > _SET_BACK else now

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
