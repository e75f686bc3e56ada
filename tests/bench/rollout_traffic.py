"""Rollouts under simulated traffic: how often they end right, and how soon, beside thresholds as Argo Rollouts has them.

    python -m tests.bench.rollout_traffic [SEEDS] [PART OF A SCENARIO'S NAME]

What judges is the hub's own: `tools.rollouts.reconciler` reads and observes, `tools.rollouts.machine` moves. What is made
up is the traffic, by numpy from the seed, and the clock. The plan is the default canary: 5, 25, 50 percent, an hour each
at most.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.bench.machine import machine, table
from tests.fakes.rollouts import NOON, ScriptedWorld, a_rollout, serving
from tools.rollouts.canary_analysis import Observed
from tools.rollouts.machine import advance
from tools.rollouts.plans import BlueGreen, Canary, Recreate, Rolling, Strategy
from tools.rollouts.reconciler import observe, read
from tools.rollouts.response_times import BUCKETS, Times, edge_s
from tools.rollouts.rollout import SetTarget
from tools.rollouts.world import Window

__all__ = ["Scenario", "Version", "ends", "scenarios"]

Counts = NDArray[np.int64]
SEEDS = 500
LOOK_S = 60.0
_USUAL_S, _SPREAD = 1.0, 0.6
_LONG = timedelta(hours=12)


@dataclass(frozen=True)
class Version:
    """How a version answers.

    Attributes:
        errors: share of the requests that fail.
        slower: all answers take so many times as long.
        tail, tail_s: this share takes about so long.
    """

    errors: float = 0.01
    slower: float = 1.0
    tail: float = 0.0
    tail_s: float = 30.0

    @property
    def shares(self) -> NDArray[np.float64]:
        """Of the answers by bucket of time."""
        usual, slow = _lognormal(_USUAL_S * self.slower, _SPREAD), _lognormal(self.tail_s, 0.1)
        return (1 - self.tail) * usual + self.tail * slow


@dataclass(frozen=True)
class Scenario:
    """The former and the new version under so many requests a second.

    Attributes:
        goal: end -> least (or, with a minus, greatest) share of the runs that should end so.
        failover: what fails at one version is tried at the other one, and fails there, too.
    """

    name: str
    former: Version
    new: Version
    per_s: float
    goal: dict[str, float] = field(default_factory=dict)
    strategy: Strategy = field(default_factory=Canary)


@cache
def _lognormal(median_s: float, spread: float) -> NDArray[np.float64]:
    from scipy.stats import norm

    edges = np.array([edge_s(bucket) for bucket in range(1, BUCKETS)])
    below = norm.cdf(np.log(edges / median_s) / spread)
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


class SimulatedTraffic(ScriptedWorld):
    """`Metrics` of made-up requests, drawn look by look as the target's weights are then."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        super().__init__()
        self._scenario = scenario
        self._dice = np.random.default_rng(seed)
        self._ends: list[datetime] = [NOON - timedelta(hours=2)]
        self._seen: dict[str, list[tuple[int, int, int, Counts]]] = {"old": [], "new": []}
        for _ in range(8):
            self.draw(timedelta(minutes=15), 0.0)

    @property
    def now(self) -> datetime:
        return self._ends[-1]

    def draw(self, time: timedelta, part: float) -> None:
        """The requests of so long, of which this part goes to the new version."""
        scenario, dice = self._scenario, self._dice
        requests = int(dice.poisson(scenario.per_s * time.total_seconds()))
        to_new = int(dice.binomial(requests, part))
        failed = {
            "new": int(dice.binomial(to_new, scenario.new.errors)),
            "old": int(dice.binomial(requests - to_new, scenario.former.errors)),
        }
        for name, version, asked in (("new", scenario.new, to_new), ("old", scenario.former, requests - to_new)):
            stood_in = failed["old" if name == "new" else "new"] if 0 < part < 1 else 0
            times = dice.multinomial(asked - failed[name], version.shares)
            self._seen[name].append((asked, failed[name], stood_in, times))
        self._ends.append(self.now + time)

    def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
        return [self._window(window) for window in windows]

    def _window(self, window: Window) -> Observed:
        begins = self._ends[:-1]
        rows = [
            row
            for row, since, until in zip(self._seen[window.arm.version], begins, self._ends[1:], strict=True)
            if window.since <= since and until <= window.until
        ]
        if not rows:
            return Observed()
        asked, failed, stood_in = sum(row[0] for row in rows), sum(row[1] for row in rows), sum(row[2] for row in rows)
        buckets = np.sum([row[3] for row in rows], axis=0)
        times = Times({int(bucket): int(buckets[bucket]) for bucket in np.flatnonzero(buckets)})
        return Observed(asked, failed, retries=stood_in, retry_errors=stood_in, times={"answer": times})

    def recent(self, arm: str, rows: int) -> tuple[int, int, Counts]:
        """Requests, errors and times of the last looks."""
        last = self._seen[arm][-rows:]
        return sum(row[0] for row in last), sum(row[1] for row in last), np.sum([row[3] for row in last], axis=0)


@dataclass
class _Revisions:
    now: int = 1

    def revisions(self, tenant: str, targets: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(targets, self.now)


def ends(scenario: Scenario, seed: int) -> tuple[str, float]:
    """How one rollout ends (or that it is paused), and after how many hours."""
    traffic, revisions, part = SimulatedTraffic(scenario, seed), _Revisions(), 0.0
    world = traffic.world()
    rollout = a_rollout(strategy=scenario.strategy, before=serving("old"), interval_s=LOOK_S)
    while rollout.active and rollout.state != "paused" and traffic.now - NOON < _LONG:
        found = read([rollout], revisions, world, traffic.now)
        rollout, actions = advance(rollout, observe(rollout, found, world, traffic.now), traffic.now)
        for action in actions:
            if isinstance(action, SetTarget):
                revisions.now += 1
                part = sum(arm.weight for arm in action.state.arms if arm.version == "new") / 100
        if not actions:
            traffic.draw(timedelta(seconds=LOOK_S), part)
    return rollout.state, (traffic.now - NOON) / timedelta(hours=1)


def threshold_ends(scenario: Scenario, seed: int) -> tuple[str, float]:
    """As `ends`, by thresholds: every five minutes, of those five, errors over 5 percent or a p95 over 3 s.

    Twenty minutes a step; the second failed measurement of a step ends it (`failureLimit: 1`).
    """
    traffic = SimulatedTraffic(scenario, seed)
    for weight in (0.05, 0.25, 0.5):
        failed = 0
        for _ in range(4):
            traffic.draw(timedelta(minutes=5), weight)
            requests, errors, buckets = traffic.recent("new", 1)
            answered = int(buckets.sum())
            p95 = edge_s(int(np.searchsorted(np.cumsum(buckets), 0.95 * answered))) if answered else 0.0
            failed += bool(requests) and (errors > 0.05 * requests or p95 > 3.0)
            if failed > 1:
                return "rolled_back", (traffic.now - NOON) / timedelta(hours=1)
    return "promoted", 1.0


def scenarios() -> list[Scenario]:
    """Goals as `docs/rollouts.md` states them."""
    found: list[Scenario] = []
    for errors in (0.005, 0.01, 0.02, 0.04):
        for per_s in (1.0, 5.0, 20.0):
            goal = {"rolled_back": -0.01} | ({"promoted": 0.9} if per_s >= 5 else {})
            same = Version(errors)
            found.append(Scenario(f"no difference, {errors:.1%} fail", same, same, per_s, goal))
    usual = Version()
    p95_s = _USUAL_S * float(np.exp(1.645 * _SPREAD))
    worse = {
        "errors 1 to 5 %": Version(0.05),
        "p95 three times as long": Version(tail=0.08, tail_s=3.3 * p95_s),
        "all three times as slow": Version(slower=3.0),
        "both": Version(0.05, tail=0.08, tail_s=3.3 * p95_s),
        "3 % of answers at 30 s": Version(tail=0.03),
        "errors 1 to 20 %": Version(0.2),
    }
    for name, version in worse.items():
        for per_s in (1.0, 5.0):
            goal = {"promoted": -0.01}
            if name == "errors 1 to 5 %":
                goal["rolled_back"] = 0.9 if per_s == 5 else 0.6
            found.append(Scenario(name, usual, version, per_s, goal))
    for strategy in (Rolling(), Recreate(), BlueGreen()):
        for per_s in (1.0, 5.0):
            good, bad = {"rolled_back": -0.01, "promoted": 0.9}, {"promoted": -0.01}
            if strategy.kind != "rolling" and per_s == 1:
                good = {}
            found.append(Scenario(f"{strategy.kind}, no difference", usual, usual, per_s, good, strategy))
            found.append(Scenario(f"{strategy.kind}, errors 1 to 20 %", usual, Version(0.2), per_s, bad, strategy))
            found.append(Scenario(f"{strategy.kind}, errors 1 to 5 %", usual, Version(0.05), per_s, bad, strategy))
    return found


def _row(scenario: Scenario, seeds: int, pool: ProcessPoolExecutor) -> tuple[str, ...]:
    runs = list(pool.map(ends, [scenario] * seeds, range(seeds), chunksize=8))
    others = list(pool.map(threshold_ends, [scenario] * seeds, range(seeds), chunksize=8))
    states, theirs = Counter(state for state, _ in runs), Counter(state for state, _ in others)
    hours = sorted(hours for _, hours in runs)
    share = {state: states[state] / seeds for state in ("promoted", "rolled_back", "paused")}
    met = all(share[end] >= goal if goal > 0 else share[end] <= -goal for end, goal in scenario.goal.items())
    goals = ", ".join(f"{end} {'>=' if goal > 0 else '<='} {abs(goal):.0%}" for end, goal in scenario.goal.items())
    return (
        scenario.name,
        f"{scenario.per_s:g}/s",
        *(f"{100 * one:.1f}" for one in share.values()),
        f"{hours[len(hours) // 2]:.1f} h",
        f"{100 * theirs['promoted'] / seeds:.1f} / {100 * theirs['rolled_back'] / seeds:.1f}",
        f"{goals}: {'met' if met else 'MISSED'}" if goals else "",
    )


def bench_rollout_traffic(seeds: int, part: str = "") -> list[tuple[str, ...]]:
    """Percent of the runs that end so, by scenario."""
    os.nice(10)
    with ProcessPoolExecutor(2) as pool:
        rows: list[tuple[str, ...]] = []
        for one in scenarios():
            if part in one.name:
                rows.append(_row(one, seeds, pool))
                print(*rows[-1], sep="; ", file=sys.stderr, flush=True)
        return rows


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    print(machine())
    header = (
        *("scenario", "traffic", "promoted %", "rolled back %", "paused %", "median time"),
        *("thresholds: promoted / rolled back %", "goal"),
    )
    print(table(header, bench_rollout_traffic(wanted, sys.argv[2] if len(sys.argv) > 2 else "")))
