"""Drives open rollouts: level-triggered, so that what was missed while nobody ran is made up for by the next look.

It keeps nothing in memory between two looks. Each change is one transaction of the store; the process may die before or
after any of them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from memory.errors import Conflict
from tools.rollouts.machine import advance, trouble
from tools.rollouts.observing import observe
from tools.rollouts.rollout import Rollout
from tools.rollouts.store import RolloutEvent, RolloutStore, World

__all__ = ["Pass", "Reconciler", "watch"]

_log = logging.getLogger(__name__)

_PAGE = 200
_MOVES = 8
"""Changes of one rollout in one pass, so that none keeps the others waiting."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one look at all due rollouts came to: how many there were, changes made, rollouts that failed."""

    looked_at: int
    changes: int
    failures: int


class Reconciler:
    """One of any number: each claims the rollouts that it looks at.

    Args:
        holder: name of this process, unlike that of any other.
        clock: now, aware of its zone.
        lease_s: how long others leave its rollouts alone after it dies.
    """

    def __init__(
        self, store: RolloutStore, world: World, *, holder: str, clock: Callable[[], datetime], lease_s: float = 15.0
    ) -> None:
        self._store = store
        self._world = world
        self._holder = holder
        self._clock = clock
        self._lease = timedelta(seconds=lease_s)

    def run_once(self) -> Pass:
        """Look at every rollout that is due now, each until it waits for something."""
        begun = self._clock()
        seen: set[str] = set()
        changes = failures = 0
        while True:
            claimed = self._store.claim(self._holder, begun, self._clock() + self._lease, _PAGE)
            page = [rollout for rollout in claimed if rollout.id not in seen]
            if not page:
                return Pass(len(seen), changes, failures)
            waiting: list[Rollout] = []
            for rollout in page:
                seen.add(rollout.id)
                moved, failed = self._drive(rollout, waiting)
                changes, failures = changes + moved, failures + failed
            self._store.postpone(waiting)

    def release(self) -> None:
        """Give back the leases, so that another process need not wait until they run out."""
        self._store.release(self._holder)

    async def run(self, stop: asyncio.Event, every_s: float = 1.0) -> None:
        """Look again and again until `stop` is set. A store that fails is logged and tried again."""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.run_once)
            except Exception:  # noqa: BLE001 - the loop outlives any failure
                _log.exception("a pass over the rollouts failed; the next one tries again")
            try:
                await asyncio.wait_for(stop.wait(), every_s)
            except TimeoutError:
                continue

    def _drive(self, rollout: Rollout, waiting: list[Rollout]) -> tuple[int, int]:
        """Number of changes, and whether it failed; a rollout that only waits is added to `waiting`."""
        moves = 0
        try:
            while rollout.due_at is not None and moves < _MOVES:
                now = self._clock()
                after, actions = advance(rollout, observe(rollout, self._store, self._world, now), now)
                if not actions:
                    waiting.append(after)
                    return moves, 0
                self._store.commit(after, actions)
                rollout, moves = after, moves + 1
        except Conflict:
            return moves, 0  # someone else changed it; the next look sees what they made of it
        except Exception as error:  # noqa: BLE001 - one rollout must not stop the others
            _log.exception("rollout %s failed", rollout.id)
            self._note(rollout, f"{type(error).__name__}: {error}")
            return moves, 1
        return moves, 0

    def _note(self, rollout: Rollout, error: str) -> None:
        after, actions = trouble(rollout, error, self._clock())
        try:
            self._store.commit(after, actions)
        except Conflict:
            return


async def watch(
    store: RolloutStore, tenant: str, rollout_id: str, *, after: int = 0, every_s: float = 0.5
) -> AsyncIterator[RolloutEvent]:
    """A rollout's events from behind `after` on, as they come, until it is over.

    Raises:
        NotFound: there is no such rollout in this tenant.
    """
    while True:
        over = not (await asyncio.to_thread(store.get, tenant, rollout_id)).active  # read before its last events
        events = await asyncio.to_thread(store.events, tenant, rollout_id, after)
        for event in events:
            after = event.sequence
            yield event
        if over and not events:
            return
        if not events:
            await asyncio.sleep(every_s)
