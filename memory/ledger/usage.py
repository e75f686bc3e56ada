"""What each version served, counted by minute."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import Condition, TenantScope

__all__ = ["Usage", "UsageLog"]

_counted = schema.counted_uses
_MOST_IDS = 500
_REMEMBERED = timedelta(days=1)
_COUNTS = ("requests", "errors", "tokens_in", "tokens_out", "latency_ms_sum", "cost")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one version served at one target within one minute.

    Attributes:
        minute: its start.
        latency_ms_sum: of all requests, milliseconds; their mean is this by `requests`.
        cost: US dollars.
    """

    target: str
    version: str
    minute: datetime
    requests: int
    errors: int
    tokens_in: int
    tokens_out: int
    latency_ms_sum: float
    cost: float


class UsageLog:
    """Reads and writes of one tenant's usage.

    Args:
        table: `schema.usage`, or `schema.shadow_usage` for answers that were thrown away, which are nobody's use.
    """

    def __init__(self, scope: TenantScope, table: sa.Table = schema.usage) -> None:
        self._scope = scope
        self._table = table
        self._rows = Rows(scope, table, Usage)

    def uncounted(self, ids: Collection[str], at: datetime) -> set[str]:
        """Those of the tries that were never counted; from now on they are. `at` is now.

        A try is remembered for a day, longer than anybody goes on writing it down.
        """
        known: set[str] = set()
        asked = list(ids)
        for first in range(0, len(asked), _MOST_IDS):
            some = asked[first : first + _MOST_IDS]
            among = _counted.c.id.in_(sa.bindparam("ids", some, expanding=True))
            known |= {row["id"] for row in self._scope.find(_counted, ["id"], [among])}
        fresh = set(ids) - known
        self._scope.delete(_counted, _counted.c.at < at - _REMEMBERED)
        self._scope.insert_all(_counted, [{"id": one, "at": at} for one in sorted(fresh)])
        return fresh

    def count(self, usage: Usage) -> None:
        """Add to what its minute has."""
        added = {name: self._table.c[name] + getattr(usage, name) for name in _COUNTS}
        if self._scope.update(self._table, added, *self._same(usage)) == 0:
            self._rows.add(usage)

    def of(self, target: str | None = None, version: str | None = None, since: datetime | None = None) -> list[Usage]:
        """By minute, oldest first."""
        where: list[Condition] = []
        if target is not None:
            where.append(self._table.c.target == target)
        if version is not None:
            where.append(self._table.c.version == version)
        if since is not None:
            where.append(self._table.c.minute >= since)
        return self._rows.list(*where, order=(self._table.c.minute, self._table.c.target, self._table.c.version))

    def total(self, since: datetime) -> dict[str, float]:
        """All that the tenant used since then: requests, errors, tokens_in, tokens_out, latency_ms_sum, cost."""
        query = sa.select(*(sa.func.coalesce(sa.func.sum(self._table.c[name]), 0).label(name) for name in _COUNTS))
        (row,) = self._scope.rows(query.where(self._table.c.minute >= since))
        return {name: float(row[name]) for name in _COUNTS}

    def _same(self, usage: Usage) -> tuple[Condition, ...]:
        kept = self._table.c
        return (kept.target == usage.target, kept.version == usage.version, kept.minute == usage.minute)
