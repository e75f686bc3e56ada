"""Who may act for a tenant, and the keys that prove it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from memory.ledger.database import Database
from memory.ledger.repository import MutableRepository
from memory.ledger.tables import Key, Max16, Max32, Max64, Name, map_table

__all__ = ["ApiKey", "Keys", "Principal", "Principals", "find_key"]


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


def find_key(database: Database, key_hash: str) -> tuple[str, ApiKey] | None:
    """The tenant and the key of this hash, whosever it is: who calls is not known before."""
    rows = database.rows(sa.select(api_keys).where(api_keys.c.hash == key_hash))
    return (rows[0].pop("tenant"), ApiKey(**rows[0])) if rows else None
