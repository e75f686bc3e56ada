"""Policies, as text; what they mean stands in `tools/governance`."""

from dataclasses import dataclass, replace
from datetime import datetime

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Policies", "StoredPolicy"]


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One policy. `text` is YAML; `digest` is of the text; an inactive one is kept and not applied."""

    name: str
    text: str
    digest: str
    active: bool
    updated_at: datetime
    updated_by: str
    revision: int = 0


class Policies:
    """Reads and writes of one tenant's policies."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.policies, StoredPolicy)

    def find(self, name: str) -> StoredPolicy | None:
        return self._rows.first(schema.policies.c.name == name)

    def get(self, name: str) -> StoredPolicy:
        """Raises NotFound: there is no such policy; names the nearest."""
        found = self.find(name)
        if found is None:
            nearest = nearest_names(name, [policy.name for policy in self.all(active=None)])
            raise NotFound(f"There is no policy {name!r}.", nearest=nearest)
        return found

    def all(self, *, active: bool | None = True) -> list[StoredPolicy]:
        """By name; those that are applied, those that are not, or both."""
        where = [schema.policies.c.active == active] if active is not None else []
        return self._rows.list(*where, order=schema.policies.c.name)

    def save(self, policy: StoredPolicy) -> StoredPolicy:
        """Insert or overwrite; returns it with its new revision."""
        former = self.find(policy.name)
        saved = replace(policy, revision=former.revision + 1 if former else 0)
        self._rows.put(saved)
        return saved
