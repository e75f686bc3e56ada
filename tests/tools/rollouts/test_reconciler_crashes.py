"""kill -9 at any instruction: every rollout ends right, and nothing is done twice."""

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from memory.ledger import Ledger, open_ledger
from memory.ledger.rollouts import Target
from tests.effort import times
from tests.fakes.rollout_processes import RolloutProcesses, rollout_processes
from tests.fakes.rollouts import NOON, a_rollout, serving
from tools.rollouts.machine import command
from tools.rollouts.plans import BlueGreen, Canary, CanaryStep, Recreate, Rolling, Shadow, Strategy
from tools.rollouts.rollout import Rollout
from tools.rollouts.store import LedgerRolloutStore, add_rollout, read_rollout, read_target, write_change
from tools.rollouts.targets import Arm, TargetState

pytestmark = pytest.mark.integration

KILLS = times(20, 200)
OLD = serving("old", prompt="short")
STRATEGIES: Sequence[Strategy] = (
    Canary(
        steps=tuple(CanaryStep(weight=weight, minimum_samples=10, hold_s=0, limit_s=1e-3) for weight in (5, 25, 50, 75))
    ),
    BlueGreen(hold_s=0, limit_s=1e-3),
    Rolling(part_percent=20, hold_s=0, limit_s=1e-3),
    Recreate(ready_within_s=1e-3, hold_s=0, limit_s=1e-3),
    Shadow(hold_s=0, limit_s=1e-3),
)
LEADS_TO = {
    "waiting_for_gate": "good",
    "waiting_for_approval": "good",
    "progressing": "good",
    "analysing": "good",
    "paused": "idle",
    "promoting": "good",
    "rolling_back": "bad",
    "promoted": "good",
    "rolled_back": "bad",
    "failed": "banned",
}
"""State -> a version whose rollouts come into it. Pending is what a rollout is made with; aborted takes a command."""


def fill(ledger: Ledger, numbers: range, candidates: Sequence[str] = ("good", "bad", "idle")) -> None:
    """Rollouts of every strategy to every version, each on a target of its own."""
    with ledger.unit("default") as unit:
        for number in numbers:
            unit.targets.save(Target(f"t{number}", "serving", OLD.model_dump(mode="json"), NOON))
            strategy = STRATEGIES[number % len(STRATEGIES)]
            candidate = candidates[number % len(candidates)]
            add_rollout(
                unit,
                a_rollout(
                    f"r{number}", target=f"t{number}", strategy=strategy, before=OLD, candidate=candidate,
                    gate=True, approval=True, interval_s=0,
                ),
            )  # fmt: skip


def all_of(ledger: Ledger) -> list[Rollout]:
    with ledger.view("default") as unit:
        return [read_rollout(unit, row.id) for row in unit.rollouts.all(limit=10_000)]


def check(ledger: Ledger, rollout: Rollout) -> None:
    """It ended as its version deserves, its target is as that says, and each thing was done once."""
    with ledger.view("default") as unit:
        target, revision = read_target(unit, rollout.target)
        events = unit.rollouts.events(rollout.id, limit=10_000)
    done = [event.data["what"] for event in events if event.kind == "target"]
    assert [count for count in Counter(done).values() if count > 1] == []
    assert revision == 1 + len(done)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    steps = [f"step:{number}" for number in range(1, len(rollout.plan.steps) + 1)]
    new = TargetState(arms=(Arm(version=rollout.candidate.version, configuration=rollout.candidate.configuration),))
    match rollout.state:
        case "promoted":
            assert (target, done) == (new, [*steps, "promote"])
        case "rolled_back" | "aborted":
            assert target == OLD
            assert done == ([*steps[: rollout.step], "restore"] if rollout.step else [])
        case "paused":
            assert done == steps[: rollout.step]
        case "failed":
            assert (target, done) == (OLD, [])
        case _:
            raise AssertionError(f"{rollout.id} is {rollout.state}")


def expected(rollout: Rollout) -> str:
    """What gets no requests stays undecided: it pauses, or goes back where all of the traffic was moved at once."""
    at_once = rollout.plan.strategy.kind in {"recreate", "blue_green"}
    return {
        "good": "promoted",
        "bad": "rolled_back",
        "idle": "rolled_back" if at_once else "paused",
        "banned": "failed",
    }[rollout.candidate.version]


def kill_at_random(processes: RolloutProcesses, ledger: Ledger) -> int:
    """Kill reconciling processes at random moments, with always something left to do; returns how many died of it."""
    dice, died, filled = random.Random(7), 0, 0
    while died < KILLS:
        if len(unsettled(ledger)) < 20:
            fill(ledger, range(filled, filled + 60))
            filled += 60
        process = processes.start()
        time.sleep(dice.uniform(0.0, 0.06))
        died += processes.kill(process)
    return died


def unsettled(ledger: Ledger) -> list[str]:
    with ledger.view("default") as unit:
        return [row.id for row in unit.rollouts.open(10_000) if row.state != "paused"]


@pytest.mark.repeated
def test_killed_at_random_every_rollout_ends_right_and_none_twice(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(path)
    with rollout_processes(path) as processes:
        assert kill_at_random(processes, ledger) >= KILLS
        processes.start()
        assert processes.wait() == 0
    rollouts = all_of(ledger)
    assert {rollout.id: rollout.state for rollout in rollouts} == {one.id: expected(one) for one in rollouts}
    for rollout in rollouts:
        check(ledger, rollout)
    ledger.close()


def test_killed_before_and_after_every_change_into_every_state(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(path)
    moments = [f"{side}:{state}" for state in LEADS_TO for side in ("before", "after")]
    with rollout_processes(path) as processes:
        for place, where in enumerate(moments):
            fill(ledger, range(3 * place, 3 * place + 3), (LEADS_TO[where.partition(":")[2]],))
            assert died(processes, where)
        paused = next(one.id for one in all_of(ledger) if one.state == "paused")
        abort(ledger, paused)
        assert died(processes, "before:aborted")
        assert died(processes, "after:aborted")
        processes.start()
        assert processes.wait() == 0
    for rollout in all_of(ledger):
        assert rollout.state == ("aborted" if rollout.id == paused else expected(rollout))
        check(ledger, rollout)
    ledger.close()


def died(processes: RolloutProcesses, where: str) -> bool:
    processes.start(where)
    return processes.wait() == -signal.SIGKILL


def abort(ledger: Ledger, rollout_id: str) -> None:
    with ledger.unit("default") as unit:
        write_change(unit, *command(read_rollout(unit, rollout_id), "abort", "ada", NOON))


def test_two_reconcilers_at_once_do_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(path)
    fill(ledger, range(40))
    # Both have the same name: leases keep neither out, so that only the revisions do.
    with rollout_processes(path) as one, rollout_processes(path) as other:
        one.start()
        other.start()
        assert (one.wait(), other.wait()) == (0, 0)
        one.start()
        assert one.wait() == 0
    for rollout in all_of(ledger):
        assert rollout.state == expected(rollout)
        check(ledger, rollout)
    assert LedgerRolloutStore(ledger).claim("one", NOON, NOON, 10) == []
    ledger.close()
