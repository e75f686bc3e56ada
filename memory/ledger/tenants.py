"""Tenants, principals and API keys. `Tenants` is the only repository that sees all tenants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from memory.ledger.repository import MutableRepository
from memory.ledger.tables import Key, Max16, Max32, Max64, Name, map_table

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


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, a program or a device."""

    id: Key[Name]
    kind: Max16[Literal["person", "service", "device"]]
    scopes: Sequence[str]
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: never the key itself.

    Attributes:
        id: a part of it that is no secret, for people to tell keys apart.
        hash: SHA-256 of the key, hexadecimal; the key has 256 random bits, so a slow hash would add nothing.
        scopes: what it may do, at most what its principal may.
    """

    id: Key[Max32[str]]
    principal: Name
    hash: Max64[str]
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def revoked(self) -> bool:
        return self.revoked_at is not None


principals = map_table("principals", Principal)
api_keys = map_table(
    "api_keys",
    ApiKey,
    sa.ForeignKeyConstraint(["tenant", "principal"], ["principals.tenant", "principals.id"]),
    unique=["hash"],
)


class Principals(MutableRepository[Principal]):
    """One tenant's principals."""

    table, row, noun = principals, Principal, "principal"


class Keys(MutableRepository[ApiKey]):
    """One tenant's API keys."""

    table, row, noun = api_keys, ApiKey, "API key"

    def all(self) -> list[ApiKey]:
        """Oldest first."""
        return self._rows.by("created_at")
