"""Evidence on two shares of which one may be the larger: e-processes, which may be looked at after every observation.

The new version's share of failures (or of slow answers) is compared with the former one's. An e-process against a
hypothesis is a ratio of likelihoods: of what a mixture of alternatives said in advance, to what the hypothesis can say
best with hindsight (Wasserman, Ramdas, Balakrishnan 2020, "Universal inference"; for two shares: Turner, Ly, Grünwald
2024, "Safe tests for 2x2 contingency tables"). Whatever the truth within the hypothesis, it is at most a
non-negative martingale that begins at 1, so that it ever exceeds 1/alpha with probability at most alpha (Ville). It
needs counts only, not their order.

The mixture begins at the former version's own history: the nearer that is to what comes, the fewer requests decide. It
changes how soon evidence comes, never how often it misleads. Natural logarithms throughout: 3.0 is 20 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

_TRUST = ((1.0, 0.5), (1 / 8, 0.2), (1 / 64, 0.2), (0.0, 0.1))
"""Which part of the history is believed, and how much of the mixture believes it: the share may have drifted since."""
_EXCESSES = (1.5, 2.0, 3.0, 5.0, 9.0)
"""How much worse the alternatives are, in units of the margin."""
_PLAIN = (0.25, 0.5, 0.9)
"""Shares that are plainly bad, whatever the margin."""
_STEPS = 44
"""Halvings in the search for the best that a hypothesis can say."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int = 0
    trials: int = 0

    @property
    def value(self) -> float:
        """NaN where nothing was seen."""
        return self.hits / self.trials if self.trials else math.nan

    def plus(self, other: "Share") -> "Share":
        return Share(self.hits + other.hits, self.trials + other.trials)


def evidence_within(candidate: Share, baseline: Share, history: Share, margin: float) -> float:
    """Log evidence against "the candidate's share is larger than the baseline's by `margin` or more".

    The alternative is that there is no difference, or that the candidate's share is anything.
    """
    both = candidate.plus(baseline)
    parts: list[tuple[float, float]] = []
    for (a, b), weight in _beliefs(history):
        parts.append((weight * 0.8, _mixed(both, a, b)))
        for (c, d), other in _beliefs(Share(history.hits // 64, history.trials // 64)):
            parts.append((weight * 0.2 * other, _mixed(baseline, a, b) + _mixed(candidate, c, d)))
    return _log_sum(parts) - _best_at_least(candidate, baseline, margin)


def evidence_beyond(candidate: Share, baseline: Share, history: Share, margin: float, least: float) -> float:
    """Log evidence against "the candidate's share is larger than the baseline's by at most `least`".

    Args:
        margin: the alternatives are worse than this.
        least: `margin`, or less: 0 asks whether it is worse at all.
    """
    usual = history.value if history.trials else 0.0
    former = _log_sum([(weight, _mixed(baseline, a, b)) for (a, b), weight in _beliefs(history)])
    worse = _alternatives(round(usual, 4), margin)
    mixed = _log_sum([(1 / len(worse), _mixed(candidate, a, b)) for a, b in worse])
    return former + mixed - _best_at_most(candidate, baseline, least)


def growth(usual: float, worse: float, margin: float, part: float) -> float:
    """Evidence for each request, of all arms together, that a share is within (or over) a margin, in the long run.

    Args:
        usual: the former version's true share; `worse` the new version's.
        part: of the requests that go to the new version, in (0, 1].
    """
    scale = 1_000_000
    new = Share(round(scale * part * worse), round(scale * part))
    old = Share(round(scale * (1 - part) * usual), scale - new.trials)
    truth = _log_likelihood(new, worse) + _log_likelihood(old, usual)
    best = _best_at_least(new, old, margin) if worse - usual < margin else _best_at_most(new, old, margin)
    return max(0.0, (truth - best) / scale)


@cache
def _alternatives(usual: float, margin: float) -> tuple[tuple[float, float], ...]:
    """Beta distributions of shares that are too large, each about half as wide as it is away from the limit."""
    limit = min(usual + margin, 0.98)
    centres = [usual + margin * excess for excess in _EXCESSES] + [one for one in _PLAIN if one > limit + margin]
    found: list[tuple[float, float]] = []
    for centre in centres:
        if limit < centre < 0.99:
            size = max(2.0, centre * (1 - centre) / ((centre - limit) / 2) ** 2)
            found.append((centre * size, (1 - centre) * size))
    return tuple(found) or ((19.0, 1.0),)


def _beliefs(history: Share) -> list[tuple[tuple[float, float], float]]:
    """Beta distributions of the former version's share, with their weights."""
    if not history.trials:
        return [((0.5, 0.5), 1.0)]
    missed = history.trials - history.hits
    return [((0.5 + part * history.hits, 0.5 + part * missed), weight) for part, weight in _TRUST]


def _mixed(share: Share, a: float, b: float) -> float:
    """Log likelihood of the counts under a beta mixture."""
    missed = share.trials - share.hits
    return _log_beta(a + share.hits, b + missed) - _log_beta(a, b)


def _best_at_least(candidate: Share, baseline: Share, margin: float) -> float:
    """The largest log likelihood with a candidate's share that is larger by `margin` or more."""
    if candidate.trials and (not baseline.trials or candidate.value - baseline.value >= margin):
        return _free(candidate, baseline)
    return _best_apart(candidate, baseline, margin)


def _best_at_most(candidate: Share, baseline: Share, margin: float) -> float:
    """The largest log likelihood with a candidate's share that is larger by at most `margin`."""
    if not candidate.trials or not baseline.trials or candidate.value - baseline.value <= margin:
        return _free(candidate, baseline)
    return _best_apart(candidate, baseline, margin)


def _free(candidate: Share, baseline: Share) -> float:
    return sum(_log_likelihood(one, one.value) for one in (candidate, baseline) if one.trials)


def _best_apart(candidate: Share, baseline: Share, margin: float) -> float:
    """The largest log likelihood with shares that are just `margin` apart; concave, so its slope is halved upon."""
    low, high = 0.0, max(0.0, 1.0 - margin)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _slope(candidate, middle + margin) + _slope(baseline, middle) > 0:
            low = middle
        else:
            high = middle
    middle = (low + high) / 2
    return _log_likelihood(candidate, middle + margin) + _log_likelihood(baseline, middle)


def _slope(share: Share, at: float) -> float:
    missed = share.trials - share.hits
    rising = share.hits / max(at, 1e-300) if share.hits else 0.0
    return rising - (missed / max(1.0 - at, 1e-300) if missed else 0.0)


def _log_likelihood(share: Share, at: float) -> float:
    missed = share.trials - share.hits
    hits = share.hits * math.log(max(at, 1e-300)) if share.hits else 0.0
    return hits + (missed * math.log(max(1.0 - at, 1e-300)) if missed else 0.0)


def _log_sum(parts: Sequence[tuple[float, float]]) -> float:
    """Log of the weighted sum of what has these logs."""
    top = max(value for _, value in parts)
    return top + math.log(sum(weight * math.exp(value - top) for weight, value in parts))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
