"""Group commit: one transaction for the work of several callers, so that they share the wait for the disk."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from memory.ledger.unit import Unit

__all__ = ["GroupCommit"]

T = TypeVar("T")
_GROUP_SIZE = 64
"""Callers in one transaction, at most."""


@dataclass
class _Pending(Generic[T]):
    work: Callable[[Unit], T]
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    result: T | None = None
    error: BaseException | None = None


class GroupCommit:
    """Whoever comes while a transaction runs goes into the next one; the first of them makes it, for all.

    What one caller's work changes is undone alone when it raises; when the transaction fails, all are told.
    """

    def __init__(self, unit: Callable[[str], AbstractContextManager[Unit]]) -> None:
        self._unit = unit
        self._lock = threading.Lock()
        self._queues: dict[str, list[_Pending[Any]]] = {}

    def run(self, tenant: str, work: Callable[[Unit], T]) -> T:
        """Do it; durable when this returns. Raises what `work` raises, and as `Ledger.unit`."""
        pending = _Pending(work)
        with self._lock:
            pending.leads = tenant not in self._queues
            self._queues.setdefault(tenant, []).append(pending)
        if not pending.leads:
            pending.woken.wait()
        if pending.leads:
            self._lead(tenant)
        if pending.error is not None:
            raise pending.error
        return cast("T", pending.result)

    def _lead(self, tenant: str) -> None:
        with self._lock:
            queue = self._queues[tenant]
            group = queue[:_GROUP_SIZE]
            del queue[:_GROUP_SIZE]
        try:
            with self._unit(tenant) as unit:
                for one in group:
                    _do(unit, one, alone=len(group) == 1)
        except BaseException as error:  # noqa: BLE001 - each of them raises it
            for one in group:
                one.error = one.error or error
        finally:
            with self._lock:
                if queue:
                    queue[0].leads = True
                    queue[0].woken.set()
                else:
                    del self._queues[tenant]
            for one in group:
                one.leads = False
                one.woken.set()


def _do(unit: Unit, one: _Pending[Any], *, alone: bool) -> None:
    if alone:
        one.result = one.work(unit)
        return
    try:
        with unit.savepoint():
            one.result = one.work(unit)
    except Exception as error:  # noqa: BLE001 - the others go on; its caller raises it
        one.error = error
