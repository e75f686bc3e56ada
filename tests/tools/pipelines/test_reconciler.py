"""Pipelines go on by themselves: once, whoever holds them, wherever a process died."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from memory.ledger.rollouts import Target
from tests.fakes.judged import GATES, equip, measure, register
from tests.fakes.rollouts import ScriptedWorld, traffic
from tests.fakes.works import ANN, BOB, Works
from tools.pipelines.reconciler import HUB, OpenRun, pipeline_work
from tools.pipelines.tools import RunView
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerRolloutStore
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.world import EvidenceGate, LedgerApprovals, LedgerFleet, World
from tools.runs import Worker

GATE = {"purpose": "internal_use", "region": "EU"}
APPROVED = [
    {"name": "staging", "gate": GATE},
    {"name": "production", "gate": GATE, "approval": True, "alias": "champion"},
]
CANARY = {"kind": "canary", "percentages": [10]}
ROLLED = [
    {"name": "staging", "gate": GATE},
    {"name": "production", "gate": GATE, "target": "helpdesk", "strategy": CANARY},
]


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    for label in ("0", "1"):
        await register(works, label)
        await measure(works, f"faq@{label}")
    arms = TargetState(arms=(Arm(version="faq@0"),)).model_dump(mode="json")
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("helpdesk", "serving", arms, works.now))
    return works


def worker(works: Works, holder: str = "one") -> Worker[OpenRun]:
    work = pipeline_work(works.ledger, GATES, lambda: works.now)
    return Worker(work, holder=holder, clock=lambda: works.now)


async def look(works: Works, holder: str = "one") -> int:
    """Look once at all that is due; how many runs went on."""
    return (await asyncio.to_thread(worker(works, holder).run_once)).changes


async def begin(works: Works, stages: Sequence[dict[str, Any]]) -> RunView:
    await works.call(ANN, "create_deployment_pipeline", name="release", stages=list(stages))
    view = await works.call(ANN, "pipeline_run", pipeline="release", version="faq@1")
    assert isinstance(view, RunView)
    return view


async def status(works: Works) -> RunView:
    found: Any = await works.call(ANN, "pipeline_status", pipeline="release")
    return found.pipelines[0].runs[0]


def stage_of(works: Works) -> str:
    with works.ledger.view("default") as unit:
        return unit.versions.get("faq@1").stage


def reconcile(works: Works) -> None:
    seen = ScriptedWorld({"faq@0": traffic(20_000), "faq@1": traffic(4000)})
    gate = EvidenceGate(works.ledger, lambda: works.now, GATES)
    approvals = LedgerApprovals(works.ledger, lambda: works.now)
    world = World(seen, LedgerFleet(works.ledger), gate, approvals, seen)
    Worker(rollout_work(LedgerRolloutStore(works.ledger), world), holder="rollouts", clock=lambda: works.now).run_once()
    works.wait(minutes=2)


async def test_a_run_goes_on_once_somebody_else_has_approved_it(works: Works) -> None:
    view = await begin(works, APPROVED)
    assert view.run.state == "waiting_for_approval"
    assert await look(works) == 0
    assert stage_of(works) == "staging"
    await works.call(BOB, "approval_approve", approval=view.run.approval)
    assert await look(works) == 1
    assert (await status(works)).run.state == "done"
    assert stage_of(works) == "production"
    assert (HUB, "pipeline_advance", "done") in works.outcomes()
    assert await look(works) == 0


async def test_looking_leaves_no_trace(works: Works) -> None:
    await begin(works, APPROVED)
    before = works.outcomes()
    with works.ledger.view("default") as unit:
        revision = unit.pipelines.get("release").revision
    for _ in range(5):
        works.wait(minutes=1)
        assert await look(works) == 0
    assert works.outcomes() == before
    with works.ledger.view("default") as unit:
        assert unit.pipelines.get("release").revision == revision


async def test_a_run_goes_on_once_its_rollout_is_over(works: Works) -> None:
    view = await begin(works, ROLLED)
    assert view.run.state == "rolling_out"
    reconcile(works)
    assert await look(works) == 0
    await works.call(BOB, "approval_approve", approval=f"ap-{view.run.rollout}")
    for _ in range(8):
        reconcile(works)
    assert await look(works) == 1
    assert (await status(works)).run.state == "done"
    assert stage_of(works) == "production"


async def test_a_run_goes_on_once_the_evidence_is_there(works: Works) -> None:
    await register(works, "2")
    stages = [{"name": "tried"}, *APPROVED]
    await works.call(ANN, "create_deployment_pipeline", name="release", stages=stages)
    await works.call(ANN, "pipeline_run", pipeline="release", version="faq@2")
    assert (await status(works)).run.state == "waiting_for_evidence"
    assert await look(works) == 0
    await measure(works, "faq@2")
    assert await look(works) == 1
    assert (await status(works)).run.state == "waiting_for_approval"


async def test_a_target_that_stays_busy_is_tried_ever_less_often(works: Works) -> None:
    view = await begin(works, ROLLED)
    await works.call(ANN, "rollout_abort", rollout=view.run.rollout)
    with works.ledger.unit("default") as unit:  # waits for a target that takes no rollout, for another reason
        pipeline = unit.pipelines.get("release")
        run = {**pipeline.state["runs"][0], "state": "waiting_for_target", "rollout": None}
        unit.pipelines.save(replace(pipeline, state={"runs": [run]}))
        unit.versions.save(replace(unit.versions.get("faq@1"), stage="staging"))
    reconcile(works)
    with works.ledger.unit("default") as unit:
        target = unit.targets.get("helpdesk")
        serves = TargetState(arms=(Arm(version="faq@1"),)).model_dump(mode="json")
        unit.targets.save(replace(target, traffic=serves))
    tries = []
    for _ in range(120):
        before = len(works.audit())
        await look(works)
        tries.append(len(works.audit()) - before)
        works.wait(seconds=5)
    assert 0 < sum(tries) <= 10


async def test_another_process_leaves_it_alone_until_the_lease_of_the_dead_one_is_over(works: Works) -> None:
    view = await begin(works, APPROVED)
    await works.call(BOB, "approval_approve", approval=view.run.approval)
    with works.ledger.unit("default") as unit:  # as left by a process that died between its claim and its move
        pipeline = unit.pipelines.get("release")
        lease = {"holder": "dead", "until": (works.now + timedelta(seconds=15)).isoformat()}
        unit.pipelines.save(replace(pipeline, state={**pipeline.state, "lease": lease}))
    assert await look(works, "two") == 0
    assert await look(works, "dead") == 1, "started again, it goes on at once"
    works.wait(seconds=16)
    assert await look(works, "two") == 0
    assert works.outcomes().count((HUB, "pipeline_advance", "done")) == 1


async def test_after_the_lease_another_takes_over(works: Works) -> None:
    view = await begin(works, APPROVED)
    await works.call(BOB, "approval_approve", approval=view.run.approval)
    with works.ledger.unit("default") as unit:
        pipeline = unit.pipelines.get("release")
        lease = {"holder": "dead", "until": (works.now + timedelta(seconds=15)).isoformat()}
        unit.pipelines.save(replace(pipeline, state={**pipeline.state, "lease": lease}))
    works.wait(seconds=16)
    assert await look(works, "two") == 1
    assert stage_of(works) == "production"


async def test_a_suspended_tenant_stands_still(works: Works) -> None:
    view = await begin(works, APPROVED)
    await works.call(BOB, "approval_approve", approval=view.run.approval)
    with works.ledger.unit("default") as unit:
        unit.tenants.save(replace(unit.tenants.get("default"), state="suspended"))
    before = works.outcomes()
    assert await look(works) == 0
    assert works.outcomes() == before
