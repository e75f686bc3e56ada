"""What each version served, counted by minute."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import Condition, TenantScope

__all__ = ["Usage", "UsageLog"]

_table = schema.usage
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
    """Reads and writes of one tenant's usage."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, _table, Usage)

    def count(self, usage: Usage) -> None:
        """Add to what its minute has."""
        added = {name: _table.c[name] + getattr(usage, name) for name in _COUNTS}
        if self._scope.update(_table, added, *_same(usage)) == 0:
            self._rows.add(usage)

    def of(self, target: str | None = None, version: str | None = None, since: datetime | None = None) -> list[Usage]:
        """By minute, oldest first."""
        where: list[Condition] = []
        if target is not None:
            where.append(_table.c.target == target)
        if version is not None:
            where.append(_table.c.version == version)
        if since is not None:
            where.append(_table.c.minute >= since)
        return self._rows.list(*where, order=(_table.c.minute, _table.c.target, _table.c.version))

    def total(self, since: datetime) -> dict[str, float]:
        """All that the tenant used since then: requests, errors, tokens_in, tokens_out, latency_ms_sum, cost."""
        query = sa.select(*(sa.func.coalesce(sa.func.sum(_table.c[name]), 0).label(name) for name in _COUNTS))
        (row,) = self._scope.rows(query.where(_table.c.minute >= since))
        return {name: float(row[name]) for name in _COUNTS}


def _same(usage: Usage) -> tuple[Condition, ...]:
    return (_table.c.target == usage.target, _table.c.version == usage.version, _table.c.minute == usage.minute)
