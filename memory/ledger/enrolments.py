"""One-time tokens with which devices enrol, kept as hashes."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from memory.ledger import schema
from memory.ledger.database import Database
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["EnrolmentToken", "Enrolments", "find_enrolment"]

_table = schema.enrolment_tokens


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """One token.

    Attributes:
        hash: SHA-256 of the token, hexadecimal.
        group: where the device comes to.
        device: it is good for this device alone, and may give it a new key; None for any that is new.
        public_key: of the first device that used it, to which it is bound then; empty before.
    """

    id: str
    hash: str
    group: str
    device: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    public_key: str = ""
    used_by: str | None = None
    used_at: datetime | None = None


class Enrolments:
    """Reads and writes of one tenant's enrolment tokens."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, _table, EnrolmentToken)

    def find(self, token_id: str) -> EnrolmentToken | None:
        return self._rows.first(_table.c.id == token_id)

    def all(self) -> list[EnrolmentToken]:
        """Newest first."""
        return self._rows.list(order=(_table.c.created_at.desc(), _table.c.id))

    def save(self, token: EnrolmentToken) -> None:
        """Insert or overwrite."""
        self._rows.put(token)


def find_enrolment(database: Database, token_hash: str) -> tuple[str, EnrolmentToken] | None:
    """The tenant and the token of this hash, whosever it is: who calls is not known before."""
    rows = database.rows(sa.select(_table).where(_table.c.hash == token_hash))
    if not rows:
        return None
    tenant = rows[0].pop("tenant")
    return tenant, EnrolmentToken(**rows[0])
