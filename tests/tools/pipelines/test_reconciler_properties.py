"""Whatever people do, and in whatever order: nothing unjudged or unapproved comes into production."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.kernel.errors import ChargehandError
from tests.effort import times
from tests.fakes.judged import GATES, equip, measure, register
from tests.fakes.works import ANN, BOB, Works, open_works
from tools.governance.evidence_store import Use
from tools.pipelines.run import PipelineRun

GATE = {"purpose": "internal_use", "region": "EU"}
STAGES = [{"name": "staging", "gate": GATE}, {"name": "production", "gate": GATE, "approval": True}]
ACTIONS = [
    "measure",
    "measure badly",
    "wait",
    "run",
    "advance",
    "bob approves",
    "ann approves",
    "bob rejects",
    "cancel",
]

LAWFUL = ["measure", "run", "bob approves", "advance"]


def newest(works: Works) -> PipelineRun | None:
    with works.ledger.view("default") as unit:
        runs = unit.pipelines.get("release").state.get("runs", [])
    return PipelineRun.model_validate(runs[0]) if runs else None


async def act(works: Works, action: str) -> None:
    run = newest(works)
    approval = (run.approval if run else None) or "ap-none"
    match action:
        case "measure" | "measure badly":
            works.wait(minutes=1)
            await measure(works, "faq@1", 0.8 if action == "measure" else 0.2)
        case "wait":
            works.wait(days=16)
        case "run":
            await works.call(ANN, "pipeline_run", pipeline="release", version="faq@1")
        case "advance":
            await works.call(ANN, "pipeline_advance", pipeline="release")
        case "cancel":
            await works.call(ANN, "pipeline_cancel", pipeline="release", reason="no more")
        case _:
            who, what = action.split()
            tool = {"approves": "approval_approve", "rejects": "approval_reject"}[what]
            await works.call({"bob": BOB, "ann": ANN}[who], tool, approval=approval)


def require_lawful(works: Works) -> None:
    """Of a version that has just come into production."""
    run = newest(works)
    assert run is not None
    with works.ledger.view("default") as unit:
        used = unit.approvals.get(f"ap-{run.id}-2")
        judged = GATES.judge(unit, unit.versions.get("faq@1"), Use(**GATE, stage="production"), "ann", works.now)
    assert (used.state, used.decided_by, used.requester) == ("used", "bob", "ann")
    assert judged.result.verdict == "pass"


async def play(actions: list[str]) -> bool:
    """Whether the version came into production."""
    with tempfile.TemporaryDirectory() as folder:
        works = open_works(Path(folder))
        try:
            await equip(works)
            await register(works, "1")
            await works.call(ANN, "create_deployment_pipeline", name="release", stages=STAGES)
            for action in actions:
                try:
                    await act(works, action)
                except ChargehandError:
                    continue
                with works.ledger.view("default") as unit:
                    stage = unit.versions.get("faq@1").stage
                if stage == "production":
                    require_lawful(works)
                    return True
            return False
        finally:
            works.ledger.close()


@settings(max_examples=times(6, 25), deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    st.lists(st.sampled_from(ACTIONS), max_size=2),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(ACTIONS)), max_size=4),
)
def test_nothing_unjudged_or_unapproved_comes_into_production(
    before: list[str], between: list[tuple[int, str]]
) -> None:
    actions = list(LAWFUL)
    for place, action in between:
        actions.insert(place, action)
    asyncio.run(play([*before, *actions, "advance"]))


def test_the_lawful_way_leads_there() -> None:
    assert asyncio.run(play(LAWFUL))
