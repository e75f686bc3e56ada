"""What the arms of serving targets did lately, kept in the ledger: what rollouts are judged by outlives the hub."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from memory.ledger import Ledger, Unit
from memory.ledger.measurements import Measured
from tools.rollouts.analysis import Observed, latencies
from tools.rollouts.sequential_test import Moments
from tools.rollouts.store import Window

__all__ = ["Answered", "LedgerMetrics", "add_answers", "add_scores"]

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Answered:
    """One request that ended.

    Attributes:
        arm: key of the arm that was asked.
        at: when it ended.
        took_s: seconds until it was answered; None where it failed.
    """

    target: str
    arm: str
    at: datetime
    took_s: float | None


class LedgerMetrics:
    """`tools.rollouts.store.Metrics` over the ledger; what was written down up to now, from whatever process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
        """Everything from the first whole second after `since` on, before `until`'s; all of one moment."""
        with self._ledger.view(tenant) as unit:
            return [_observed(unit, window) for window in windows]


def add_answers(unit: Unit, answers: Iterable[Answered], now: datetime) -> None:
    """Write down requests, in the unit's transaction; what is long past is forgotten."""
    seconds: dict[tuple[str, str, datetime], Measured] = {}
    for one in answers:
        key = (one.target, one.arm, _second(one.at))
        was = seconds.get(key) or Measured(*key)
        seconds[key] = _plus(was, one.took_s)
    for measured in seconds.values():
        unit.measurements.add(measured)
    unit.measurements.forget(now)


def add_scores(unit: Unit, target: str, arm: str, at: datetime, scores: Iterable[float]) -> None:
    """Write down quality scores of answers, 0 to 1 each. Raises ValueError: one is outside."""
    score = Moments.of(scores)
    unit.measurements.add(
        Measured(
            target, arm, _second(at), score_count=score.count, score_total=score.total, score_squares=score.squares
        )
    )


def _observed(unit: Unit, window: Window) -> Observed:
    first = _second(window.since)
    since = first if first == window.since else first + _SECOND
    found = unit.measurements.total(window.target, window.arm.key, since, _second(window.until))
    return Observed(
        found.requests,
        found.errors,
        Moments(found.latency_count, found.latency_total, found.latency_squares),
        Moments(found.score_count, found.score_total, found.score_squares),
    )


def _plus(was: Measured, took_s: float | None) -> Measured:
    if took_s is None:
        return replace(was, requests=was.requests + 1, errors=was.errors + 1)
    latency = Moments(was.latency_count, was.latency_total, was.latency_squares).plus(latencies([took_s]))
    return replace(
        was,
        requests=was.requests + 1,
        latency_count=latency.count,
        latency_total=latency.total,
        latency_squares=latency.squares,
    )


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
