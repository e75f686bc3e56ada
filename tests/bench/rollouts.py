"""The reconciler with many rollouts open: a pass over all of them, each due and under way, its requests measured.

    python -m tests.bench.rollouts [ROLLOUTS]

What is read and written is a ledger on disk; gate, approvals and what runs the versions say yes at once.
"""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from memory.ledger import Ledger, open_ledger
from memory.ledger.rollouts import Target
from memory.ledger.usage import Measured, ResponseTimes, measurements, response_times
from tests.bench.machine import machine, table
from tests.fakes.rollouts import ScriptedWorld, traffic
from tools.rollouts.measurements import LedgerMetrics
from tools.rollouts.plans import Canary, CanaryStep, make_plan, state_at
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.rollout import Rollout
from tools.rollouts.store import LedgerRolloutStore, add_rollout
from tools.rollouts.targets import Arm, TargetState
from tools.runs import Pass, Worker

__all__ = ["bench_reconciler"]

ROLLOUTS = 10_000
OLD, NEW = Arm(version="old"), Arm(version="new")
_BEFORE = TargetState(arms=(OLD,))
_STEPS = tuple(CanaryStep(weight=weight, minimum_samples=10, hold_s=60, limit_s=3600) for weight in (10, 50))
_PLAN = make_plan(Canary(steps=_STEPS), "serving", _BEFORE, NEW)


class WatchedStore(LedgerRolloutStore):
    """Notes the longest time from taking leases, or prolonging them, to having written down what came of them."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        super().__init__(ledger)
        self.longest_s = 0.0
        self._taken = 0.0

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[Rollout]:
        self._taken = time.perf_counter()
        return super().claim(holder, now, until, limit)

    def postpone(self, runs: Sequence[Rollout]) -> None:
        super().postpone(runs)
        self.longest_s = max(self.longest_s, time.perf_counter() - self._taken)


@dataclass
class Bench:
    """A ledger with rollouts, and the time on its clock."""

    ledger: Ledger
    count: int
    now: datetime

    def fill(self) -> None:
        """Canaries in their first step, one on each target."""
        since, until = self.now, self.now + timedelta(seconds=_STEPS[0].limit_s)
        with self.ledger.unit("default") as unit:
            for number in range(self.count):
                name = f"t{number:05}"
                serves = state_at(_PLAN.steps[0], _BEFORE, NEW).model_dump(mode="json")
                target = unit.targets.save(Target(name, "serving", serves, self.now))
                rollout = Rollout(
                    id=f"ro-{number:05}", tenant="default", target=name, plan=_PLAN, before=_BEFORE,
                    target_revision=target.revision, candidate=NEW, requested_by="ann", created_at=since,
                    updated_at=since, due_at=since, state="analysing", step=1, step_since=since, step_until=until,
                )  # fmt: skip
                add_rollout(unit, rollout)

    def measure(self, requests: int) -> None:
        """So many requests were answered by each arm of each target, in this second."""
        one = Measured("", "", self.now, requests, 0)
        buckets = traffic(requests).took("answer").counts.items()
        names = [(f"t{number:05}", arm.key) for number in range(self.count) for arm in (OLD, NEW)]
        rows = [{"tenant": "default", **asdict(replace(one, target=name, arm=arm))} for name, arm in names]
        times = [
            {"tenant": "default", **asdict(ResponseTimes(name, arm, self.now, "answer", bucket, count))}
            for name, arm in names
            for bucket, count in buckets
        ]
        with self.ledger.database.write() as connection:
            connection.execute(measurements.insert(), rows)
            connection.execute(response_times.insert(), times)


def bench_reconciler(count: int) -> list[tuple[str, ...]]:
    """By what there was to do in a pass over all: how long it took, what it held, and what came of it."""
    rows: list[tuple[str, ...]] = []
    with TemporaryDirectory() as folder:
        bench = Bench(open_ledger(Path(folder) / "ledger.sqlite"), count, datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
        bench.fill()
        store = WatchedStore(bench.ledger, lambda: bench.now)
        world = replace(ScriptedWorld().world(), metrics=LedgerMetrics(bench.ledger))
        reconciler = Worker(rollout_work(store, world), holder="bench", clock=lambda: bench.now)

        def look(name: str, forward_s: float, requests: int = 0) -> None:
            bench.now += timedelta(seconds=forward_s)
            if requests:
                bench.measure(requests)
            bench.now += timedelta(seconds=5)
            store.longest_s = 0.0
            start, busy = time.perf_counter(), time.process_time()
            found = reconciler.run_once()
            took, used = time.perf_counter() - start, time.process_time() - busy
            rows.append((name, *_told(found, took, used), f"{store.longest_s:.2f} s", f"{_peak_mib():.0f} MiB"))

        look("due, looked at first", 0.0, 3)
        look("due, no request since", 5.0)
        look("due, requests since, undecided", 5.0, 3)
        look("due, each passes its step and takes the next", 60.0, 4000)
        look("none due", -4.0)
        bench.ledger.close()
    return rows


def _told(found: Pass, took: float, used: float) -> tuple[str, ...]:
    each = f"{1000 * used / found.looked_at:.2f} ms" if found.looked_at else "-"
    return f"{took:.2f} s", f"{used:.2f} s", each, f"{found.looked_at:,}", f"{found.changes:,}"


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else ROLLOUTS
    print(machine())
    header = (f"{wanted:,} rollouts", "pass", "processor", "each", "looked at", "changes", "longest lease", "peak")
    print(table(header, bench_reconciler(wanted)))
