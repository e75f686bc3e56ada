"""What was measured of the arms of targets, added up by the second in which it ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from memory.ledger.repository import Rows
from memory.ledger.scope import TenantScope
from memory.ledger.tables import BigInt, Key, Name, map_table

__all__ = ["Measured", "MeasurementLog"]

_KEPT = timedelta(days=2)
_SUMS = (
    *("requests", "errors", "latency_count", "latency_total"),
    *("latency_squares", "score_count", "score_total", "score_squares"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One second of one arm; counts and sums, so that seconds can be added.

    Attributes:
        arm: key of the arm.
        second: its start.
        latency_total, latency_squares: sum, and sum of squares, of scaled latencies, 0 to 1 each.
        score_total, score_squares: the same of quality scores.
    """

    target: Key[Name]
    arm: Key[Name]
    second: Key[datetime]
    requests: BigInt = 0
    errors: BigInt = 0
    latency_count: BigInt = 0
    latency_total: float = 0.0
    latency_squares: float = 0.0
    score_count: BigInt = 0
    score_total: float = 0.0
    score_squares: float = 0.0


measurements = map_table("measurements", Measured, sa.Index(None, "tenant", "second"))


class MeasurementLog:
    """One tenant's measurements; they are kept for two days."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, measurements, Measured)

    def add(self, measured: Measured) -> None:
        """Add to what its second has."""
        self._rows.accumulate(measured, _SUMS)

    def total(self, target: str, arm: str, since: datetime, until: datetime) -> Measured:
        """The sum over the seconds that begin at `since` <= t < `until`."""
        sums = self._scope.sums_by(measurements, _SUMS, {"target": target, "arm": arm}, "second", since, until)
        return Measured(target, arm, since, **sums)

    def forget(self, now: datetime) -> int:
        """Remove what is older than two days; returns how many seconds."""
        return self._rows.delete(measurements.c.second < now - _KEPT)
