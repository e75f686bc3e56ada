"""The state machine under any world and any commands."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.kernel.errors import Conflict
from tests.effort import times
from tests.fakes.rollouts import NOON, MemoryStore, a_rollout, serving
from tools.rollouts.canary_analysis import Analysis, Evidence
from tools.rollouts.machine import Command, advance, command, rebased, retry, trouble
from tools.rollouts.plans import BlueGreen, Canary, CanaryStep, Recreate, Rolling, Shadow
from tools.rollouts.rollout import TERMINAL, GateAnswer, Observation, Rollout, State
from tools.rollouts.targets import Arm, TargetState

STRATEGIES = st.one_of(
    st.builds(
        Canary,
        steps=st.sets(st.integers(1, 99), min_size=1, max_size=5).map(
            lambda weights: tuple(CanaryStep(weight=weight, hold_s=10, limit_s=60) for weight in sorted(weights))
        ),
    ),
    st.just(BlueGreen()),
    st.builds(Rolling, part_percent=st.integers(1, 100)),
    st.just(Recreate()),
    st.builds(Shadow, percent=st.integers(1, 100)),
)
GATES = st.sampled_from(["pass", "fail", "insufficient_evidence"]).map(GateAnswer)
VERDICTS = st.sampled_from(["promote", "roll_back", "inconclusive"])
ALLOWED: dict[State, set[State]] = {
    "pending": {"waiting_for_gate", "waiting_for_approval", "progressing", "paused", "rolling_back"},
    "waiting_for_gate": {"waiting_for_approval", "progressing", "paused", "rolling_back", "failed"},
    "waiting_for_approval": {"progressing", "paused", "rolling_back", "failed"},
    "progressing": {"analysing", "promoting", "paused", "rolling_back"},
    "analysing": {"progressing", "promoting", "paused", "rolling_back"},
    "paused": {"pending", "waiting_for_gate", "waiting_for_approval", "progressing", "analysing", "promoting", "rolling_back"},
    "promoting": {"promoted", "rolling_back", "paused"},
    "rolling_back": {"rolled_back", "aborted"},
}  # fmt: skip


class Machine(RuleBasedStateMachine):
    """Rollouts on two targets, driven by whatever the world says and people do."""

    @initialize(strategy=STRATEGIES, gate=st.booleans(), approval=st.booleans())
    def start(self, strategy: Canary, gate: bool, approval: bool) -> None:
        self.store, self.now, self.made = MemoryStore(), NOON, 0
        self.plan = {"strategy": strategy, "gate": gate, "approval": approval}
        self.trail: dict[str, list[State]] = {}
        self.befores: dict[str, TargetState] = {}

    @rule(name=st.sampled_from(["a", "b"]), candidate=st.sampled_from(["new", "newer"]))
    def make(self, name: str, candidate: str) -> None:
        target = name
        served, revision = self.store.targets.get(target, (serving("old"), 1))
        if served.arms[0].version == candidate or len(served.arms) > 1 or served.shadow:
            return
        self.made += 1
        made = a_rollout(
            f"r{self.made}", target=target, before=served, target_revision=revision, candidate=candidate, **self.plan
        )
        taken = any(other.active and other.target == target for other in self.store.rollouts.values())
        try:
            self.store.add(made)
        except Conflict:
            assert taken
            return
        assert not taken
        self.trail[made.id], self.befores[made.id] = ["pending"], served

    @rule(
        pick=st.integers(0, 9), gate=GATES, verdict=VERDICTS, enough=st.booleans(), unready=st.sampled_from(["", "no"]),
        approval=st.sampled_from(["open", "approved", "rejected", "expired", None]), seconds=st.integers(0, 100),
    )  # fmt: skip
    def look(
        self, pick: int, gate: GateAnswer, verdict: str, enough: bool, unready: str, approval: str, seconds: int
    ) -> None:
        rollout = self._one(pick)
        if rollout is None:
            return
        self.now += timedelta(seconds=seconds)
        analysis = Analysis(verdict, (verdict,), (), enough)  # type: ignore[arg-type]
        seen = Observation(self.store.targets[rollout.target][1], gate, approval, "", unready, analysis)  # type: ignore[arg-type]
        after, actions = advance(rollout, seen, self.now)
        if rollout.state in TERMINAL or rollout.state == "paused":
            assert (after, actions) == (rollout, ())
        elif actions:
            self._commit(after, actions)
        else:
            assert after.due_at is not None
            assert after.due_at >= self.now
            assert after.not_ready == (unready if rollout.state == "analysing" else "")
            expected = rebased(rollout, self.now)
            assert after.model_copy(update={"due_at": expected.due_at, "not_ready": expected.not_ready}) == expected

    @rule(pick=st.integers(0, 9), what=st.sampled_from(["pause", "resume", "abort", "promote"]))
    def act(self, pick: int, what: Command) -> None:
        rollout = self._one(pick)
        if rollout is None:
            return
        try:
            after, actions = command(rollout, what, "ada", self.now)
        except Conflict:
            return
        assert rollout.state not in TERMINAL
        self._commit(after, actions)

    @rule(pick=st.integers(0, 9))
    def fail(self, pick: int) -> None:
        rollout = self._one(pick)
        if rollout is not None and rollout.due_at is not None:
            self._commit(*trouble(rollout, "it broke", self.now))

    def _one(self, pick: int) -> Rollout | None:
        rollouts = list(self.store.rollouts.values())
        return rollouts[pick % len(rollouts)] if rollouts else None

    def _commit(self, after: Rollout, actions: tuple[object, ...]) -> None:
        before = self.store.rollouts[after.id]
        assert after.state == before.state or after.state in ALLOWED[before.state]
        self.store.commit([(after, actions)])  # type: ignore[arg-type]
        self.trail[after.id].append(after.state)

    @invariant()
    def weights_sum_to_100(self) -> None:
        for history in self.store.history.values():
            assert all(sum(arm.weight for arm in state.arms) == 100 for state in history)

    @invariant()
    def a_target_has_one_active_rollout_at_most(self) -> None:
        active = [rollout.target for rollout in self.store.rollouts.values() if rollout.active]
        assert len(active) == len(set(active))

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for trail in self.trail.values():
            assert not set(trail[:-1]) & TERMINAL

    @invariant()
    def no_step_is_taken_twice_and_none_is_left_out(self) -> None:
        for events in self.store.told.values():
            done = [event.data["what"] for event in events if event.kind == "target"]
            steps = [what for what in done if what.startswith("step:")]
            assert steps == [f"step:{number}" for number in range(1, len(steps) + 1)]
            assert len(done) - len(steps) <= 1

    @invariant()
    def nothing_changes_before_gate_and_approval(self) -> None:
        for rollout_id, trail in self.trail.items():
            if any(event.kind == "target" for event in self.store.told.get(rollout_id, [])):
                plan = self.store.rollouts[rollout_id].plan
                assert not plan.gate or "waiting_for_gate" in trail
                assert not plan.approval or "waiting_for_approval" in trail

    @invariant()
    @precondition(lambda self: bool(self.trail))
    def the_target_is_as_the_last_rollouts_end_says(self) -> None:
        last = {rollout.target: rollout for rollout in self.store.rollouts.values()}
        for target, rollout in last.items():
            served = self.store.targets[target][0]
            if rollout.state in {"rolled_back", "aborted", "failed"}:
                assert served == self.befores[rollout.id]
            if rollout.state == "promoted":
                assert served == TargetState(arms=(rollout.candidate,))


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=times(37, 150), stateful_step_count=40, deadline=None)


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    pending = a_rollout()
    with pytest.raises(Conflict, match=r"is pending: it cannot resume.*paused or aborted"):
        command(pending, "resume", "ada", NOON)
    with pytest.raises(Conflict, match="cannot promote"):
        command(a_rollout(gate=True), "promote", "ada", NOON)
    paused, _ = command(pending, "pause", "ada", NOON)
    with pytest.raises(Conflict, match="resumed or aborted"):
        command(paused, "pause", "ada", NOON)


def test_promoting_now_never_skips_gate_or_approval() -> None:
    waiting, _ = advance(a_rollout(gate=True), Observation(1), NOON)
    paused, _ = command(waiting, "pause", "ada", NOON)
    for rollout in (waiting, paused):
        with pytest.raises(Conflict):
            command(rollout, "promote", "ada", NOON)


def test_trying_again_makes_a_new_rollout_of_the_same_plan() -> None:
    aborted, _ = advance(command(a_rollout(gate=True), "abort", "ada", NOON)[0], Observation(1), NOON)
    assert aborted.state == "aborted"
    again = retry(aborted, rollout_id="r2", before=serving("third"), target_revision=5, requested_by="bob", now=NOON)
    assert (again.state, again.plan, again.retry_of, again.before) == ("pending", aborted.plan, "r1", serving("third"))
    with pytest.raises(Conflict, match="cannot be tried again"):
        retry(again, rollout_id="r3", before=serving("x"), target_revision=5, requested_by="bob", now=NOON)


def test_a_failing_rollout_waits_longer_each_time_and_a_rollback_never_gives_up() -> None:
    rollout = a_rollout()
    waits = []
    for _ in range(7):
        rollout, _ = trouble(rollout, "it broke", NOON)
        assert rollout.due_at is not None
        waits.append((rollout.due_at - NOON).total_seconds())
    assert waits == [2, 4, 8, 16, 32, 64, 128]
    assert trouble(rollout, "it broke", NOON)[0].state == "paused"
    rolling_back, _ = command(a_rollout(), "abort", "ada", NOON)
    for _ in range(20):
        rolling_back, _ = trouble(rolling_back, "it broke", NOON)
    assert (rolling_back.state, rolling_back.due_at) == ("rolling_back", NOON + timedelta(seconds=300))


def test_configuration_goes_back_with_the_version() -> None:
    arm = Arm(version="old", configuration={"prompt": "long"})
    before = TargetState(arms=(Arm(version="old", configuration={"prompt": "short"}),))
    rollout = a_rollout(before=before).model_copy(update={"candidate": arm})
    taken, _ = advance(rollout.model_copy(update={"state": "progressing"}), Observation(1), NOON)
    bad = Observation(2, analysis=Analysis("roll_back", ("worse",)))
    store = MemoryStore()
    store.rollouts[rollout.id], store.targets[rollout.target] = taken, (before, 2)
    for _ in range(2):
        store.commit([advance(store.rollouts[rollout.id], bad, NOON)])
    assert store.targets[rollout.target][0] == before


STEP = timedelta(hours=1)


def analysing(step: int = 1, interval_s: float = 2.0) -> Rollout:
    """In a step of the default canary, since noon."""
    rollout = a_rollout(strategy=Canary(), interval_s=interval_s)
    times_ = {"step_since": NOON, "step_until": NOON + STEP, "due_at": NOON}
    return rollout.model_copy(update={"state": "analysing", "step": step, **times_})


def at_the_limit(step: int, analysis: Analysis) -> Rollout:
    rollout = analysing(step).model_copy(update={"due_at": NOON + STEP})
    return advance(rollout, Observation(1, analysis=analysis), NOON + STEP)[0]


def test_an_undecided_step_goes_on_with_its_evidence_and_the_last_one_pauses() -> None:
    found = {"error_rate_increase": Evidence(2.0, -1.0, -1.0)}
    undecided = Analysis("inconclusive", ("open",), enough=True, carried=found)
    passed = at_the_limit(1, undecided)
    assert (passed.state, passed.carried) == ("progressing", found)
    assert at_the_limit(3, undecided).state == "paused"
    few = Analysis("inconclusive", ("open",), enough=False)
    assert at_the_limit(1, few).state == "paused"


def test_what_is_shown_to_be_worse_goes_back_at_the_limit_and_not_before() -> None:
    worse = Analysis("inconclusive", ("open",), enough=True, worse=("it fails more often",))
    assert at_the_limit(1, worse).state == "rolling_back"
    assert "fails more often" in at_the_limit(3, worse).reason
    soon = NOON + STEP / 2
    early, _ = advance(analysing().model_copy(update={"due_at": soon}), Observation(1, analysis=worse), soon)
    assert early.state == "analysing"


def test_a_replacement_that_looks_bad_is_not_waved_through_after_its_hold() -> None:
    rollout = analysing().model_copy(update={"plan": a_rollout(strategy=Recreate()).plan, "due_at": NOON + STEP / 2})
    for doubts, state in (((), "progressing"), (("it looks worse",), "analysing")):
        seen = Observation(1, analysis=Analysis("inconclusive", ("open",), enough=True, doubts=doubts))
        assert advance(rollout, seen, NOON + STEP / 2)[0].state == state


@pytest.mark.parametrize("hours", [1, 30])
def test_time_in_which_nobody_looked_neither_holds_nor_ends_a_step(hours: float) -> None:
    """The clock was set forward, or the hub was down: to the rollout it is the same."""
    now = NOON + timedelta(hours=hours)
    passed = Observation(1, analysis=Analysis("promote", ("well",), enough=True))
    undecided = Observation(1, analysis=Analysis("inconclusive", ("open",)))
    rollout = analysing().model_copy(update={"due_at": NOON + timedelta(seconds=10)})
    waits, actions = advance(rollout, undecided, now)
    assert (waits.state, actions) == ("analysing", ())
    assert waits.step_until is not None
    assert waits.step_until > now + timedelta(minutes=58)
    held = rollout.model_copy(update={"plan": a_rollout(strategy=BlueGreen()).plan, "step": 2})
    assert advance(held, passed, now)[0].state == "analysing"  # 5 minutes were to be held, and 70 s were watched


def test_a_clock_that_is_set_back_takes_the_step_with_it() -> None:
    now = NOON - timedelta(hours=5)
    back = rebased(analysing(), now)
    assert (back.step_since, back.step_until) == (now, now + STEP)
    assert rebased(analysing(), NOON - timedelta(seconds=200)) == analysing()  # no more than a back-off
