import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from tests.fakes.rollouts import NOON, Clock, MemoryStore, ScriptedWorld, a_rollout, serving, traffic
from tools.rollouts.canary_analysis import Observed, WaveReport
from tools.rollouts.machine import command
from tools.rollouts.plans import BlueGreen, Recreate, Rolling, Shadow, Strategy
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.rollout import GateAnswer, Rollout, Transition
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.world import ApprovalAnswer, Window
from tools.runs import Worker, watch

GOOD = {"old": traffic(20_000), "new": traffic(4000)}
BAD = {"old": traffic(20_000), "new": traffic(100, 0.6)}
NEW = Arm(version="new", configuration={"prompt": "long"})


class Run:
    """A reconciler, its store, its world and its clock."""

    def __init__(self, world: ScriptedWorld, *rollouts: Rollout, store: MemoryStore | None = None) -> None:
        self.store, self.world, self.clock = store or MemoryStore(), world, Clock()
        for rollout in rollouts:
            self.store.add(rollout)
        self.reconciler = Worker(rollout_work(self.store, world.world()), holder="one", clock=self.clock)

    def until_settled(self) -> Rollout:
        for _ in range(100):
            self.reconciler.run_once()
            if not any(one.due_at for one in self.store.rollouts.values()):
                break
            self.clock.sleep(5)
        return self.store.rollouts["r1"]

    def weights(self, target: str = "assistant") -> list[list[tuple[str, int]]]:
        return [[(arm.version, arm.weight) for arm in state.arms] for state in self.store.history.get(target, [])]


def test_a_good_version_takes_every_step_once_and_is_promoted() -> None:
    run = Run(ScriptedWorld(GOOD), a_rollout())
    assert run.until_settled().state == "promoted"
    assert run.weights() == [[("old", 90), ("new", 10)], [("old", 50), ("new", 50)], [("new", 100)]]
    assert run.store.targets["assistant"][0] == TargetState(arms=(NEW,))


def test_a_bad_version_is_rolled_back_at_once_to_exactly_what_was_served_before() -> None:
    run = Run(ScriptedWorld(BAD), a_rollout())
    run.reconciler.run_once()
    rollout = run.store.rollouts["r1"]
    assert rollout.state == "rolled_back"
    assert "60.0% (60 of 100)" in rollout.reason
    assert run.store.targets["assistant"] == (serving("old", prompt="short"), 3)


def test_what_stays_undecided_pauses_at_the_steps_limit_and_goes_on_when_resumed() -> None:
    run = Run(ScriptedWorld({"old": traffic(100), "new": traffic(5)}), a_rollout())
    paused = run.until_settled()
    assert (paused.state, paused.step, paused.updated_at) == ("paused", 1, NOON.replace(minute=1, second=40))
    assert "5 of at least 10 requests" in paused.reason
    run.world.seen = GOOD
    after, actions = command(paused, "resume", "ada", run.clock())
    run.store.commit([(after, actions)])
    assert run.until_settled().state == "promoted"
    assert len(run.weights()) == 3


@pytest.mark.parametrize(
    ("gate", "approval", "state", "reason"),
    [
        (GateAnswer("fail", ("licence is research only",)), ApprovalAnswer("approved"), "failed", "research only"),
        (
            GateAnswer("insufficient_evidence", ("no evaluation",)),
            ApprovalAnswer("approved"),
            "paused",
            "no evaluation",
        ),
        (GateAnswer("pass"), ApprovalAnswer("rejected", "by bob"), "failed", "rejected by bob"),
        (GateAnswer("pass"), ApprovalAnswer("expired"), "failed", "expired"),
        (GateAnswer("pass"), ApprovalAnswer("approved"), "promoted", "new serves assistant"),
    ],
)
def test_gate_and_approval_come_first(gate: GateAnswer, approval: ApprovalAnswer, state: str, reason: str) -> None:
    run = Run(ScriptedWorld(GOOD, gate=gate, approval=approval), a_rollout(gate=True, approval=True))
    rollout = run.until_settled()
    assert (rollout.state, reason in rollout.reason) == (state, True)
    assert bool(run.weights()) == (state == "promoted")


def test_an_open_approval_is_waited_for() -> None:
    run = Run(ScriptedWorld(GOOD, approval=ApprovalAnswer("open")), a_rollout(approval=True))
    run.reconciler.run_once()
    assert run.store.rollouts["r1"].state == "waiting_for_approval"
    run.world.approval = ApprovalAnswer("approved")
    assert run.until_settled().state == "promoted"


@pytest.mark.parametrize(
    ("strategy", "weights"),
    [
        (BlueGreen(hold_s=0), [[("old", 100), ("new", 0)], [("old", 0), ("new", 100)], [("new", 100)]]),
        (
            Rolling(part_percent=40, hold_s=0),
            [[("old", 60), ("new", 40)], [("old", 20), ("new", 80)], [("old", 0), ("new", 100)], [("new", 100)]],
        ),
        (Recreate(), [[("new", 100)], [("new", 100)]]),
        (Shadow(hold_s=0), [[("old", 100)], [("new", 100)]]),
    ],
)
def test_each_strategy_ends_with_the_new_version(strategy: Strategy, weights: list[list[tuple[str, int]]]) -> None:
    run = Run(ScriptedWorld(GOOD), a_rollout(strategy=strategy))
    assert run.until_settled().state == "promoted"
    assert run.weights() == weights


@pytest.mark.parametrize("strategy", [BlueGreen(hold_s=0), Rolling(hold_s=0), Recreate(), Shadow(hold_s=0)])
def test_each_strategy_rolls_back_a_bad_version(strategy: Strategy) -> None:
    run = Run(ScriptedWorld(BAD), a_rollout(strategy=strategy))
    assert run.until_settled().state == "rolled_back"
    assert run.store.targets["assistant"][0] == serving("old", prompt="short")


@pytest.mark.parametrize(("strategy", "steps"), [(BlueGreen(), 1), (Recreate(), 1)])
def test_a_version_that_never_becomes_ready_is_rolled_back(strategy: Strategy, steps: int) -> None:
    run = Run(ScriptedWorld(GOOD, unready="new does not fit into memory"), a_rollout(strategy=strategy, interval_s=60))
    rollout = run.until_settled()
    for _ in range(5):
        run.clock.sleep(600)
        rollout = run.until_settled()
    assert (rollout.state, rollout.step) == ("rolled_back", steps)
    assert "does not fit into memory" in rollout.reason


@pytest.mark.parametrize(
    ("report", "state"),
    [(WaveReport(20, 19, 1), "promoted"), (WaveReport(20, 17, 3), "rolled_back"), (WaveReport(20, 10, 0), "paused")],
)
def test_devices_are_judged_by_wave(report: WaveReport, state: str) -> None:
    run = Run(ScriptedWorld(wave=report), a_rollout(kind="devices", error_threshold=0.1))
    assert run.until_settled().state == state


def test_one_that_fails_does_not_stop_the_others_and_pauses_in_the_end() -> None:
    run = Run(ScriptedWorld(GOOD, broken="b"), a_rollout(), a_rollout("r2", target="b"), a_rollout("r3", target="c"))
    run.until_settled()
    for _ in range(20):
        run.clock.sleep(300)
        run.until_settled()
    states = {name: rollout.state for name, rollout in run.store.rollouts.items()}
    assert states == {"r1": "promoted", "r2": "paused", "r3": "promoted"}
    assert "the metrics are broken" in run.store.rollouts["r2"].reason
    run.world.broken = ""
    run.store.commit([command(run.store.rollouts["r2"], "resume", "ada", run.clock())])
    run.until_settled()
    assert run.store.rollouts["r2"].state == "promoted"


def test_one_whose_change_cannot_be_written_does_not_stop_the_others() -> None:
    class Refusing(MemoryStore):
        def commit(self, steps: Sequence[Transition], holder: str | None = None) -> list[Rollout]:
            if any(after.target == "b" and after.state == "analysing" for after, _ in steps):
                raise RuntimeError("no such group")
            return super().commit(steps, holder)

    run = Run(ScriptedWorld(GOOD), a_rollout(), store=Refusing())
    run.store.add(a_rollout("r2", target="b"))
    run.until_settled()
    assert {name: one.state for name, one in run.store.rollouts.items()} == {"r1": "promoted", "r2": "paused"}
    assert "no such group" in run.store.rollouts["r2"].reason


def test_a_verdict_is_found_anew_only_when_something_new_was_observed() -> None:
    few = {"old": traffic(100), "new": traffic(5)}
    run = Run(ScriptedWorld(few), a_rollout())
    run.reconciler.run_once()
    judged = run.store.rollouts["r1"].judged
    assert judged is not None
    assert (judged.analysis.verdict, judged.analysis.findings) == ("inconclusive", ())
    known = replace(judged, analysis=replace(judged.analysis, reasons=("as was found",)))
    run.store.rollouts["r1"] = run.store.rollouts["r1"].model_copy(update={"judged": known})
    run.clock.sleep(5)
    run.reconciler.run_once()
    assert run.store.rollouts["r1"].judged == known
    run.world.seen = {**few, "new": traffic(6)}
    run.clock.sleep(5)
    run.reconciler.run_once()
    again = run.store.rollouts["r1"].judged
    assert again is not None
    assert "6 of at least 10 requests" in again.analysis.reasons[0]
    run.world.seen = GOOD
    assert run.until_settled().judged is None


@pytest.mark.parametrize("what", ["pause", "abort"])
def test_a_command_between_look_and_change_wins(what: Literal["pause", "abort"]) -> None:
    run = Run(ScriptedWorld(GOOD), a_rollout())
    run.reconciler.run_once()
    looked_at = run.store.rollouts["r1"]
    run.store.commit([command(looked_at, what, "ada", run.clock())])
    assert run.store.commit([command(looked_at, what, "bob", run.clock())]) == []
    final = run.until_settled()
    assert final.state == {"pause": "paused", "abort": "aborted"}[what]
    served = run.store.targets["assistant"][0]
    assert (served == serving("old", prompt="short")) == (what == "abort")


def test_a_target_that_someone_else_changed_pauses_and_can_still_be_restored() -> None:
    run = Run(ScriptedWorld(GOOD), a_rollout())
    run.reconciler.run_once()
    run.store.targets["assistant"] = (serving("third"), 7)
    paused = run.until_settled()
    assert (paused.state, "changed by someone else" in paused.reason) == ("paused", True)
    run.store.commit([command(paused, "abort", "ada", run.clock())])
    assert run.until_settled().state == "aborted"
    assert run.store.targets["assistant"][0] == serving("old", prompt="short")


def test_what_another_reconciler_has_leased_is_left_alone_until_the_lease_ends() -> None:
    run = Run(ScriptedWorld(GOOD), a_rollout())
    other = Worker(rollout_work(run.store, run.world.world()), holder="other", clock=run.clock, lease_s=60)
    run.store.claim("one", NOON, NOON.replace(minute=1), 10)
    assert other.run_once().looked_at == 0
    run.clock.sleep(60)
    assert other.run_once().looked_at == 1


def test_one_look_is_over_before_its_lease_is_and_the_next_goes_on() -> None:
    class Slow(ScriptedWorld):
        def observed(self, tenant: str, windows: Sequence[Window]) -> list[Observed]:
            run.clock.sleep(0.04 * len(windows))
            return super().observed(tenant, windows)

    rollouts = (a_rollout(f"r{number:03}", target=f"t{number}", interval_s=3600) for number in range(1000))
    run = Run(Slow({"old": traffic(100), "new": traffic(5)}), *rollouts)
    looks: list[int] = []
    while looked := run.reconciler.look().looked_at:
        looks.append(looked)
        assert run.clock() < max(until for _, until in run.store.leases.values())
    assert len(looks) > 1000 / 200
    assert all(one.judged for one in run.store.rollouts.values())


async def test_while_much_is_due_a_running_reconciler_stops_between_two_looks() -> None:
    run = Run(ScriptedWorld(GOOD), *(a_rollout(f"r{number:03}", target=f"t{number}") for number in range(1000)))
    stop = asyncio.Event()
    running = asyncio.create_task(run.reconciler.run(stop, every_s=60))
    await asyncio.sleep(0)  # the first look begins
    stop.set()
    await running
    assert 0 < run.store.reads < 1000


def test_only_what_is_due_is_read() -> None:
    run = Run(ScriptedWorld(GOOD), *(a_rollout(f"r{n}", target=f"t{n}") for n in range(1, 500)))
    assert run.reconciler.run_once().looked_at == 499
    before = run.store.reads
    run.reconciler.run_once()
    assert run.store.reads == before


async def test_progress_is_streamed_to_the_end() -> None:
    run = Run(ScriptedWorld(GOOD), a_rollout())

    async def events() -> list[tuple[int, str]]:
        return [(event.sequence, event.text) async for event in watch(run.store, "default", "r1", every_s=0.001)]

    watching = asyncio.create_task(events())
    await asyncio.sleep(0.01)
    run.until_settled()
    seen = await watching
    assert [sequence for sequence, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][1] == "promote"
    assert "step 1 of 2: canary 10 %" in [text for _, text in seen]
