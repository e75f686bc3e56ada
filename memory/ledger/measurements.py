"""What was measured of the arms of targets, added up by the second in which it ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["Measured", "MeasurementLog"]

_table = schema.measurements
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

    target: str
    arm: str
    second: datetime
    requests: int = 0
    errors: int = 0
    latency_count: int = 0
    latency_total: float = 0.0
    latency_squares: float = 0.0
    score_count: int = 0
    score_total: float = 0.0
    score_squares: float = 0.0


class MeasurementLog:
    """Reads and writes of one tenant's measurements; they are kept for two days."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, _table, Measured)

    def add(self, measured: Measured) -> None:
        """Add to what its second has."""
        same = (_table.c.target == measured.target, _table.c.arm == measured.arm, _table.c.second == measured.second)
        added = {name: _table.c[name] + getattr(measured, name) for name in _SUMS}
        if self._scope.update(_table, added, *same) == 0:
            self._rows.add(measured)

    def total(self, target: str, arm: str, since: datetime, until: datetime) -> Measured:
        """The sum over the seconds that begin at `since` <= t < `until`."""
        sums = self._scope.sums_by(_table, _SUMS, {"target": target, "arm": arm}, "second", since, until)
        return Measured(target, arm, since, **sums)

    def forget(self, now: datetime) -> int:
        """Remove what is older than two days; returns how many seconds."""
        return self._scope.delete(_table, _table.c.second < now - _KEPT)
