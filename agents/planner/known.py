"""Known entities: a snapshot of the names in the ledger that the caller may read, for entity linking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from edge.kernel.names import nearest_names
from memory.ledger import Ledger, Unit
from tools.spec import ToolContext

_TAKEN = 200
"""Newest rollouts and approvals that can be named."""

RETRYABLE = frozenset({"rolled_back", "aborted", "failed"})


@dataclass(frozen=True, slots=True)
class KnownRollout:
    """A rollout: what it moves, to what, and whether it still does."""

    id: str
    target: str
    state: str
    version: str
    open: bool


@dataclass(frozen=True)
class KnownEntities:
    """Everything that has a name.

    Attributes:
        models: registered model -> its id in the catalogue, empty where it is not from there.
        versions: id -> stage.
        aliases: alias -> version.
        previous: alias -> the version that it named before.
        targets: name -> kind; groups of devices are targets, too.
        rollouts: newest first.
        approvals: id -> state.
        stages: all that a version can be moved to, but "retired".
        devices: name -> group; revoked ones, too.
    """

    models: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    previous: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: Mapping[str, str] = field(default_factory=dict[str, str])
    rollouts: tuple[KnownRollout, ...] = ()
    approvals: Mapping[str, str] = field(default_factory=dict[str, str])
    tenants: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    factories: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    stages: tuple[str, ...] = ("candidate", "staging", "production")
    devices: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Of devices, by name; the empty one is none."""
        return tuple(sorted({group for group in self.devices.values() if group}))

    def open_rollouts(self, target: str | None = None) -> list[KnownRollout]:
        """Those that are not over."""
        return [one for one in self.rollouts if one.open and target in {None, one.target}]

    def retryable(self, target: str | None = None) -> list[KnownRollout]:
        """Those that ended without success, newest first."""
        return [one for one in self.rollouts if one.state in RETRYABLE and target in {None, one.target}]

    def versions_of(self, model: str) -> list[str]:
        """Versions of a registered model that are not retired, oldest first."""
        return [name for name, stage in self.versions.items() if _model_of(name) == model and stage != "retired"]

    def version(self, name: str) -> str:
        """The id behind a version or an alias."""
        return self.aliases.get(name, name)

    def nearest(self, wrong: str, *kinds: str) -> list[str]:
        """The names of these kinds that are most like a wrong one."""
        names = {
            "version": [*self.versions, *self.aliases],
            "target": self.targets,
            "rollout": [one.id for one in self.rollouts],
            "approval": self.approvals,
            "tenant": self.tenants,
            "model": self.models,
            "device": self.devices,
            "group": self.groups,
        }
        return nearest_names(wrong, [name for kind in kinds for name in names[kind]])


def read_known(ledger: Ledger, context: ToolContext) -> KnownEntities:
    """What the caller's tenant has, of that what the caller's scopes let it read."""
    may = context.scopes
    with ledger.view(context.tenant) as unit:
        known = _roster(unit) if "roster:read" in may else {}
        devices = unit.devices.groups_by_id() if may & {"rollouts:read", "fleet:read"} else {}
        if "fleet:read" in may:
            known["devices"] = devices
        if "rollouts:read" in may:
            known |= _rollouts(unit, devices)
        if "approvals:read" in may:
            known["approvals"] = {one.id: one.state for one in unit.approvals.all(limit=_TAKEN)}
        if "tenants:admin" in may:
            known["tenants"] = tuple(one.id for one in unit.tenants.all())
        if "policies:read" in may:
            known["policies"] = tuple(one.name for one in unit.policies.all())
        if "factories:read" in may:
            known["factories"] = tuple(one.name for one in unit.factories.all())
            known["pipelines"] = tuple(one.name for one in unit.pipelines.all())
    return KnownEntities(**known)


def _roster(unit: Unit) -> dict[str, Any]:
    aliases, versions = unit.aliases.all(), unit.versions.all()
    stages = dict.fromkeys([*KnownEntities().stages, *(version.stage for version in versions)])
    return {
        "models": {one.name: one.catalogue_id or "" for one in unit.models.all() if one.retired_at is None},
        "versions": {one.id: one.stage for one in versions},
        "aliases": {one.name: one.version for one in aliases},
        "previous": {one.name: one.previous for one in aliases if one.previous},
        "stages": tuple(stage for stage in stages if stage != "retired"),
    }


def _rollouts(unit: Unit, devices: Mapping[str, str]) -> dict[str, Any]:
    groups = {group: "devices" for group in devices.values() if group}
    return {
        "targets": groups | {one.name: one.kind for one in unit.targets.all()},
        "rollouts": tuple(
            KnownRollout(one.id, one.target, one.state, _candidate(one.plan, one.progress), one.ended_at is None)
            for one in unit.rollouts.all(limit=_TAKEN)
        ),
    }


def _candidate(*bodies: Mapping[str, object]) -> str:
    for body in bodies:
        candidate = body.get("candidate")
        if isinstance(candidate, Mapping):
            return str(cast("Mapping[str, object]", candidate).get("version", ""))
    return ""


def _model_of(version: str) -> str:
    return version.rpartition("@")[0]
