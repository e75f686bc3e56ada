"""Usage of each version by minute; measurements of the arms of targets by second."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from memory.ledger.database import batches
from memory.ledger.repository import Rows
from memory.ledger.scope import TenantScope
from memory.ledger.tables import BigInt, Instant, Key, Max16, Name, map_table, metadata, tenant_column

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

    target: Key[Name]
    version: Key[Name]
    minute: Key[datetime]
    requests: BigInt
    errors: BigInt
    tokens_in: BigInt
    tokens_out: BigInt
    latency_ms_sum: float
    cost: float


usage = map_table("usage", Usage)
shadow_usage = map_table("shadow_usage", Usage)
counted_uses = sa.Table(
    "counted_uses",
    metadata,
    tenant_column(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "tenant", "at"),
)


class UsageLog:
    """One tenant's usage."""

    table = usage

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, self.table, Usage)

    def uncounted(self, ids: Collection[str], at: datetime) -> set[str]:
        """Those of the tries that were never counted; from now on they are. `at` is now.

        A try is remembered for a day, longer than anybody goes on writing it down.
        """
        known: set[str] = set()
        for some in batches(list(ids)):
            among = counted_uses.c.id.in_(sa.bindparam("ids", some, expanding=True))
            known |= {row["id"] for row in self._scope.find(counted_uses, ["id"], [among])}
        fresh = set(ids) - known
        self._scope.delete(counted_uses, counted_uses.c.at < at - _REMEMBERED)
        self._scope.insert(counted_uses, *({"id": one, "at": at} for one in sorted(fresh)))
        return fresh

    def count(self, used: Usage) -> None:
        """Add to what its minute has."""
        self._rows.accumulate(used, _COUNTS)

    def of(self, target: str | None = None, version: str | None = None, since: datetime | None = None) -> list[Usage]:
        """By minute, oldest first."""
        where = [self.table.c.minute >= since] if since is not None else []
        order = (self.table.c.minute, self.table.c.target, self.table.c.version)
        return self._rows.list(*where, order=order, target=target, version=version)

    def total(self, since: datetime) -> dict[str, float]:
        """All that the tenant used since then: requests, errors, tokens_in, tokens_out, latency_ms_sum, cost."""
        query = sa.select(*(sa.func.coalesce(sa.func.sum(self.table.c[name]), 0).label(name) for name in _COUNTS))
        (row,) = self._scope.rows(query.where(self.table.c.minute >= since))
        return {name: float(row[name]) for name in _COUNTS}


class ShadowUsageLog(UsageLog):
    """What versions used for answers that were thrown away; it is no use of the tenant's."""

    table = shadow_usage


_KEPT = timedelta(days=2)
_SUMS = ("requests", "errors", "left", "retries", "retry_errors", "score_count", "score_total", "score_squares")


@dataclass(frozen=True, slots=True)
class Measured:
    """One second of one arm; counts and sums, so that seconds can be added.

    Attributes:
        arm: key of the arm.
        second: its start.
        requests, errors: first attempts; `left` those that their clients ended, which are none of them.
        retries, retry_errors: attempts in another arm's place.
        score_total, score_squares: sum, and sum of squares, of quality scores, 0 to 1 each.
    """

    target: Key[Name]
    arm: Key[Name]
    second: Key[datetime]
    requests: BigInt = 0
    errors: BigInt = 0
    left: BigInt = 0
    retries: BigInt = 0
    retry_errors: BigInt = 0
    score_count: BigInt = 0
    score_total: float = 0.0
    score_squares: float = 0.0


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """How many answers of one arm took a time of one bucket, of those that ended in one second.

    Attributes:
        kind, bucket: see `tools/rollouts/response_times.py`.
    """

    target: Key[Name]
    arm: Key[Name]
    second: Key[datetime]
    kind: Key[Max16[str]]
    bucket: Key[int]
    count: BigInt = 0


measurements = map_table("measurements", Measured, sa.Index(None, "tenant", "second"))
response_times = map_table("response_times", ResponseTimes, sa.Index(None, "tenant", "second"))


class MeasurementLog:
    """One tenant's measurements; they are kept for two days."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, measurements, Measured)
        self._times = Rows(scope, response_times, ResponseTimes)

    def add(self, measured: Measured) -> None:
        """Add to what its second has."""
        self._rows.accumulate(measured, _SUMS)

    def add_times(self, times: ResponseTimes) -> None:
        """Add to what its bucket has."""
        self._times.accumulate(times, ("count",))

    def total(self, target: str, arm: str, since: datetime, until: datetime) -> Measured:
        """The sum over the seconds that begin at `since` <= t < `until`."""
        sums = self._scope.sums_by(measurements, _SUMS, {"target": target, "arm": arm}, "second", since, until)
        return Measured(target, arm, since, **sums)

    def times(self, target: str, arm: str, since: datetime, until: datetime) -> dict[tuple[str, int], int]:
        """Answers by kind and bucket, over the same seconds."""
        key = {"target": target, "arm": arm}
        return self._scope.counts_by(response_times, ("kind", "bucket"), "count", key, "second", since, until)

    def forget(self, now: datetime) -> int:
        """Remove what is older than two days; returns how many seconds."""
        self._times.delete(response_times.c.second < now - _KEPT)
        return self._rows.delete(measurements.c.second < now - _KEPT)
