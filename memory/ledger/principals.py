"""Who may act for a tenant, and the keys that prove it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.database import Database
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["ApiKey", "Keys", "Principal", "Principals", "find_key"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, a program or a device."""

    id: str
    kind: Literal["person", "service", "device"]
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

    id: str
    principal: str
    hash: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Principals:
    """Reads and writes of one tenant's principals."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.principals, Principal)

    def find(self, principal_id: str) -> Principal | None:
        return self._rows.first(schema.principals.c.id == principal_id)

    def get(self, principal_id: str) -> Principal:
        """Raises NotFound: there is no such principal."""
        found = self.find(principal_id)
        if found is None:
            known = [principal.id for principal in self.all()]
            raise NotFound(f"There is no principal {principal_id!r}.", nearest=nearest_names(principal_id, known))
        return found

    def all(self) -> list[Principal]:
        return self._rows.list(order=schema.principals.c.id)

    def save(self, principal: Principal) -> None:
        """Insert or overwrite."""
        self._rows.put(principal)


class Keys:
    """Reads and writes of one tenant's API keys."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.api_keys, ApiKey)

    def get(self, key_id: str) -> ApiKey:
        """Raises NotFound: there is no such key."""
        found = self._rows.first(schema.api_keys.c.id == key_id)
        if found is None:
            nearest = nearest_names(key_id, [key.id for key in self.all()])
            raise NotFound(f"There is no API key {key_id!r}.", nearest=nearest)
        return found

    def all(self) -> list[ApiKey]:
        """Oldest first."""
        return self._rows.list(order=schema.api_keys.c.created_at)

    def save(self, key: ApiKey) -> None:
        """Insert or overwrite."""
        self._rows.put(key)


def find_key(database: Database, key_hash: str) -> tuple[str, ApiKey] | None:
    """The tenant and the key of this hash, whosever it is: who calls is not known before."""
    rows = database.rows(sa.select(schema.api_keys).where(schema.api_keys.c.hash == key_hash))
    if not rows:
        return None
    tenant = rows[0].pop("tenant")
    return tenant, ApiKey(**rows[0])
