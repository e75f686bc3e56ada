"""Tenants: who the works are shared among. The only repository that sees all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from memory.ledger.repository import MutableRepository
from memory.ledger.tables import Key, Max16, Max64, map_table

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

    id: Key[Max64[str]]
    title: str
    isolation: Max16[Isolation]
    quotas: Mapping[str, float]
    state: Max16[Literal["active", "suspended"]]
    created_at: datetime


tenants = map_table("tenants", Tenant, of_tenants=False)


class Tenants(MutableRepository[Tenant]):
    """All tenants: the one repository that is not narrowed to the unit's."""

    table, row, noun = tenants, Tenant, "tenant"

    def add(self, item: Tenant) -> None:
        """Raises Conflict: there is such a tenant already."""
        self._add_new(item, "Choose another name.")
