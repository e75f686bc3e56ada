"""Deployment pipelines."""

from dataclasses import replace
from typing import Any

import pytest

from edge.kernel.errors import CallerError, Conflict, GateRefused, InvalidInput, NotAllowed, NotFound
from memory.ledger.rollouts import Target
from server.outcomes import outcome_of
from tests.fakes.judged import GATES, equip, measure, register
from tests.fakes.rollouts import ScriptedWorld, traffic
from tests.fakes.works import ANN, BOB, Works
from tools.pipelines.tools import PipelineList, RunView
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerRolloutStore
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.tools import rollout_tools
from tools.rollouts.world import EvidenceGate, LedgerApprovals, LedgerFleet, World
from tools.runs import Worker

GATE = {"purpose": "internal_use", "region": "EU"}
STAGES = [
    {"name": "staging", "gate": GATE, "alias": "challenger"},
    {"name": "production", "gate": GATE, "approval": True, "alias": "champion"},
]
ROLLED = [
    {"name": "staging", "gate": GATE},
    {"name": "production", "gate": GATE, "target": "helpdesk", "strategy": {"kind": "canary", "percentages": [10]}},
]


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    works.add(rollout_tools())
    for label in ("0", "1"):
        await register(works, label)
    arms = TargetState(arms=(Arm(version="faq@0"),)).model_dump(mode="json")
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("helpdesk", "serving", arms, works.now))
    return works


async def make(works: Works, stages: list[dict[str, Any]], name: str = "release") -> None:
    await works.call(ANN, "create_deployment_pipeline", name=name, stages=stages)


async def run(works: Works, version: str = "faq@1") -> RunView:
    view = await works.call(ANN, "pipeline_run", pipeline="release", version=version)
    assert isinstance(view, RunView)
    return view


async def advance(works: Works, by: Any = ANN) -> RunView:
    view = await works.call(by, "pipeline_advance", pipeline="release")
    assert isinstance(view, RunView)
    return view


def stage_of(works: Works, version: str = "faq@1") -> str:
    with works.ledger.view("default") as unit:
        return unit.versions.get(version).stage


def reconcile(works: Works, times: int = 1) -> None:
    seen = ScriptedWorld({"faq@0": traffic(20_000), "faq@1": traffic(4000)})
    gate = EvidenceGate(works.ledger, lambda: works.now, GATES)
    approvals = LedgerApprovals(works.ledger, lambda: works.now)
    world = World(seen, LedgerFleet(works.ledger), gate, approvals, seen)
    reconciler = Worker(rollout_work(LedgerRolloutStore(works.ledger), world), holder="one", clock=lambda: works.now)
    for _ in range(times):
        reconciler.run_once()
        works.wait(minutes=2)


async def test_a_version_goes_stage_by_stage_and_waits_for_another_pair_of_eyes(works: Works) -> None:
    await make(works, STAGES)
    await measure(works, "faq@1")
    started = await run(works)
    assert (started.run.state, started.stage, started.run.position) == ("waiting_for_approval", "production", 1)
    assert stage_of(works) == "staging"
    assert started.run.approval is not None
    with pytest.raises(NotAllowed, match="four eyes"):
        await works.call(ANN, "approval_approve", approval=started.run.approval)
    assert (await advance(works)).run == started.run
    await works.call(BOB, "approval_approve", approval=started.run.approval, comment="go")
    done = await advance(works)
    assert (done.run.state, done.stage, stage_of(works)) == ("done", None, "production")
    with works.ledger.view("default") as unit:
        assert {one.name for one in unit.aliases.all("faq@1")} == {"challenger", "champion"}
        assert unit.approvals.get(started.run.approval).state == "used"
        assert {one.gate for one in unit.gates.of("faq@1")} == {"internal_use/EU/staging", "internal_use/EU/production"}
    with pytest.raises(Conflict, match="in production already"):
        await run(works)


async def test_what_is_not_evaluated_waits_before_the_first_stage_as_before_any_other(works: Works) -> None:
    await make(works, STAGES)
    held = await run(works)
    assert (held.run.state, held.run.position, held.stage) == ("waiting_for_evidence", 0, "staging")
    assert any("there is no accuracy" in reason for reason in held.run.reasons)
    assert stage_of(works) == "candidate"
    await measure(works, "faq@1")
    assert (await advance(works)).run.state == "waiting_for_approval"


async def test_what_fails_does_not_begin(works: Works) -> None:
    await make(works, STAGES)
    await measure(works, "faq@1", 0.2)
    with pytest.raises(GateRefused, match=r"cannot enter staging: .*accuracy") as caught:
        await run(works)
    assert outcome_of(caught.value).exit_code == 3
    assert caught.value.advice.startswith("Mend what it names or take another version")
    assert works.outcomes()[-1] == ("ann", "pipeline_run", "refused")
    assert stage_of(works) == "candidate"
    with pytest.raises(NotFound, match="No run"):
        await advance(works)


async def test_evidence_that_grows_stale_on_the_way_holds_the_run_in_spite_of_the_approval(works: Works) -> None:
    await make(works, STAGES)
    await measure(works, "faq@1")
    works.wait(days=29, hours=20)
    started = await run(works)
    await works.call(BOB, "approval_approve", approval=started.run.approval)
    works.wait(hours=6)
    held = await advance(works)
    assert (held.run.state, stage_of(works)) == ("waiting_for_evidence", "staging")
    assert any("stale" in reason for reason in held.run.reasons)
    await measure(works, "faq@1")
    assert (await advance(works)).run.state == "done"


@pytest.mark.parametrize(
    ("decision", "said"), [("approval_reject", "rejected by bob: no"), ("approval_revoke", "revoked")]
)
async def test_what_is_not_agreed_to_is_refused(works: Works, decision: str, said: str) -> None:
    await make(works, STAGES)
    await measure(works, "faq@1")
    started = await run(works)
    await works.call(BOB, decision, approval=started.run.approval, comment="no")
    refused = await advance(works)
    assert refused.run.state == "refused"
    assert said in refused.run.reasons[0]
    assert stage_of(works) == "staging"


async def test_an_approval_expires_and_one_that_was_altered_is_worth_nothing(works: Works) -> None:
    await make(works, STAGES)
    await measure(works, "faq@1")
    first = await run(works)
    works.wait(days=2)
    assert "is expired" in (await advance(works)).run.reasons[0]
    second = await run(works)
    assert second.run.approval not in {None, first.run.approval}
    await works.call(BOB, "approval_approve", approval=second.run.approval)
    with works.ledger.unit("default") as unit:
        kept = unit.approvals.get(str(second.run.approval))
        unit.approvals.save(replace(kept, digest="0" * 64))
    altered = await advance(works)
    assert (altered.run.state, stage_of(works)) == ("refused", "staging")
    assert "of another run, stage or content" in altered.run.reasons[0]


async def test_a_stage_with_a_target_is_entered_once_the_rollout_is_promoted(works: Works) -> None:
    await make(works, ROLLED)
    await measure(works, "faq@1")
    started = await run(works)
    assert (started.run.state, stage_of(works)) == ("rolling_out", "staging")
    reconcile(works)
    approval = f"ap-{started.run.rollout}"
    with pytest.raises(NotAllowed, match="four eyes"):
        await works.call(ANN, "approval_approve", approval=approval)
    await works.call(BOB, "approval_approve", approval=approval)
    assert (await advance(works)).run.state == "rolling_out"
    reconcile(works, 5)
    assert ((await advance(works)).run.state, stage_of(works)) == ("done", "production")


async def test_whoever_started_a_run_cannot_approve_the_rollout_that_another_advanced(works: Works) -> None:
    await make(works, ROLLED)
    await measure(works, "faq@1")
    with works.ledger.unit("default") as unit:
        other = unit.targets.get("helpdesk")
        unit.targets.save(replace(other, traffic=TargetState(arms=(Arm(version="faq@1"),)).model_dump(mode="json")))
    waiting = await run(works)
    assert waiting.run.state == "waiting_for_target"
    assert "serves already" in waiting.run.reasons[0]
    with works.ledger.unit("default") as unit:
        unit.targets.save(replace(unit.targets.get("helpdesk"), traffic=other.traffic))
    started = await advance(works, BOB)
    reconcile(works)
    with pytest.raises(NotAllowed, match="four eyes"):
        await works.call(ANN, "approval_approve", approval=f"ap-{started.run.rollout}")


async def test_a_rollout_that_ends_badly_fails_the_run(works: Works) -> None:
    await make(works, ROLLED)
    await measure(works, "faq@1")
    started = await run(works)
    with pytest.raises(Conflict, match="Abort it first"):
        await works.call(ANN, "pipeline_cancel", pipeline="release", reason="changed my mind")
    await works.call(ANN, "rollout_abort", rollout=started.run.rollout)
    reconcile(works, 2)
    failed = await advance(works)
    assert (failed.run.state, stage_of(works)) == ("failed", "staging")
    assert "aborted" in failed.run.reasons[0]


async def test_runs_are_shown_cancelled_and_not_started_twice(works: Works) -> None:
    await make(works, STAGES)
    await measure(works, "faq@1")
    started = await run(works)
    with pytest.raises(Conflict, match=started.run.id):
        await run(works)
    await works.call(ANN, "pipeline_cancel", pipeline="release", reason="changed my mind", run=started.run.id)
    with pytest.raises(Conflict, match="is over: cancelled"):
        await works.call(ANN, "pipeline_advance", pipeline="release", run=started.run.id)
    with pytest.raises(NotFound):
        await works.call(ANN, "pipeline_advance", pipeline="release", run="run-0")
    await run(works)
    shown = await works.call(ANN, "pipeline_status", pipeline="release")
    assert isinstance(shown, PipelineList)
    assert sorted(one.run.state for one in shown.pipelines[0].runs) == ["cancelled", "waiting_for_approval"]
    assert await works.call(ANN, "pipeline_status") == shown


@pytest.mark.parametrize(
    ("stages", "error", "said"),
    [
        ([], InvalidInput, "stages"),
        ([{"name": "staging"}, {"name": "staging"}], InvalidInput, "stage staging stands twice"),
        ([{"name": "a", "alias": "x"}, {"name": "b", "alias": "x"}], InvalidInput, "alias x stands twice"),
        ([{"name": "production", "approval": True}], InvalidInput, "needs a gate"),
        ([{"name": "canary", "alias": "champion", "approval": True}], InvalidInput, "needs a gate"),
        ([{"name": "lab", "target": "helpdesk"}], InvalidInput, "needs a gate"),
        ([{"name": "production", "gate": GATE}], InvalidInput, "needs an approval"),
        ([{"name": "production", "gate": {"purpose": "research"}, "approval": True}], InvalidInput, "not for research"),
        ([{"name": "staging", "gate": {"stage": "production"}}], InvalidInput, "is for the stage production"),
        ([{"name": "staging", "strategy": {"kind": "canary"}}], InvalidInput, "no target"),
        ([{"name": "retired"}], InvalidInput, "with a reason"),
        ([{"name": "lab", "gate": GATE, "target": "helpdesc"}], NotFound, "Nearest: helpdesk"),
        ([{"name": "lab", "gate": {"region": "Mars"}}], InvalidInput, "unknown region"),
    ],
)
async def test_pipelines_that_cannot_be(
    works: Works, stages: list[dict[str, Any]], error: type[CallerError], said: str
) -> None:
    with pytest.raises(error, match=said):
        await make(works, stages)
    assert works.outcomes()[-1] == ("ann", "create_deployment_pipeline", "refused")


async def test_unknown_names_come_with_the_nearest(works: Works) -> None:
    await make(works, STAGES)
    with pytest.raises(Conflict, match="already"):
        await make(works, STAGES)
    with pytest.raises(NotFound, match="Nearest: release"):
        await works.call(ANN, "pipeline_run", pipeline="relaese", version="faq@1")
    with pytest.raises(NotFound, match=r"Nearest: faq@1"):
        await works.call(ANN, "pipeline_run", pipeline="release", version="fag@1")
