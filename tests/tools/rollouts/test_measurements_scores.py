"""Scores of answers reach the analysis of rollouts."""

from datetime import timedelta

import pytest

from edge.kernel.errors import Conflict, InvalidInput, NotFound
from memory.ledger.rollouts import Target
from tests.fakes.judged import equip, register
from tests.fakes.works import ANN, Works
from tools.rollouts.canary_analysis import CanaryLimits, Case, Observed, analyse
from tools.rollouts.measurements import LedgerMetrics
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.tools import rollout_tools
from tools.rollouts.world import Window

OLD, NEW = Arm(version="faq@1", weight=90), Arm(version="faq@2", configuration={"system": "Be brief."}, weight=10)


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    works.add(rollout_tools())
    for label in ("1", "2", "3"):
        await register(works, label)
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("desk", "serving", TargetState(arms=(OLD, NEW)).model_dump(mode="json"), works.now))
    return works


def observed(works: Works, arm: Arm) -> Observed:
    since = works.now.replace(microsecond=0)
    window = Window("desk", arm, since, since + timedelta(seconds=1))
    return LedgerMetrics(works.ledger).observed("default", [window])[0]


async def test_scores_belong_to_the_arm_that_answered(works: Works) -> None:
    await works.call(ANN, "score_record", target="desk", version="faq@2", scores=[0.4, 0.6])
    await works.call(ANN, "score_record", target="desk", version="faq@1", scores=[0.9])
    assert observed(works, NEW).score.mean == pytest.approx(0.5)
    assert observed(works, OLD).score.count == 1
    assert observed(works, OLD).requests == 0


async def test_worse_answers_roll_a_version_back(works: Works) -> None:
    for _ in range(3):
        await works.call(ANN, "score_record", target="desk", version="faq@1", scores=[0.9] * 200)
        await works.call(ANN, "score_record", target="desk", version="faq@2", scores=[0.3] * 200)
    limits = CanaryLimits(error_rate_increase=None, slowdown=None, slowdown_p95=None, slowdown_p99=None, score_drop=0.1)
    found = analyse(Case(observed(works, NEW), observed(works, OLD), limits))
    assert found.verdict == "roll_back"


async def test_what_cannot_be_a_score_of_it_is_refused(works: Works) -> None:
    for wrong, scores in (("faq@3", [0.5]), ("faq@9", [0.5]), ("faq@1", [1.5]), ("faq@1", [])):
        with pytest.raises((Conflict, NotFound, InvalidInput)):
            await works.call(ANN, "score_record", target="desk", version=wrong, scores=scores)
    with pytest.raises(NotFound, match="no target 'dask'"):
        await works.call(ANN, "score_record", target="dask", version="faq@1", scores=[0.5])
