"""Drives open rollouts: level-triggered, so that what was missed while nobody ran is made up for by the next look.

It keeps nothing in memory between two looks. Each change is one transaction of the store; the process may die before or
after any of them.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.rollouts.machine import advance, trouble
from tools.rollouts.observing import Read, observe, read
from tools.rollouts.rollout import Rollout, Transition
from tools.rollouts.store import RolloutEvent, RolloutStore, World

__all__ = ["Pass", "Reconciler", "watch"]

_log = logging.getLogger(__name__)

_SLICE = 200
"""Rollouts in one claim; the lease of what is left of it after half its time is taken anew."""
_TOGETHER = 50
"""Rollouts whose changes are one transaction: few waits for the disk, and none that others wait for long."""
_MOVES = 8
"""Changes of one rollout in one look, so that none keeps the others waiting."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What looking came to: how many rollouts were looked at, changes made, rollouts that failed."""

    looked_at: int = 0
    changes: int = 0
    failures: int = 0

    def plus(self, other: "Pass") -> "Pass":
        return Pass(self.looked_at + other.looked_at, self.changes + other.changes, self.failures + other.failures)


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
        total = Pass()
        while True:
            found = self._look(begun, seen)
            if not found.looked_at:
                return total
            total = total.plus(found)

    def look(self) -> Pass:
        """Look at some of the rollouts that are due, the longest due first: no more than one lease keeps."""
        return self._look(self._clock(), set())

    def release(self) -> None:
        """Give back the leases, so that another process need not wait until they run out."""
        self._store.release(self._holder)

    async def run(self, stop: asyncio.Event, every_s: float = 1.0) -> None:
        """Look again and again until `stop` is set. A store that fails is logged and tried again.

        While more is due than one look takes, it rests as long as it looked: half of the processor is the others'.
        """
        while not stop.is_set():
            rest_s, begun = every_s, time.monotonic()
            try:
                if (await asyncio.to_thread(self.look)).looked_at >= _TOGETHER:
                    rest_s = min(every_s, time.monotonic() - begun)
            except Exception:  # noqa: BLE001 - the loop outlives any failure
                _log.exception("a look at the rollouts failed; the next one tries again")
            try:
                await asyncio.wait_for(stop.wait(), rest_s)
            except TimeoutError:
                continue

    def _look(self, due: datetime, seen: set[str]) -> Pass:
        """One claim of what is due at this time and was not `seen`, driven for half a lease."""
        begun = self._clock()
        enough = begun + self._lease / 2
        claimed = self._store.claim(self._holder, due, begun + self._lease, _SLICE)
        fresh = [rollout for rollout in claimed if rollout.id not in seen]
        waiting: list[Rollout] = []
        total = Pass()
        for start in range(0, len(fresh), _TOGETHER):
            if start and self._clock() >= enough:
                break  # the next claim has the others again
            group = fresh[start : start + _TOGETHER]
            seen.update(rollout.id for rollout in group)
            total = total.plus(self._drive(group, waiting, enough))
        if waiting:
            self._store.postpone(waiting)
        return total

    def _drive(self, group: Sequence[Rollout], waiting: list[Rollout], enough: datetime) -> Pass:
        """Move them on side by side, each until it waits, or it is time; those that wait are added to `waiting`."""
        changes = failures = 0
        moving = group
        for _ in range(_MOVES):
            moved: list[tuple[Rollout, Transition]] = []
            for rollout, comes_to in self._next(moving, self._clock()):
                if isinstance(comes_to, Exception):
                    failures += self._note(rollout, comes_to)
                elif comes_to[1]:
                    moved.append((rollout, comes_to))
                else:
                    waiting.append(comes_to[0])
            through, failed = self._commit(moved)
            changes, failures = changes + len(through), failures + failed
            moving = [rollout for rollout in through if rollout.due_at is not None]
            if not moving or self._clock() >= enough:
                break
        return Pass(len(group), changes, failures)

    def _next(self, rollouts: Sequence[Rollout], now: datetime) -> list[tuple[Rollout, Transition | Exception]]:
        """What each comes to, or why it could not be looked at."""
        try:
            found = read(rollouts, self._store, self._world, now)
        except Exception as error:  # noqa: BLE001 - one rollout must not stop the others
            if len(rollouts) == 1:
                return [(rollouts[0], error)]
            return [one for rollout in rollouts for one in self._next([rollout], now)]
        return [(rollout, self._advance(rollout, found, now)) for rollout in rollouts]

    def _advance(self, rollout: Rollout, found: Read, now: datetime) -> Transition | Exception:
        try:
            return advance(rollout, observe(rollout, found, self._world, now), now)
        except Exception as error:  # noqa: BLE001 - as above
            return error

    def _commit(self, moved: Sequence[tuple[Rollout, Transition]]) -> tuple[list[Rollout], int]:
        """Those that went through, and how many failed; what others changed meanwhile the next look sees."""
        if not moved:
            return [], 0
        try:
            return self._store.commit([transition for _, transition in moved]), 0
        except Exception as error:  # noqa: BLE001 - as above
            if len(moved) == 1:
                return [], self._note(moved[0][0], error)
        alone = [self._commit([one]) for one in moved]
        return [rollout for through, _ in alone for rollout in through], sum(failed for _, failed in alone)

    def _note(self, rollout: Rollout, error: Exception) -> int:
        """Tell of a failure, and count it; raises where not even that can be written."""
        _log.error("rollout %s failed", rollout.id, exc_info=error)
        self._store.commit([trouble(rollout, f"{type(error).__name__}: {error}", self._clock())])
        return 1


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
