"""The port of durable work: what a worker needs to know of one kind of it; `watch` follows the events of a run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["DurableRun", "EventSource", "Lease", "RunStore", "Step", "Work", "backoff_s", "watch"]


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
