"""Requests, latency and quality scores of the arms of serving targets, kept in the ledger: they outlive the hub."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import Ledger, Unit
from memory.ledger.usage import Measured
from tools.registry.versions import find_version
from tools.rollouts.canary_analysis import Observed, latencies
from tools.rollouts.sequential_test import Moments
from tools.rollouts.store import read_target
from tools.rollouts.world import Window
from tools.spec import ToolContext

_SECOND = timedelta(seconds=1)
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


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
    """`Metrics` of `tools.rollouts.world` over the ledger; what was recorded up to now, by whatever process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
        """Everything from the first whole second after `since` on, before `until`'s; all of one moment."""
        with self._ledger.view(tenant) as unit:
            return [_observed(unit, window) for window in windows]


def add_answers(unit: Unit, answers: Iterable[Answered], now: datetime) -> None:
    """Record requests, in the unit's transaction; what is long past is forgotten."""
    seconds: dict[tuple[str, str, datetime], Measured] = {}
    for one in answers:
        key = (one.target, one.arm, _second(one.at))
        was = seconds.get(key) or Measured(*key)
        seconds[key] = _plus(was, one.took_s)
    for measured in seconds.values():
        unit.measurements.add(measured)
    unit.measurements.forget(now)


def add_scores(unit: Unit, target: str, arm: str, at: datetime, scores: Iterable[float]) -> None:
    """Record quality scores of answers, 0 to 1 each. Raises ValueError: one is outside."""
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


class RecordedScores(BaseModel):
    """What was recorded: how many scores of which version on which target, and their mean."""

    target: str
    version: str
    scores: int
    mean: float


def score_record(
    context: ToolContext,
    target: Annotated[str, Field(min_length=1, max_length=200, description="serving target")],
    version: Annotated[str, Field(min_length=1, max_length=200, description="that answered: model@label, or an alias")],
    scores: Annotated[list[Score], Field(min_length=1, max_length=1000, description="of an answer each, 0 to 1")],
) -> RecordedScores:
    """Record how good answers were that a version gave on a target now; rollouts with a score_drop limit look at it."""
    found = find_version(context.unit, version)
    state, _ = read_target(context.unit, target)
    if context.unit.targets.find(target) is None:
        raise NotFound(f"There is no target {target!r}.", nearest=[one.name for one in context.unit.targets.all()][:5])
    arms = [arm for arm in (*state.arms, state.shadow) if arm is not None and arm.version == found.id]
    if len(arms) != 1:
        why = "does not serve" if not arms else "serves in several configurations"
        raise Conflict(f"{found.id} {why} on {target} now.", "Name a version that rollout_status shows.")
    add_scores(context.unit, target, arms[0].key, context.now, scores)
    return RecordedScores(target=target, version=found.id, scores=len(scores), mean=sum(scores) / len(scores))
