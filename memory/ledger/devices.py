"""Devices at the edge: where they belong, and what they said that they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Device", "Devices"]


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `reported` is JSON; `revision` counts changes, 0 for a new one."""

    id: str
    group: str
    state: Literal["enrolled", "revoked"]
    enrolled_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    reported: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


class Devices:
    """Reads and writes of one tenant's devices."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, schema.devices, Device)

    def find(self, device_id: str) -> Device | None:
        return self._rows.one(id=device_id)

    def get(self, device_id: str) -> Device:
        """Raises NotFound: there is no such device; names the nearest."""
        found = self.find(device_id)
        if found is None:
            nearest = nearest_names(device_id, [device.id for device in self.all()])
            raise NotFound(f"There is no device {device_id!r}.", nearest=nearest)
        return found

    def all(self, group: str | None = None) -> list[Device]:
        """By id; of all groups, or of one."""
        where = [schema.devices.c.group == group] if group is not None else []
        return self._rows.list(*where, order=schema.devices.c.id)

    def groups_by_id(self) -> dict[str, str]:
        """The group of each, by id; cheaper than `all`, since nothing that they reported is read."""
        rows = self._scope.find_by(schema.devices, ("id", "group"), {}, ("id",))
        return {str(row["id"]): str(row["group"]) for row in rows}

    def report(self, device_id: str, reported: Mapping[str, Any]) -> None:
        """Set what the device says that it is; that is no change by people, and leaves the revision."""
        self._scope.update_by(schema.devices, {"reported": dict(reported)}, {"id": device_id})

    def add(self, device: Device) -> None:
        self._rows.add(device)

    def save(self, device: Device) -> Device:
        """Overwrite what was read; returns it with its new revision. Raises Conflict: it has changed since."""
        self._rows.replace(device)
        return replace(device, revision=device.revision + 1)
