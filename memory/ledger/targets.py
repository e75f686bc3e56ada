"""Targets: where versions are served, and how the traffic is to be split among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Target", "Targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """A serving target of the gateway, or a group of devices: its desired state.

    Attributes:
        traffic: version id -> weight; JSON, shaped by who splits the traffic.
        configuration: what goes with the versions; JSON.
        revision: counts changes; 0 for one that is new.
    """

    name: str
    kind: Literal["serving", "devices"]
    traffic: Mapping[str, Any]
    updated_at: datetime
    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


class Targets:
    """Reads and writes of one tenant's targets."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, schema.targets, Target)

    def find(self, name: str) -> Target | None:
        return self._rows.one(name=name)

    def get(self, name: str) -> Target:
        """Raises NotFound: there is no such target; names the nearest."""
        found = self.find(name)
        if found is None:
            nearest = nearest_names(name, [target.name for target in self.all()])
            raise NotFound(f"There is no target {name!r}.", nearest=nearest)
        return found

    def all(self) -> list[Target]:
        return self._rows.list(order=schema.targets.c.name)

    def revisions(self, names: Sequence[str]) -> dict[str, int]:
        """Of those of these targets that there are."""
        table = schema.targets
        found = self._scope.find(table, ("name", "revision"), [table.c.name.in_(names)])
        return {row["name"]: row["revision"] for row in found}

    def save(self, target: Target) -> Target:
        """Insert at revision 0, else overwrite what was read; returns it with its new revision.

        Raises:
            Conflict: it was changed since it was read, or is there already.
        """
        after = replace(target, revision=target.revision + 1)
        if target.revision > 0:
            self._rows.replace(target)
        elif self.find(target.name) is not None:
            raise Conflict(f"There is a target {target.name!r} already.", "Read it, then change it.")
        else:
            self._rows.add(after)
        return after
