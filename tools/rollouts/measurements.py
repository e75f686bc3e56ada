"""What the arms of serving targets did lately, kept in memory by the process that serves them.

A process that starts again starts measuring again: an analysis then waits longer, it does not judge wrongly.
"""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from evals.sequential import Moments
from tools.rollouts.analysis import Observed, latencies
from tools.rollouts.targets import Arm

__all__ = ["Measurements"]

_KEPT_S = 7200
_SWEEP_EVERY = 1000


@dataclass(slots=True)
class _Second:
    requests: int = 0
    errors: int = 0
    latency: Moments = field(default_factory=Moments)
    score: Moments = field(default_factory=Moments)


class Measurements:
    """Counts by second, for two hours; `Metrics` of the rollouts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str, str], dict[int, _Second]] = defaultdict(dict)
        self._lock = threading.Lock()
        self._recorded = 0

    def record(
        self,
        tenant: str,
        target: str,
        arm: Arm,
        at: datetime,
        *,
        took_s: float | None,
        score: float | None = None,
    ) -> None:
        """One request that ended at `at`, or was judged then.

        Args:
            took_s: seconds until it was answered; None where it failed.
            score: of the answer's quality, 0 to 1, where something judged it.
        """
        with self._lock:
            second = self._seconds[tenant, target, arm.key].setdefault(int(at.timestamp()), _Second())
            second.requests += 1
            if took_s is None:
                second.errors += 1
            else:
                second.latency = second.latency.plus(latencies([took_s]))
            if score is not None:
                second.score = second.score.plus(Moments.of([score]))
            self._recorded += 1
            if self._recorded % _SWEEP_EVERY == 0:
                self._sweep(int(at.timestamp()) - _KEPT_S)

    def observed(self, tenant: str, target: str, arm: Arm, since: datetime, until: datetime) -> Observed:
        """Everything from the first whole second after `since` on, before `until`'s."""
        first, behind = -int(-since.timestamp() // 1), int(until.timestamp())
        requests = errors = 0
        latency, score = Moments(), Moments()
        with self._lock:
            for at, second in self._seconds.get((tenant, target, arm.key), {}).items():
                if first <= at < behind:
                    requests, errors = requests + second.requests, errors + second.errors
                    latency, score = latency.plus(second.latency), score.plus(second.score)
        return Observed(requests, errors, latency, score)

    def _sweep(self, oldest: int) -> None:
        for key, seconds in list(self._seconds.items()):
            kept = {at: second for at, second in seconds.items() if at >= oldest}
            if kept:
                self._seconds[key] = kept
            else:
                del self._seconds[key]
