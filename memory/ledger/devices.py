"""Devices at the edge: where they belong, what they reported, and the one-time tokens with which they enrol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.database import Database
from memory.ledger.repository import MutableRepository, RevisedRepository
from memory.ledger.tables import Key, Max16, Max64, Name, map_table

__all__ = ["Device", "Devices", "EnrolmentToken", "Enrolments", "find_enrolment"]


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `reported` is JSON; `revision` counts changes, 0 for a new one."""

    id: Key[Name]
    group: Name
    state: Max16[Literal["enrolled", "revoked"]]
    enrolled_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    reported: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """One token, kept as its hash.

    Attributes:
        hash: SHA-256 of the token, hexadecimal.
        group: where the device comes to.
        device: it is good for this device alone, and may give it a new key; None for any that is new.
        public_key: of the first device that used it, to which it is bound then; empty before.
    """

    id: Key[Name]
    hash: Max64[str]
    group: Name
    device: Name | None
    created_at: datetime
    created_by: Name
    expires_at: datetime
    public_key: Max64[str] = ""
    used_by: Name | None = None
    used_at: datetime | None = None


devices = map_table("devices", Device, sa.Index(None, "tenant", "group"))
enrolment_tokens = map_table("enrolment_tokens", EnrolmentToken, unique=["hash"])


class Devices(RevisedRepository[Device]):
    """One tenant's devices."""

    table, row, noun = devices, Device, "device"

    def all(self, group: str | None = None) -> list[Device]:
        """By id; of all groups, or of one."""
        return self._rows.by("id") if group is None else self._rows.by("id", group=group)

    def groups_by_id(self) -> dict[str, str]:
        """The group of each, by id; cheaper than `all`, since nothing that they reported is read."""
        rows = self._scope.find_by(devices, ("id", "group"), {}, ("id",))
        return {str(row["id"]): str(row["group"]) for row in rows}

    def report(self, device_id: str, reported: Mapping[str, Any]) -> None:
        """Set what the device says that it is; that is no change by people, and leaves the revision."""
        self._scope.update_by(devices, {"reported": dict(reported)}, {"id": device_id})


class Enrolments(MutableRepository[EnrolmentToken]):
    """One tenant's enrolment tokens."""

    table, row, noun = enrolment_tokens, EnrolmentToken, "enrolment token"

    def all(self) -> list[EnrolmentToken]:
        """Newest first."""
        return self._rows.list(order=(enrolment_tokens.c.created_at.desc(), enrolment_tokens.c.id))


def find_enrolment(database: Database, token_hash: str) -> tuple[str, EnrolmentToken] | None:
    """The tenant and the token of this hash, whosever it is: who calls is not known before."""
    rows = database.rows(sa.select(enrolment_tokens).where(enrolment_tokens.c.hash == token_hash))
    return (rows[0].pop("tenant"), EnrolmentToken(**rows[0])) if rows else None
