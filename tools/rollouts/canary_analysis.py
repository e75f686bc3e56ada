"""Canary analysis: is the new version worse than the one in service? Sequential, so that it may be asked often.

Every measure but the scores is a share: of requests that failed, that their clients gave up, or whose answer was slow.
"Slow" is longer than the former version's quantile (median, p95, p99) in the hour before the step, by more than the
limit allows; the quantile of the new version is over its limit just where the share of slow answers is larger than it
may be. So one test serves all (`e_process.py`), and a tail needs no more than it has to.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tools.rollouts.e_process import Share, evidence_beyond, evidence_within
from tools.rollouts.response_times import BUCKETS, TIME_KINDS, TimeKind, Times, buckets_longer, edge_s
from tools.rollouts.sequential_test import Interval, Moments, difference, mean_intervals, proportion_interval

CanaryVerdict = Literal["promote", "roll_back", "inconclusive"]

_LEAST_HISTORY = 200
"""Answers before the step, from which on its quantiles are taken from them."""
_USUAL_PART = 0.1
"""A kind of answer that is rarer than this among either version's need not be shown to be within its limits."""
PARTS = {"errors": 0.3, "error_rate_max": 0.15, "clients_left": 0.1, "times": 0.3, "scores": 0.15}
"""Of what all measures together may err in finding a version over a limit; the twelve of times share theirs."""
_NOTHING = -1e9
"""Log of no evidence: finite, so that JSON can hold it."""


class CanaryLimits(BaseModel):
    """How much worse the new version may be.

    Attributes:
        error_rate_increase: over the former version's, share of requests: 0.02 is two percentage points.
        error_rate_max: whatever the former version's is.
        slowdown: of the median time: 0.25 is a quarter slower. None looks at no times, but those of the next two that
            are given beside it.
        slowdown_p95, slowdown_p99: of the time that 5, or 1, percent of the answers take longer than.
        score_drop: of the mean quality score, 0 to 1. None does not look at scores.
        alpha: probability that a rollout ever errs in a verdict on a version that stands right at its limits or within.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_rate_increase: Annotated[float, Field(gt=0, le=1)] | None = 0.02
    error_rate_max: Annotated[float, Field(gt=0, lt=1)] | None = None
    slowdown: Annotated[float, Field(gt=0, le=100)] | None = 0.25
    slowdown_p95: Annotated[float, Field(gt=0, le=100)] | None = 0.5
    slowdown_p99: Annotated[float, Field(gt=0, le=100)] | None = 1.0
    score_drop: Annotated[float, Field(gt=0, lt=1)] | None = None
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05

    @model_validator(mode="before")
    @classmethod
    def _without_times(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "slowdown" not in given or given["slowdown"] is not None:
            return given
        return {"slowdown_p95": None, "slowdown_p99": None, **cast("Mapping[str, Any]", given)}

    @property
    def alpha_within(self) -> float:
        """That a version at a limit is ever found to be within it; not split, for a promotion takes every measure."""
        return self.alpha / 2

    @property
    def alpha_beyond(self) -> float:
        """That a version within its limits is ever found to be over one of them; the measures share it."""
        return self.alpha * 0.3

    @property
    def alpha_worse(self) -> float:
        """That a version which fails no more often than the former one is ever found to fail more often."""
        return self.alpha / 5


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of one version: first attempts alone; what stood in for another version is its own measure.

    Attributes:
        left: requests that their clients ended before the answer did; they are none of `requests`.
        retries, retry_errors: attempts in which it stood in for another version, and those of them that failed.
        times: of answered requests, by kind.
        score: quality scores, 0 to 1.
    """

    requests: int = 0
    errors: int = 0
    left: int = 0
    retries: int = 0
    retry_errors: int = 0
    times: Mapping[TimeKind, Times] = field(default_factory=dict[TimeKind, Times])
    score: Moments = field(default_factory=Moments)

    @property
    def failures(self) -> Share:
        return Share(self.errors, self.requests)

    @property
    def given_up(self) -> Share:
        return Share(self.left, self.left + self.requests)

    def took(self, kind: TimeKind) -> Times:
        return self.times.get(kind) or Times()


class Evidence(NamedTuple):
    """Log evidence on one measure; what earlier steps found goes on in the later ones.

    Attributes:
        within: that it is within its limit: the product over the steps, for a version is the same in each.
        beyond: that it is over it: the sum over the steps of what was found from each on, for it may begin in any.
        worse: that it is larger than the former version's at all, likewise.
    """

    within: float = 0.0
    beyond: float = _NOTHING
    worse: float = _NOTHING

    def then(self, within: float, beyond: float, worse: float) -> "Evidence":
        """With what one more step found."""
        return Evidence(self.within + within, _more(self.beyond) + beyond, _more(self.worse) + worse)


Carried = Mapping[str, Evidence]
"""By measure."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdict of one measure.

    Attributes:
        evidence: with that of the earlier steps; None of a measure that has none.
        doubtful: what was seen lies over the limit, or speaks more against its being within than for it, if only
            by chance.
        worse: it is shown to be larger than the former version's, if not to be over its limit.
        usual: it must be shown to be within its limit before a promotion.
    """

    metric: str
    verdict: CanaryVerdict
    text: str
    evidence: Evidence | None = None
    doubtful: bool = False
    worse: bool = False
    usual: bool = True


@dataclass(frozen=True, slots=True)
class Analysis:
    """The verdict of a step, and why.

    Attributes:
        enough: the smallest number of requests was seen; says nothing about what they showed.
        doubts: measures that look worse than their limit allows, though it is not shown.
        worse: what is shown to be worse than the former version, though not to be over its limit.
        carried: the evidence, for the next step.
    """

    verdict: CanaryVerdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    enough: bool = False
    doubts: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    carried: Carried = field(default_factory=dict[str, Evidence])


@dataclass(frozen=True, slots=True)
class CachedVerdict:
    """A verdict that holds for as long as nothing new is observed.

    Attributes:
        of: what it was found from, as `fingerprint` tells.
        analysis: without its findings.
    """

    of: str
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class WaveReport:
    """What the devices of a wave reported: those that run the new version, those that failed to, and all."""

    devices: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Case:
    """What a step is judged by.

    Attributes:
        history: of the former version, before the step began: what is usual. It never counts as seen.
        carried: what the earlier steps found.
        steps: judged steps of the whole plan.
        minimum_samples: fewer requests never promote.
    """

    candidate: Observed
    baseline: Observed
    limits: CanaryLimits
    history: Observed = Observed()
    carried: Carried = field(default_factory=dict[str, Evidence])
    steps: int = 1
    minimum_samples: int = 1


def analyse(case: Case) -> Analysis:
    """Judge the new version by every limit that is set.

    One measure shown to be over its limit rolls back, at once; all shown to be within promote, once there are
    `minimum_samples` requests; anything else is inconclusive.
    """
    findings = (*_rates(case), *_quantiles(case), *_intervals(case))
    carried = {one.metric: one.evidence for one in findings if one.evidence is not None}
    doubts = tuple(one.text for one in findings if one.doubtful)
    worse = tuple(one.text for one in findings if one.worse)
    enough = case.candidate.requests >= case.minimum_samples

    def found(verdict: CanaryVerdict, reasons: tuple[str, ...]) -> Analysis:
        return Analysis(verdict, reasons, findings, enough, doubts, worse, carried)

    beyond = tuple(one.text for one in findings if one.verdict == "roll_back")
    if beyond:
        return found("roll_back", beyond)
    usual = [one for one in findings if one.usual]
    open_ones = [one.text for one in usual if one.verdict == "inconclusive"]
    if not enough:
        open_ones.insert(0, f"{case.candidate.requests} of at least {case.minimum_samples} requests seen")
    if open_ones:
        return found("inconclusive", tuple(open_ones))
    return found("promote", tuple(one.text for one in usual) or ("no limit is set",))


def fingerprint(*observed: Observed) -> str:
    """Another one for whatever else was observed: equal ones come to the same verdict, by the same limits."""
    return hashlib.blake2b(repr(observed).encode(), digest_size=16).hexdigest()


def judge_wave(report: WaveReport, error_threshold: float) -> Analysis:
    """Judge a wave of devices: every device counts, so that this is arithmetic and no inference."""
    reported = f"{report.succeeded} of {report.devices} devices run the new version, {report.failed} failed"
    allowed = f"at most {error_threshold:.0%} may fail"
    if report.failed > error_threshold * report.devices:
        return Analysis("roll_back", (f"{reported}; {allowed}",))
    if report.succeeded + report.failed < report.devices:
        return Analysis("inconclusive", (f"{reported}; the others have not reported",))
    return Analysis("promote", (f"{reported}; {allowed}",))


@dataclass(frozen=True, slots=True)
class _Measure:
    """A share that must not be larger than the former version's by `margin` or more.

    Attributes:
        part: of `alpha_beyond`.
        price: log; of having chosen the measure by what was seen in the step itself.
        worse_matters: at the end of a step, worse at all is reason enough to go back.
    """

    metric: str
    candidate: Share
    baseline: Share
    history: Share
    margin: float
    part: float
    price: float = 0.0
    usual: bool = True
    worse_matters: bool = False

    def finding(self, case: Case, text: str, limit: str) -> Finding:
        limits, shares = case.limits, (self.candidate, self.baseline, self.history)
        if not self.candidate.trials or not self.baseline.trials:
            kept = case.carried.get(self.metric, Evidence())
            return Finding(self.metric, "inconclusive", f"{text}: not yet known, limit {limit}", kept, usual=self.usual)
        beyond = evidence_beyond(*shares, self.margin, self.margin) - self.price
        evidence = case.carried.get(self.metric, Evidence()).then(
            evidence_within(*shares, self.margin) - self.price,
            beyond,
            evidence_beyond(*shares, self.margin, 0.0) - self.price if self.worse_matters else beyond,
        )
        off = self.candidate.value - self.baseline.value
        doubtful = off > self.margin or (self.usual and evidence.within < 0)
        over = _shown(evidence.beyond, case.steps, limits.alpha_beyond * self.part)
        within = evidence.within >= -math.log(limits.alpha_within) and off < self.margin
        verdict: CanaryVerdict = "roll_back" if over else "promote" if within else "inconclusive"
        worse = self.worse_matters and off > self.margin and _shown(evidence.worse, case.steps, limits.alpha_worse)
        shown = {"roll_back": "shown to be over", "promote": "shown to be within", "inconclusive": "not yet within"}
        told = f"{text}: {shown[verdict]} the limit {limit}"
        if verdict == "inconclusive":
            told += f" (evidence {_odds(evidence.within)}, {_odds(-math.log(limits.alpha_within))} is enough)"
        return Finding(self.metric, verdict, told, evidence, doubtful, worse, self.usual)


def _rates(case: Case) -> Iterator[Finding]:
    new, old, past, limit = case.candidate, case.baseline, case.history, case.limits.error_rate_increase
    if limit is None:
        return
    failures = _Measure(
        "error_rate_increase", new.failures, old.failures, past.failures, limit, PARTS["errors"], worse_matters=True
    )
    text = f"error rate {_percent(new.failures)} against {_percent(old.failures)}"
    yield failures.finding(case, text, f"{100 * limit:+.1f} points")
    if new.left or old.left:
        left = _Measure(
            "clients_left", new.given_up, old.given_up, past.given_up, limit, PARTS["clients_left"], usual=False
        )
        text = f"clients left {_percent(new.given_up)} against {_percent(old.given_up)}"
        yield left.finding(case, text, f"{100 * limit:+.1f} points")


_QUANTILES = (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
_CALLED: dict[TimeKind, str] = {
    "answer": "whole answers",
    "stream": "whole streamed answers",
    "first_token": "time to first token",
    "token": "time per token",
}


def _quantiles(case: Case) -> Iterator[Finding]:
    limits = case.limits
    wanted = dict(zip(_QUANTILES, (limits.slowdown, limits.slowdown_p95, limits.slowdown_p99), strict=True))
    for kind in TIME_KINDS:
        new, old = case.candidate.took(kind), case.baseline.took(kind)
        if not new.counts and not old.counts:
            continue
        usual = _is_usual(new, case.candidate) or _is_usual(old, case.baseline)
        for (name, share), limit in wanted.items():
            if limit is not None:
                yield _quantile(case, kind, name, share, limit, usual=usual)
    if not case.candidate.requests and any(limit is not None for limit in wanted.values()):
        yield Finding("times", "inconclusive", "times unknown (no request)")


def _quantile(case: Case, kind: TimeKind, name: str, share: float, limit: float, *, usual: bool) -> Finding:
    new, old, past = (one.took(kind) for one in (case.candidate, case.baseline, case.history))
    known = past if past.count >= _LEAST_HISTORY else old
    metric = f"{kind}_{name}"
    text = f"{name} of {_CALLED[kind]} {_seconds(new, share)} against {_seconds(old, share)}"
    if not known.counts:
        return Finding(metric, "inconclusive", f"{text}: not yet known", case.carried.get(metric), usual=usual)
    slow, margin = _slow(known, share, limit)
    history, price = (past.from_bucket(slow), 0.0) if known is past else (Share(), math.log(BUCKETS))
    measure = _Measure(
        metric, new.from_bucket(slow), old.from_bucket(slow), history, margin, PARTS["times"] / 12, price, usual=usual
    )
    shown = f"{edge_s(slow):.3g} s in {_percent(measure.candidate)} against {_percent(measure.baseline)}"
    return measure.finding(case, f"{text}, longer than {shown}", f"{1 + limit:.2f} times")


def _slow(known: Times, share: float, limit: float) -> tuple[int, float]:
    """From which bucket on an answer is slow, and how much larger their share may be."""
    slow = known.quantile(share) + 1 + buckets_longer(limit)
    return slow, max(1.0 - share - known.from_bucket(slow).value, (1.0 - share) / 4)


def usual_shares(history: Observed, limits: CanaryLimits) -> dict[str, tuple[float, float]]:
    """By measure: the former version's share, and the margin; of those that a promotion has to show to be within."""
    found: dict[str, tuple[float, float]] = {}
    if limits.error_rate_increase is not None and history.requests:
        found["error_rate_increase"] = (history.failures.value, limits.error_rate_increase)
    wanted = dict(zip(_QUANTILES, (limits.slowdown, limits.slowdown_p95, limits.slowdown_p99), strict=True))
    for kind, times in history.times.items():
        for (name, share), limit in wanted.items():
            if limit is not None and _is_usual(times, history):
                slow, margin = _slow(times, share, limit)
                found[f"{kind}_{name}"] = (times.from_bucket(slow).value, margin)
    return found


def _intervals(case: Case) -> Iterator[Finding]:
    """What is judged in each step by itself."""
    limits, new, old = case.limits, case.candidate, case.baseline
    alpha = limits.alpha_beyond / max(1, case.steps)
    if limits.error_rate_max is not None:
        interval = proportion_interval(new.errors, new.requests, alpha * PARTS["error_rate_max"])
        text = f"error rate {_percent(new.failures)}: {interval.low:.1%} to {interval.high:.1%}"
        doubtful = new.requests > 0 and new.failures.value > limits.error_rate_max
        yield _of_interval("error_rate_max", interval, limits.error_rate_max, text, doubtful=doubtful)
    if limits.score_drop is not None:
        interval = difference(*mean_intervals(old.score, new.score, alpha=alpha * PARTS["scores"]))
        text = (
            f"quality score {new.score.mean:.3f} ({new.score.count}) against {old.score.mean:.3f} "
            f"({old.score.count}): {interval.low:+.3f} to {interval.high:+.3f} lower"
        )
        doubtful = old.score.mean - new.score.mean > limits.score_drop
        yield _of_interval("score_drop", interval, limits.score_drop, text, doubtful=doubtful)


def _of_interval(metric: str, interval: Interval, limit: float, text: str, *, doubtful: bool) -> Finding:
    within: CanaryVerdict = "promote" if interval.high <= limit else "inconclusive"
    verdict = "roll_back" if interval.low > limit else within
    return Finding(metric, verdict, f"{text}, limit {limit:g}", doubtful=doubtful)


def _is_usual(times: Times, observed: Observed) -> bool:
    return times.count >= _USUAL_PART * max(1, observed.requests - observed.errors)


def _more(log: float) -> float:
    """Log of one more than what has this log: a bet that begins now, beside those that began before."""
    return log + math.log1p(math.exp(-log)) if log > 0 else math.log1p(math.exp(log))


def _shown(log: float, steps: int, alpha: float) -> bool:
    return log - math.log(max(1, steps)) >= -math.log(alpha)


def _percent(share: Share) -> str:
    if not share.trials:
        return "unknown (no request)"
    return f"{share.value:.1%} ({share.hits} of {share.trials})"


def _seconds(times: Times, share: float) -> str:
    return f"{times.quantile_s(share):.3g} s" if times.counts else "unknown (no answer)"


def _odds(log: float) -> str:
    return f"{math.exp(min(log, 20.0)):.1f} to 1"
