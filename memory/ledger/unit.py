"""The unit of work: an open transaction of one tenant, and the repositories that take part in it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TypeVar

from memory.ledger.alerts import Alerts
from memory.ledger.approvals import Approvals
from memory.ledger.artifacts import Artifacts
from memory.ledger.audit import Audit
from memory.ledger.calls import Calls
from memory.ledger.desired import DesiredItems
from memory.ledger.device_events import DeviceEvents
from memory.ledger.device_questions import DeviceQuestions
from memory.ledger.devices import Devices, Enrolments
from memory.ledger.evaluations import Evaluations
from memory.ledger.evidence import EvidenceItems, GateResults
from memory.ledger.factories import Factories, Pipelines
from memory.ledger.measurements import MeasurementLog
from memory.ledger.models import Models
from memory.ledger.policies import Policies
from memory.ledger.principals import Keys, Principals
from memory.ledger.rollouts import Rollouts
from memory.ledger.scope import TenantScope
from memory.ledger.targets import Targets
from memory.ledger.tenants import Tenants
from memory.ledger.uplinks import DeviceSessions, Streams, Uplinks
from memory.ledger.usage import ShadowUsageLog, UsageLog
from memory.ledger.versions import Aliases, Versions

__all__ = ["ADMINISTRATIVE", "Unit"]

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
