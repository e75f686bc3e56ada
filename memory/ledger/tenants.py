"""Tenants: who the works are shared among. The only repository that sees all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Isolation", "Tenant", "Tenants"]

Isolation = Literal["shared", "dedicated", "hybrid"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant.

    Attributes:
        isolation: "shared" runs on everybody's runtimes, "dedicated" on its own, "hybrid" on its own while they last.
        quotas: what it may use, by name, such as `requests_per_minute`; a name that is missing is not limited.
        state: "active", or "suspended": nobody acts for it.
    """

    id: str
    title: str
    isolation: Isolation
    quotas: Mapping[str, float]
    state: Literal["active", "suspended"]
    created_at: datetime


class Tenants:
    """Reads and writes of tenants."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.tenants, Tenant)

    def get(self, tenant_id: str) -> Tenant:
        """Raises NotFound: there is no such tenant."""
        found = self._rows.one(id=tenant_id)
        if found is None:
            known = [tenant.id for tenant in self.all()]
            raise NotFound(f"There is no tenant {tenant_id!r}.", nearest=nearest_names(tenant_id, known))
        return found

    def all(self) -> list[Tenant]:
        return self._rows.list(order=schema.tenants.c.id)

    def add(self, tenant: Tenant) -> None:
        """Raises Conflict: there is such a tenant already."""
        if self._rows.first(schema.tenants.c.id == tenant.id) is not None:
            raise Conflict(f"There is a tenant {tenant.id!r} already.", "Choose another name.")
        self._rows.add(tenant)

    def save(self, tenant: Tenant) -> None:
        """Overwrite."""
        self._rows.put(tenant)
