"""The reconciler with many rollouts open: a look at all of them when none is due, and when all are."""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from evals.sequential import Moments
from memory.ledger import Ledger, open_ledger
from memory.ledger.targets import Target
from tests.bench.machine import machine, table
from tests.fakes.rollouts import ScriptedWorld
from tools.rollouts.analysis import Observed
from tools.rollouts.ledger_store import LedgerStore, add_rollout
from tools.rollouts.plans import make_plan
from tools.rollouts.reconciler import Reconciler
from tools.rollouts.rollout import Rollout
from tools.rollouts.strategies import strategy_of
from tools.rollouts.targets import Arm, TargetState

__all__ = ["bench_reconciler"]

ROLLOUTS = 10_000
_BEFORE = TargetState(arms=(Arm(version="old"),))


def _fill(ledger: Ledger, count: int, now: datetime) -> None:
    """Canaries that wait in their first step, one on each target."""
    plan = make_plan(strategy_of("canary", (10,), hold_s=60.0), "serving", _BEFORE, Arm(version="new"))
    with ledger.unit("default") as unit:
        for number in range(count):
            name = f"t{number:05}"
            unit.targets.save(Target(name, "serving", _BEFORE.model_dump(mode="json"), now))
            revision = unit.targets.get(name).revision
            rollout = Rollout(
                id=f"ro-{number:05}", tenant="default", target=name, plan=plan, before=_BEFORE,
                target_revision=revision, candidate=Arm(version="new"), requested_by="ann",
                created_at=now, updated_at=now, due_at=now,
            )  # fmt: skip
            add_rollout(unit, rollout)


def bench_reconciler(count: int) -> list[tuple[str, str, str, str]]:
    """By what there was to do in a pass over all: how long it took, rollouts looked at, changes made."""
    clock = [datetime(2026, 3, 1, 12, 0, tzinfo=UTC)]
    few = Observed(3, 0, Moments(3, 1.2, 0.5))
    with TemporaryDirectory() as folder:
        ledger = open_ledger(Path(folder) / "ledger.sqlite")
        _fill(ledger, count, clock[0])
        world = ScriptedWorld({"old": few, "new": few}).world()
        reconciler = Reconciler(LedgerStore(ledger), world, holder="bench", clock=lambda: clock[0])
        rows: list[tuple[str, str, str, str]] = []
        for name, forward_s in (
            ("every rollout due, and changes to make in each", 0.0),
            ("every rollout due, nothing to change", 10.0),
            ("none due", 0.0),
        ):
            clock[0] += timedelta(seconds=forward_s)
            start, busy = time.perf_counter(), time.process_time()
            found = reconciler.run_once()
            took, used = time.perf_counter() - start, time.process_time() - busy
            rows.append(
                (name, f"{took:.2f} s, {used:.2f} s of it computing", f"{found.looked_at:,}", f"{found.changes:,}")
            )
        ledger.close()
    return rows


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else ROLLOUTS
    print(machine())
    print(table((f"{wanted:,} rollouts open", "one pass", "looked at", "changes"), bench_reconciler(wanted)))
