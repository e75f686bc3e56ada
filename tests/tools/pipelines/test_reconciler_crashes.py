"""Processes that move pipelines are killed at random moments: every run goes on, and none twice."""

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.ledger import open_ledger
from tests.effort import times
from tests.fakes.forks import forking
from tests.fakes.judged import equip, measure, register
from tests.fakes.works import ANN, BOB, Works
from tools.pipelines.reconciler import HUB

pytestmark = [pytest.mark.integration, pytest.mark.repeated]

PIPELINES, KILLS = times(8, 25), times(12, 40)
GATE = {"purpose": "internal_use", "region": "EU"}
STAGES = [{"name": "staging", "gate": GATE}, {"name": "production", "gate": GATE, "approval": True}]


async def approve_runs(works: Works) -> None:
    """One run in each pipeline, that waits for nothing any more."""
    await equip(works)
    for number in range(PIPELINES):
        await register(works, str(number))
        await measure(works, f"faq@{number}")
        await works.call(ANN, "create_deployment_pipeline", name=f"p{number}", stages=STAGES)
        view = await works.call(ANN, "pipeline_run", pipeline=f"p{number}", version=f"faq@{number}")
        await works.call(BOB, "approval_approve", approval=view.model_dump()["run"]["approval"])


@pytest.mark.timeout(600)
def test_every_approved_run_enters_production_once_whenever_its_process_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    works = Works(open_ledger(file), now=datetime.now(UTC))
    asyncio.run(approve_runs(works))
    dice, killed = random.Random(7), 0
    with forking("tests.fakes.pipeline_processes", str(file)) as forks:
        for _ in range(KILLS):
            process = forks.start()
            assert forks.line() == "ready\n"
            time.sleep(dice.uniform(0.0, 0.08))
            killed += forks.kill(process)
        forks.start()
        assert forks.line() == "ready\n"
        assert forks.wait() == 0
    assert killed > KILLS // 4
    with works.ledger.view("default") as unit:
        stages = {unit.versions.get(f"faq@{number}").stage for number in range(PIPELINES)}
        runs = [run for pipeline in unit.pipelines.all() for run in pipeline.state["runs"]]
    assert stages == {"production"}
    assert [run["state"] for run in runs] == ["done"] * PIPELINES
    entered = Counter(event["text"] for run in runs for event in run["events"] if "is in production" in event["text"])
    assert len(entered) == PIPELINES
    assert set(entered.values()) == {1}
    advanced = [entry for entry in works.audit() if (entry.principal, entry.outcome) == (HUB, "done")]
    assert len(advanced) == PIPELINES
    works.ledger.close()
