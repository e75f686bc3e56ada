"""Follows the events of a run to its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

__all__ = ["EventSource", "watch"]


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
