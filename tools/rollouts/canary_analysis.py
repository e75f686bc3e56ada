"""Canary analysis: is the new version worse than the one in service? Sequential, so that it may be asked often."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.rollouts.sequential_test import Interval, Moments, difference, mean_intervals, proportion_interval

CanaryVerdict = Literal["promote", "roll_back", "inconclusive"]

_FASTEST_S, _SLOWEST_S = 0.001, 100.0
_DECADES = math.log(_SLOWEST_S / _FASTEST_S)


class CanaryLimits(BaseModel):
    """How much worse the new version may be.

    Attributes:
        error_rate_increase: over the former version's, share of requests: 0.02 is two percentage points.
        error_rate_max: whatever the former version's is.
        slowdown: of the geometric mean of latency: 0.25 is a quarter slower. None does not look at latency.
        score_drop: of the mean quality score, 0 to 1. None does not look at scores.
        alpha: probability that a rollout ever errs in a verdict on a version that stands right at its limits or within.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_rate_increase: Annotated[float, Field(gt=0, le=1)] | None = 0.02
    error_rate_max: Annotated[float, Field(gt=0, lt=1)] | None = None
    slowdown: Annotated[float, Field(gt=0, le=100)] | None = 0.25
    score_drop: Annotated[float, Field(gt=0, lt=1)] | None = None
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of one version.

    Attributes:
        latency: of answered requests, through `latencies`.
        score: quality scores, 0 to 1.
    """

    requests: int = 0
    errors: int = 0
    latency: Moments = field(default_factory=Moments)
    score: Moments = field(default_factory=Moments)


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdict of one measure, with its interval.

    Attributes:
        low, high: interval of how much worse the new version is, in the unit of `limit`.
    """

    metric: str
    verdict: CanaryVerdict
    text: str
    limit: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """The verdict of a step, and why.

    Attributes:
        enough: the smallest number of requests was seen; says nothing about what they showed.
    """

    verdict: CanaryVerdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    enough: bool = False


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


def latencies(seconds: Iterable[float]) -> Moments:
    """Latencies as moments of their logarithm, clipped to 1 ms .. 100 s and scaled to 0..1.

    The mean of raw latency hangs on a few slow requests and has no bound. A tail quantile needs many times the requests
    to be compared. The mean of the clipped logarithm is bounded, so that its interval holds for any number of requests,
    and a difference of two is the logarithm of the ratio of geometric means: how many times slower.
    """
    return Moments.of(
        min(max(math.log(max(second, _FASTEST_S) / _FASTEST_S) / _DECADES, 0.0), 1.0) for second in seconds
    )


def analyse(
    candidate: Observed, baseline: Observed, limits: CanaryLimits, *, alpha: float, minimum_samples: int = 1
) -> Analysis:
    """Judge the new version by every limit that is set.

    One measure shown to be over its limit rolls back, at once; all shown to be within promote, once there are
    `minimum_samples` requests; anything else is inconclusive.

    Args:
        alpha: that any of the intervals ever misses the truth; shared equally between the measures.
    """
    wanted = [
        measure
        for limit, measure in (
            (limits.error_rate_increase, _error_increase),
            (limits.error_rate_max, _error_rate),
            (limits.slowdown, _slowdown),
            (limits.score_drop, _score_drop),
        )
        if limit is not None
    ]
    findings = tuple(measure(candidate, baseline, limits, alpha / max(1, len(wanted))) for measure in wanted)
    worse = [finding.text for finding in findings if finding.verdict == "roll_back"]
    if worse:
        return Analysis("roll_back", tuple(worse), findings)
    open_ones = [finding.text for finding in findings if finding.verdict == "inconclusive"]
    enough = candidate.requests >= minimum_samples
    if not enough:
        open_ones.insert(0, f"{candidate.requests} of at least {minimum_samples} requests seen")
    if open_ones:
        return Analysis("inconclusive", tuple(open_ones), findings, enough)
    return Analysis("promote", tuple(finding.text for finding in findings) or ("no limit is set",), findings, enough)


def fingerprint(candidate: Observed, baseline: Observed) -> str:
    """Another one for whatever else was observed: equal ones come to the same verdict, by the same limits."""
    return hashlib.blake2b(repr((candidate, baseline)).encode(), digest_size=16).hexdigest()


def judge_wave(report: WaveReport, error_threshold: float) -> Analysis:
    """Judge a wave of devices: every device counts, so that this is arithmetic and no inference."""
    reported = f"{report.succeeded} of {report.devices} devices run the new version, {report.failed} failed"
    allowed = f"at most {error_threshold:.0%} may fail"
    if report.failed > error_threshold * report.devices:
        return Analysis("roll_back", (f"{reported}; {allowed}",))
    if report.succeeded + report.failed < report.devices:
        return Analysis("inconclusive", (f"{reported}; the others have not reported",))
    return Analysis("promote", (f"{reported}; {allowed}",))


def _finding(metric: str, interval: Interval, limit: float, text: str) -> Finding:
    within: CanaryVerdict = "promote" if interval.high <= limit else "inconclusive"
    verdict = "roll_back" if interval.low > limit else within
    return Finding(metric, verdict, text, limit, interval.low, interval.high)


def _error_increase(candidate: Observed, baseline: Observed, limits: CanaryLimits, alpha: float) -> Finding:
    limit = limits.error_rate_increase or 0.0
    interval = difference(
        proportion_interval(candidate.errors, candidate.requests, alpha / 2),
        proportion_interval(baseline.errors, baseline.requests, alpha / 2),
    )
    text = (
        f"error rate {_share(candidate)} against {_share(baseline)}: "
        f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f} points, limit {100 * limit:+.1f}"
    )
    return _finding("error_rate_increase", interval, limit, text)


def _error_rate(candidate: Observed, baseline: Observed, limits: CanaryLimits, alpha: float) -> Finding:
    limit = limits.error_rate_max or 0.0
    interval = proportion_interval(candidate.errors, candidate.requests, alpha)
    text = f"error rate {_share(candidate)}: {interval.low:.1%} to {interval.high:.1%}, limit {limit:.1%}"
    return _finding("error_rate_max", interval, limit, text)


def _slowdown(candidate: Observed, baseline: Observed, limits: CanaryLimits, alpha: float) -> Finding:
    limit = limits.slowdown or 0.0
    between = difference(*mean_intervals(candidate.latency, baseline.latency, alpha=alpha / 2))
    interval = Interval(math.expm1(between.low * _DECADES), math.expm1(between.high * _DECADES))
    text = (
        f"latency {_latency(candidate)} against {_latency(baseline)} (geometric means): "
        f"{1 + interval.low:.2f} to {_times(1 + interval.high)} times, limit {1 + limit:.2f} times"
    )
    return _finding("slowdown", interval, limit, text)


def _score_drop(candidate: Observed, baseline: Observed, limits: CanaryLimits, alpha: float) -> Finding:
    limit = limits.score_drop or 0.0
    interval = difference(*mean_intervals(baseline.score, candidate.score, alpha=alpha / 2))
    text = (
        f"quality score {candidate.score.mean:.3f} ({candidate.score.count}) against {baseline.score.mean:.3f} "
        f"({baseline.score.count}): {interval.low:+.3f} to {interval.high:+.3f} lower, limit {limit:.3f}"
    )
    return _finding("score_drop", interval, limit, text)


def _share(observed: Observed) -> str:
    if not observed.requests:
        return "unknown (no request)"
    return f"{observed.errors / observed.requests:.1%} ({observed.errors} of {observed.requests})"


def _latency(observed: Observed) -> str:
    if not observed.latency.count:
        return "unknown (no answer)"
    return f"{1000 * _FASTEST_S * math.exp(observed.latency.mean * _DECADES):.0f} ms ({observed.latency.count})"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 1000 else "1000 or more"
