"""Targets: where versions are served, and how the traffic is to be split among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from memory.ledger.repository import RevisedRepository
from memory.ledger.tables import Key, Max32, Name, map_table

__all__ = ["Target", "Targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """A serving target of the gateway, or a group of devices: its desired state.

    Attributes:
        traffic: version id -> weight; JSON, shaped by who splits the traffic.
        configuration: what goes with the versions; JSON.
        revision: counts changes; 0 for one that is new.
    """

    name: Key[Name]
    kind: Max32[Literal["serving", "devices"]]
    traffic: Mapping[str, Any]
    updated_at: datetime
    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


targets = map_table("targets", Target)


class Targets(RevisedRepository[Target]):
    """One tenant's targets."""

    table, row, noun = targets, Target, "target"

    def revisions(self, names: Sequence[str]) -> dict[str, int]:
        """Of those of these targets that there are."""
        found = self._scope.find(targets, ("name", "revision"), [targets.c.name.in_(names)])
        return {row["name"]: row["revision"] for row in found}

    def save(self, item: Target) -> Target:
        """Insert at revision 0, else overwrite what was read; returns it with its new revision.

        Raises:
            Conflict: it was changed since it was read, or is there already.
        """
        if item.revision > 0:
            return super().save(item)
        after = self._revised(item)
        self._add_new(after, "Read it, then change it.")
        return after
