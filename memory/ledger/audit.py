"""The audit log: one hash chain of entries for each tenant; and calls with an idempotency key, with their results.

An entry that was altered no longer fits its hash; one that was removed or moved leaves a gap in the numbers or breaks
the chain; entries cut off at the end are missed by the head, a row that says how many there are and what the last one's
hash is. Whoever can write to the database could make all of it anew: note the head elsewhere (`chargehand audit verify`
prints it) and give it to the next verification, which then finds that, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from edge.kernel.canonical import digest_of
from memory.ledger.repository import Repository, Rows
from memory.ledger.scope import TenantScope
from memory.ledger.tables import BigInt, Key, Max16, Max64, Name, map_table

AuditOutcome = Literal["done", "refused", "waiting", "failed"]
_GENESIS = "0" * 64
_DETAIL_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One call that changed something, or tried to.

    Attributes:
        sequence: counts from 1 within the tenant.
        arguments_digest: SHA-256 of the canonical arguments; the arguments themselves may hold secrets.
        detail: the error's message, the approval that is waited for, or on what it acted, in one line.
    """

    sequence: Key[BigInt]
    at: datetime
    principal: Name
    tool: Name
    effect: Max16[str]
    arguments_digest: Max64[str]
    outcome: Max16[AuditOutcome]
    detail: str
    previous_hash: Max64[str]
    hash: Max64[str]


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries there are, and the hash of the last; written as `COUNT:HASH`."""

    count: int
    hash: str

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        checked: entries that were read and found right before the first that is not.
        bad_sequence: number of the first entry that is altered, missing or out of order; None where all is well.
        why: in one sentence; empty where all is well.
    """

    checked: int
    head: Head
    bad_sequence: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _SealedHead:
    count: BigInt
    hash: Max64[str]
    seal: Max64[str]


audit = map_table("audit", AuditEntry)
audit_heads = map_table("audit_heads", _SealedHead)

_HASHED = tuple(field.name for field in fields(AuditEntry) if field.name != "hash")


class Audit:
    """Reads of one tenant's log, and the one way to write to it."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, audit, AuditEntry)
        self._heads = Rows(scope, audit_heads, _SealedHead)

    def append(
        self,
        *,
        at: datetime,
        principal: str,
        tool: str,
        effect: str,
        arguments_digest: str,
        outcome: AuditOutcome,
        detail: str = "",
    ) -> AuditEntry:
        """Add an entry, in the transaction of what it tells of."""
        last = self.head()
        line = " ".join(detail.split())[:_DETAIL_LIMIT]
        number, moment = last.count + 1, at.astimezone(UTC)
        draft = AuditEntry(number, moment, principal, tool, effect, arguments_digest, outcome, line, last.hash, hash="")
        entry = replace(draft, hash=_hash(draft, self._scope.tenant))
        self._rows.add(entry)
        head = Head(number, entry.hash)
        sealed = _SealedHead(head.count, head.hash, _seal(head, self._scope.tenant))
        if last.count == 0:
            self._heads.put(sealed)
        else:  # an update is made once, an upsert each time
            self._scope.update_by(audit_heads, self._heads.values(sealed), {})
        return entry

    def head(self) -> Head:
        """The end of the chain as the head says it."""
        found = self._heads.one()
        return Head(0, _GENESIS) if found is None else Head(found.count, found.hash)

    def entries(self, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """Newest first."""
        where = [audit.c.sequence < before] if before is not None else []
        return self._rows.list(*where, order=audit.c.sequence.desc(), limit=limit)

    def verify(self, noted: Head | None = None) -> Verification:
        """Read the whole chain, entry by entry, and find the first that is altered, missing or out of order.

        Args:
            noted: a head that was noted earlier; the chain must still go through it.
        """
        query = sa.select(*(audit.c[name] for name in (*_HASHED, "hash"))).order_by(audit.c.sequence)
        entries = (AuditEntry(**row) for row in self._scope.stream(query))
        found = self._heads.first()
        return _verify(entries, found, self._scope.tenant, noted)


def _verify(entries: Iterable[AuditEntry], head: _SealedHead | None, tenant: str, noted: Head | None) -> Verification:
    claimed = Head(0, _GENESIS) if head is None else Head(head.count, head.hash)
    count, last = 0, _GENESIS
    for entry in entries:
        why = _wrong(entry, count + 1, last, tenant)
        if not why and noted is not None and noted.count == entry.sequence and noted.hash != entry.hash:
            why = "is not the one that was noted"
        if why:
            return Verification(count, claimed, count + 1, f"Entry {count + 1} {why}.")
        count, last = count + 1, entry.hash
    if claimed != Head(count, last) or (head is not None and head.seal != _seal(claimed, tenant)):
        return Verification(count, claimed, count + 1, f"The log ends with entry {count}, and its head says otherwise.")
    if noted is not None and noted.count > count:
        return Verification(count, claimed, count + 1, f"Entry {count + 1} is missing: {noted.count} were noted.")
    return Verification(count, claimed)


def _wrong(entry: AuditEntry, number: int, last: str, tenant: str) -> str:
    if entry.sequence != number:
        return "is missing"
    if entry.previous_hash != last:
        return "does not follow the one before it"
    if entry.hash != _hash(entry, tenant):
        return "was altered"
    return ""


def _hash(entry: AuditEntry, tenant: str) -> str:
    content = {name: getattr(entry, name) for name in _HASHED}
    return digest_of({**content, "at": entry.at.isoformat(timespec="microseconds"), "tenant": tenant})


def _seal(head: Head, tenant: str) -> str:
    return digest_of({"count": head.count, "hash": head.hash, "tenant": tenant, "of": "audit head"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was done. `digest` is of the tool's name and the arguments; `result` is JSON."""

    principal: Key[Name]
    key: Key[Name]
    digest: Max64[str]
    result: Mapping[str, Any]
    at: datetime


class Calls(Repository[Call]):
    """One tenant's calls, by principal and idempotency key."""

    table, row, noun = map_table("calls", Call), Call, "call"
