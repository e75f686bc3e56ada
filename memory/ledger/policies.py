"""Policies, as text; what they mean stands in `tools/governance`."""

from dataclasses import dataclass, replace
from datetime import datetime

from memory.ledger.repository import RevisedRepository
from memory.ledger.tables import Key, Max80, Name, map_table

__all__ = ["Policies", "StoredPolicy"]


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One policy. `text` is YAML; `digest` is of the text; an inactive one is kept and not applied."""

    name: Key[Name]
    text: str
    digest: Max80[str]
    active: bool
    updated_at: datetime
    updated_by: Name
    revision: int = 0


class Policies(RevisedRepository[StoredPolicy]):
    """One tenant's policies."""

    table, row, noun = map_table("policies", StoredPolicy), StoredPolicy, "policy"

    def all(self, *, active: bool | None = True) -> list[StoredPolicy]:
        """By name; those that are applied, those that are not, or both."""
        return self._rows.by("name") if active is None else self._rows.by("name", active=active)

    def save(self, item: StoredPolicy) -> StoredPolicy:
        """Insert or overwrite, whoever changed it since; returns it with its new revision."""
        former = self.find(item.name)
        saved = replace(item, revision=former.revision + 1 if former else 0)
        self._rows.put(saved)
        return saved
