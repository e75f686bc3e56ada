"""An open transaction of one tenant, and everything that it can reach."""

from contextlib import AbstractContextManager
from functools import cached_property

from memory.ledger import schema
from memory.ledger.alerts import Alerts
from memory.ledger.aliases import Aliases
from memory.ledger.approvals import Approvals
from memory.ledger.artifacts import Artifacts
from memory.ledger.audit import Audit
from memory.ledger.calls import Calls
from memory.ledger.desired import DesiredItems
from memory.ledger.device_events import DeviceEvents
from memory.ledger.device_questions import DeviceQuestions
from memory.ledger.devices import Devices
from memory.ledger.enrolments import Enrolments
from memory.ledger.evaluations import Evaluations
from memory.ledger.evidence import EvidenceItems
from memory.ledger.factories import Factories, Pipelines
from memory.ledger.gates import GateResults
from memory.ledger.measurements import MeasurementLog
from memory.ledger.meetings import Meetings
from memory.ledger.models import Models
from memory.ledger.policies import Policies
from memory.ledger.principals import Keys, Principals
from memory.ledger.rollouts import Rollouts
from memory.ledger.scope import TenantScope
from memory.ledger.targets import Targets
from memory.ledger.tenants import Tenants
from memory.ledger.uplinks import Streams, Uplinks
from memory.ledger.usage import UsageLog
from memory.ledger.versions import Versions

__all__ = ["ADMINISTRATIVE", "Unit"]

ADMINISTRATIVE = frozenset({"tenants"})
"""Tables that belong to no tenant."""


class Unit:
    """One transaction; all that is reached through it happens together or not at all.

    It is valid within the block of `Ledger.unit` or `Ledger.view` alone.
    """

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

    @cached_property
    def aliases(self) -> Aliases:
        return Aliases(self._scope)

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self._scope)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self._scope)

    @cached_property
    def artifacts(self) -> Artifacts:
        return Artifacts(self._scope)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self._scope)

    @cached_property
    def calls(self) -> Calls:
        return Calls(self._scope)

    @cached_property
    def desired(self) -> DesiredItems:
        return DesiredItems(self._scope)

    @cached_property
    def device_events(self) -> DeviceEvents:
        return DeviceEvents(self._scope)

    @cached_property
    def device_questions(self) -> DeviceQuestions:
        return DeviceQuestions(self._scope)

    @cached_property
    def devices(self) -> Devices:
        return Devices(self._scope)

    @cached_property
    def enrolments(self) -> Enrolments:
        return Enrolments(self._scope)

    @cached_property
    def evaluations(self) -> Evaluations:
        return Evaluations(self._scope)

    @cached_property
    def evidence(self) -> EvidenceItems:
        return EvidenceItems(self._scope)

    @cached_property
    def factories(self) -> Factories:
        return Factories(self._scope)

    @cached_property
    def gates(self) -> GateResults:
        return GateResults(self._scope)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self._scope)

    @cached_property
    def measurements(self) -> MeasurementLog:
        return MeasurementLog(self._scope)

    @cached_property
    def meetings(self) -> Meetings:
        return Meetings(self._scope)

    @cached_property
    def models(self) -> Models:
        return Models(self._scope)

    @cached_property
    def pipelines(self) -> Pipelines:
        return Pipelines(self._scope)

    @cached_property
    def policies(self) -> Policies:
        return Policies(self._scope)

    @cached_property
    def principals(self) -> Principals:
        return Principals(self._scope)

    @cached_property
    def rollouts(self) -> Rollouts:
        return Rollouts(self._scope)

    @cached_property
    def targets(self) -> Targets:
        return Targets(self._scope)

    @cached_property
    def tenants(self) -> Tenants:
        """All tenants: the one repository that is not narrowed to this unit's."""
        return Tenants(self._scope)

    @cached_property
    def streams(self) -> Streams:
        return Streams(self._scope)

    @cached_property
    def uplinks(self) -> Uplinks:
        return Uplinks(self._scope)

    @cached_property
    def usage(self) -> UsageLog:
        return UsageLog(self._scope)

    @cached_property
    def shadow_usage(self) -> UsageLog:
        """What versions used for answers that were thrown away; it is no use of the tenant's."""
        return UsageLog(self._scope, schema.shadow_usage)

    @cached_property
    def versions(self) -> Versions:
        return Versions(self._scope)
