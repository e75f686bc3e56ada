"""What was lately measured of each arm, for the analysis of rollouts: implements `tools.rollouts.store.Metrics`.

Held in memory: after a restart of the hub an analysis begins with fewer requests, which makes it wait, never err.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.gateway.ports import Use
from tools.rollouts.analysis import Observed, latencies
from tools.rollouts.targets import Arm

__all__ = ["Observations"]

_MOST = 100_000
"""Requests held for each arm; the oldest go first."""

_Key = tuple[str, str, str]


@dataclass
class Observations:
    """Safe to write from the event loop and to read from a reconciler's thread.

    Args:
        keep: takes each row after it was looked at, such as `UsageWriter.record`.
    """

    keep: Callable[[Use], None]
    _held: dict[_Key, deque[tuple[datetime, bool, float]]] = field(
        default_factory=dict[_Key, deque[tuple[datetime, bool, float]]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, use: Use) -> None:
        """Take one try. What a client's leaving or mistake ended says nothing of the version and is left out."""
        if use.outcome == "done" or use.failed:
            row = (use.started_at + timedelta(seconds=use.latency_s), use.failed, use.latency_s)
            with self._lock:
                self._held.setdefault((use.tenant, use.target, use.version), deque(maxlen=_MOST)).append(row)
        self.keep(use)

    def observed(self, tenant: str, target: str, arm: Arm, since: datetime, until: datetime) -> Observed:
        """Requests that ended at `since` <= t < `until`; of a shadow, the copies."""
        with self._lock:
            held = list(self._held.get((tenant, target, arm.key), ()))
        seen = [(failed, latency) for at, failed, latency in held if since <= at < until]
        errors = sum(failed for failed, _ in seen)
        return Observed(len(seen), errors, latencies(latency for failed, latency in seen if not failed))
