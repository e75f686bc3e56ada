"""The unit of work: an open transaction of one tenant with its repositories; group commit of several callers' work."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from memory.ledger.alerts import Alerts
from memory.ledger.approvals import Approvals, Delegations
from memory.ledger.audit import Audit, Calls
from memory.ledger.desired import DesiredItems
from memory.ledger.device_events import DeviceEvents, DeviceQuestions
from memory.ledger.devices import Devices, DeviceSessions, Enrolments, Streams, Uplinks
from memory.ledger.factories import Factories, Pipelines
from memory.ledger.governance import Evaluations, EvidenceItems, GateResults, Policies
from memory.ledger.rollouts import Rollouts, Targets
from memory.ledger.scope import TenantScope
from memory.ledger.tenants import Keys, Principals, Tenants
from memory.ledger.usage import MeasurementLog, ShadowUsageLog, UsageLog
from memory.ledger.versions import Aliases, Artifacts, Models, Versions

ADMINISTRATIVE = frozenset({"tenants"})
"""Tables that belong to no tenant."""
R = TypeVar("R")


def _opens(repository: Callable[[TenantScope], R]) -> "cached_property[R]":
    """An attribute of `Unit`: the repository, opened within its scope when it is first used."""
    return cached_property(lambda self: repository(self._scope))


class Unit:
    """One transaction; all that is reached through it happens together or not at all.

    It is valid within the block of `Ledger.unit` or `Ledger.view` alone.
    """

    alerts = _opens(Alerts)
    aliases = _opens(Aliases)
    approvals = _opens(Approvals)
    delegations = _opens(Delegations)
    artifacts = _opens(Artifacts)
    audit = _opens(Audit)
    calls = _opens(Calls)
    desired = _opens(DesiredItems)
    device_events = _opens(DeviceEvents)
    device_questions = _opens(DeviceQuestions)
    device_sessions = _opens(DeviceSessions)
    devices = _opens(Devices)
    enrolments = _opens(Enrolments)
    evaluations = _opens(Evaluations)
    evidence = _opens(EvidenceItems)
    factories = _opens(Factories)
    gates = _opens(GateResults)
    keys = _opens(Keys)
    measurements = _opens(MeasurementLog)
    models = _opens(Models)
    pipelines = _opens(Pipelines)
    policies = _opens(Policies)
    principals = _opens(Principals)
    rollouts = _opens(Rollouts)
    shadow_usage = _opens(ShadowUsageLog)
    streams = _opens(Streams)
    targets = _opens(Targets)
    tenants = _opens(Tenants)
    uplinks = _opens(Uplinks)
    usage = _opens(UsageLog)
    versions = _opens(Versions)

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope

    @property
    def tenant(self) -> str:
        return self._scope.tenant

    def within(self, tenant: str) -> "Unit":
        """Another tenant's unit in the same transaction, for administrators of the whole hub alone."""
        return Unit(self._scope.moved(tenant))

    def savepoint(self) -> AbstractContextManager[object]:
        """What is changed in the block is undone alone when it raises."""
        return self._scope.savepoint()


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
