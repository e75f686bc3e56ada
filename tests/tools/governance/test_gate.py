"""Gates over the ledger."""

from typing import Any

import pytest

from edge.kernel.errors import ApprovalNeeded, GateRefused, NotFound
from server.outcomes import outcome_of
from tests.fakes.judged import GATES, equip, measure, register
from tests.fakes.works import ANN, BOB, Works
from tools.governance.gate import GateHistory, GateView

QWEN = {"base": "qwen2.5-3b", "base_digest": "sha256:" + "b" * 64}


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1")
    return works


async def check(works: Works, version: str = "faq@1", **use: Any) -> GateView:
    found = await works.call(ANN, "gate_check", version=version, **use)
    assert isinstance(found, GateView)
    return found


async def history(works: Works, version: str = "faq@1", **which: Any) -> GateHistory:
    found = await works.call(ANN, "gate_history", version=version, **which)
    assert isinstance(found, GateHistory)
    return found


async def test_what_nobody_measured_is_insufficient_and_says_what_is_missing(works: Works) -> None:
    found = await check(works)
    assert found.verdict == "insufficient evidence"
    assert any("there is no accuracy" in reason for reason in found.deciding)
    assert any("there is no scan" in reason for reason in found.deciding)


async def test_a_pass_is_kept_with_its_reasons_and_digests(works: Works) -> None:
    await measure(works, "faq@1")
    found = await check(works)
    assert (found.verdict, found.gate) == ("pass", "internal_use/world")
    assert all(one.startswith("sha256:") for one in (found.digest, found.policy_digest, found.evidence_digest))
    assert (await history(works)).results == [found]
    with works.ledger.view("default") as unit:
        kept = unit.gates.of("faq@1")[0]
    assert kept.evidence["evidence"]["evaluations"][0]["value"] == 0.8


async def test_the_same_evidence_at_the_same_time_gives_the_same_digest(works: Works) -> None:
    await measure(works, "faq@1")
    assert (await check(works)).digest == (await check(works)).digest
    works.wait(hours=1)
    first, second = await check(works), await check(works, purpose="research")
    assert first.evidence_digest != second.evidence_digest
    assert [one.gate for one in (await history(works)).results][:2].count("internal_use/world") == 1
    assert [one.id for one in (await history(works, gate="research/world")).results] == [second.id]


async def test_a_low_score_fails(works: Works) -> None:
    await measure(works, "faq@1", 0.3)
    found = await check(works)
    assert found.verdict == "fail"
    assert "internal/accurate" in {reason.rule for reason in found.reasons if reason.outcome == "broken"}


async def test_a_research_licence_fails_in_a_product(works: Works) -> None:
    await works.call(ANN, "register_model", name="chat", based_on="qwen2.5-3b")
    await register(works, "1", "chat", content=QWEN)
    await measure(works, "chat@1")
    assert (await check(works, "chat@1", purpose="product", region="EU")).verdict == "fail"
    with pytest.raises(GateRefused, match="licence") as caught:
        await works.call(ANN, "set_stage", version="chat@1", stage="production")
    assert "another version, purpose or region" in caught.value.advice
    assert "record" not in caught.value.advice.lower()


async def test_the_advice_says_what_helps(works: Works) -> None:
    with pytest.raises(GateRefused) as caught:
        await works.call(ANN, "set_stage", version="faq@1", stage="production")
    assert caught.value.advice == "Record the evidence that it names, then check the gate again."
    await measure(works, "faq@1", 0.3)
    with pytest.raises(GateRefused) as caught:
        await works.call(ANN, "set_stage", version="faq@1", stage="production")
    assert caught.value.advice.startswith("Mend what it names or take another version")


async def test_stale_evidence_is_no_pass(works: Works) -> None:
    await measure(works, "faq@1")
    works.wait(days=91)
    found = await check(works)
    assert found.verdict == "insufficient evidence"
    assert any("stale" in reason for reason in found.deciding)
    with pytest.raises(GateRefused, match="stale"):
        await works.call(ANN, "set_stage", version="faq@1", stage="production")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("set_stage", {"version": "faq@1", "stage": "production"}),
        ("set_alias", {"version": "faq@1", "alias": "champion"}),
    ],
)
async def test_an_unevaluated_version_is_not_promoted(works: Works, tool: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(GateRefused, match="insufficient evidence") as caught:
        await works.call(ANN, tool, **arguments)
    assert outcome_of(caught.value).exit_code == 3
    assert caught.value.reasons
    assert works.outcomes()[-1] == ("ann", tool, "refused")
    assert "there is no accuracy" in works.audit()[-1].detail
    await measure(works, "faq@1")
    with pytest.raises(ApprovalNeeded):
        await works.call(ANN, tool, **arguments)


async def test_a_pass_for_research_opens_nothing_else(works: Works) -> None:
    await measure(works, "faq@1", 0.2)
    assert (await check(works, purpose="research")).verdict == "pass"
    with pytest.raises(GateRefused):
        await works.call(ANN, "set_stage", version="faq@1", stage="production")


async def test_an_approval_given_on_evidence_that_is_stale_now_is_worth_nothing(works: Works) -> None:
    await measure(works, "faq@1")
    works.wait(days=29, hours=20)  # the limit is 30 days
    promotion = {"version": "faq@1", "stage": "production"}
    with pytest.raises(ApprovalNeeded) as caught:
        await works.call(ANN, "set_stage", **promotion)
    await works.call(BOB, "approval_approve", approval=caught.value.approval_id)
    works.wait(hours=5)
    with pytest.raises(GateRefused, match="stale"):
        await works.call(ANN, "set_stage", **promotion)


async def test_unknown_versions_come_with_the_nearest(works: Works) -> None:
    for tool in ("gate_check", "gate_history"):
        with pytest.raises(NotFound) as caught:
            await works.call(ANN, tool, version="fag@1")
        assert caught.value.nearest == ("faq@1",)


def test_what_is_judged_where_nothing_is_said() -> None:
    assert GATES.of_target({}).gate == "internal_use/world"
    assert GATES.of_target({"use": {"purpose": "product", "region": "EU"}}).gate == "product/EU"


async def test_a_stage_that_nobody_knows_is_refused(works: Works) -> None:
    with pytest.raises(NotFound, match="no stage 'prodution'") as caught:
        await check(works, stage="prodution")
    assert caught.value.nearest == ("production",)
