"""The gate of rollouts, over the evidence of the moment."""

import pytest

from memory.ledger.rollouts import Target
from tests.fakes.judged import GATES, equip, measure, register
from tests.fakes.rollouts import a_rollout
from tests.fakes.works import ANN, Works
from tools.rollouts.plans import Rolling
from tools.rollouts.rollout import GateAnswer
from tools.rollouts.targets import TargetKind
from tools.rollouts.world import EvidenceGate


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1")
    return works


def judge(works: Works, candidate: str = "faq@1", kind: TargetKind = "serving") -> GateAnswer:
    gate = EvidenceGate(works.ledger, lambda: works.now, GATES)
    return gate.judge(a_rollout(candidate=candidate, kind=kind, strategy=Rolling()))


async def test_an_unevaluated_version_lacks_evidence_whatever_was_said_before(works: Works) -> None:
    works.judge("faq@1", "pass")
    answer = judge(works)
    assert answer.verdict == "insufficient_evidence"
    assert any("there is no accuracy" in reason for reason in answer.reasons)


async def test_the_verdict_is_that_of_the_moment_and_is_kept(works: Works) -> None:
    await measure(works, "faq@1")
    assert judge(works).verdict == "pass"
    with works.ledger.view("default") as unit:
        assert [one.gate for one in unit.gates.of("faq@1")] == ["internal_use/world/production"]
    works.wait(days=31)
    stale = judge(works)
    assert stale.verdict == "insufficient_evidence"
    assert any("stale" in reason for reason in stale.reasons)
    await measure(works, "faq@1", 0.2)
    assert judge(works).verdict == "fail"


async def test_a_target_says_what_its_versions_must_be_good_for(works: Works) -> None:
    await measure(works, "faq@1")
    use = {"use": {"purpose": "product", "region": "EU"}}
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("assistant", "serving", {}, works.now, use))
    answer = judge(works)
    assert (answer.verdict, answer.gate) == ("insufficient_evidence", "product/EU/production")
    assert any("bias" in reason for reason in answer.reasons)


async def test_what_goes_to_devices_must_be_fit_for_them(works: Works) -> None:
    await measure(works, "faq@1")
    answer = judge(works, kind="devices")
    assert answer.verdict == "insufficient_evidence"
    assert any("latency_p95_ms" in reason for reason in answer.reasons)
    await works.call(
        ANN, "evaluation_record", version="faq@1", metric="latency_p95_ms", value=900, n=50, dataset="gateway"
    )
    assert judge(works, kind="devices").verdict == "pass"


async def test_a_version_that_is_not_there_lacks_evidence(works: Works) -> None:
    assert judge(works, "faq@9").verdict == "insufficient_evidence"
