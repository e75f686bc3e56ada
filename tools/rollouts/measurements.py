"""Requests, latency and quality scores of the arms of serving targets, kept in the ledger: they outlive the hub."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import Ledger, Unit
from memory.ledger.usage import Measured, ResponseTimes
from tools.registry.versions import find_version
from tools.rollouts.canary_analysis import Observed
from tools.rollouts.forecast import Traffic
from tools.rollouts.response_times import TIME_KINDS, TimeKind, Times, bucket_of
from tools.rollouts.rollout import Rollout
from tools.rollouts.sequential_test import Moments
from tools.rollouts.store import read_target
from tools.rollouts.world import Window
from tools.spec import ToolContext

_SECOND = timedelta(seconds=1)
_RECENT = timedelta(hours=1)
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Answered:
    """One attempt that ended.

    Attributes:
        arm: key of the arm that was asked.
        at: when it ended.
        took_s: seconds until it was answered; None where it was not.
        first_token_s: until its first text, where it was streamed.
        tokens: that it generated; 0 where that is not known.
        stands_in: another arm was asked first and failed: it says nothing of what this arm is sent.
        left: the client ended it before the answer did.
    """

    target: str
    arm: str
    at: datetime
    took_s: float | None
    first_token_s: float | None = None
    tokens: int = 0
    stands_in: bool = False
    left: bool = False

    @property
    def times(self) -> dict[TimeKind, float]:
        """Seconds of each kind that the attempt says something of."""
        if self.took_s is None or self.stands_in:
            return {}
        if self.first_token_s is None:
            return {"answer": self.took_s}
        found: dict[TimeKind, float] = {"stream": self.took_s, "first_token": self.first_token_s}
        if self.tokens > 1:
            found["token"] = (self.took_s - self.first_token_s) / (self.tokens - 1)
        return found


class LedgerMetrics:
    """`Metrics` of `tools.rollouts.world` over the ledger; what was recorded up to now, by whatever process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
        """Everything from the first whole second after `since` on, before `until`'s; all of one moment."""
        with self._ledger.view(tenant) as unit:
            return [_observed(unit, window) for window in windows]


def add_answers(unit: Unit, answers: Iterable[Answered], now: datetime) -> None:
    """Record attempts, in the unit's transaction; what is long past is forgotten."""
    seconds: dict[tuple[str, str, datetime], Measured] = {}
    times: Counter[tuple[str, str, datetime, str, int]] = Counter()
    for one in answers:
        key = (one.target, one.arm, _second(one.at))
        seconds[key] = _plus(seconds.get(key) or Measured(*key), one)
        times.update((*key, kind, bucket_of(seconds_)) for kind, seconds_ in one.times.items())
    for measured in seconds.values():
        unit.measurements.add(measured)
    for bucket, count in times.items():
        unit.measurements.add_times(ResponseTimes(*bucket, count))
    unit.measurements.forget(now)


def traffic_of(unit: Unit, rollout: Rollout, now: datetime) -> Traffic:
    """What a rollout's target was asked in the last hour, and how the version in service answered."""
    since = now - _RECENT
    former = rollout.before.arms[0]
    usual = _observed(unit, Window(rollout.target, former, since, now))
    new = _observed(unit, Window(rollout.target, rollout.candidate, since, now))
    asked = usual.requests + (new.requests if rollout.current is None or not rollout.current.shadow else 0)
    if not usual.requests:  # it serves no more: what it did before
        usual = _observed(unit, Window(rollout.target, former, rollout.created_at - _RECENT, rollout.created_at))
    return Traffic(asked / _RECENT.total_seconds(), usual)


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
    within = (window.target, window.arm.key, since, _second(window.until))
    found, counts = unit.measurements.total(*within), unit.measurements.times(*within)
    return Observed(
        found.requests,
        found.errors,
        found.left,
        found.retries,
        found.retry_errors,
        {
            kind: Times({bucket: counts[name, bucket] for name, bucket in sorted(counts) if name == kind})
            for kind in TIME_KINDS
            if any(name == kind for name, _ in counts)
        },
        Moments(found.score_count, found.score_total, found.score_squares),
    )


def _plus(was: Measured, one: Answered) -> Measured:
    if one.stands_in:
        return (
            was
            if one.left
            else replace(was, retries=was.retries + 1, retry_errors=was.retry_errors + (one.took_s is None))
        )
    if one.left:
        return replace(was, left=was.left + 1)
    return replace(was, requests=was.requests + 1, errors=was.errors + (one.took_s is None))


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
