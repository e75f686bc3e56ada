"""Evidence binds to what is served: what is served otherwise, or may be anything, does not pass by it."""

from typing import Any

import pytest

from tests.fakes.judged import BASE_DIGEST, equip, measure, register
from tests.fakes.works import ANN, BOB, Works
from tools.governance.gate import GateView
from tools.registry.versions import Comparison

CONTENT = {"base": "smollm2-135m", "base_digest": BASE_DIGEST}


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1", content={"quantisation": "", **CONTENT})
    await measure(works, "faq@1")
    return works


async def check(works: Works, version: str, **use: Any) -> GateView:
    found = await works.call(ANN, "gate_check", version=version, **use)
    assert isinstance(found, GateView)
    return found


def identity(found: GateView) -> dict[str, str]:
    return {reason.outcome: reason.text for reason in found.reasons if reason.rule == "identity"}


async def test_another_reference_does_not_pass_on_the_evidence(works: Works) -> None:
    assert (await check(works, "faq@1")).verdict == "pass"
    await register(works, "2", reference="openai:some-other-7b", content={"quantisation": "", **CONTENT})
    found = await check(works, "faq@2")
    assert found.verdict == "insufficient evidence"
    assert "there is no accuracy" in " ".join(found.deciding)
    await measure(works, "faq@2")
    again = await check(works, "faq@2")
    assert again.verdict == "insufficient evidence"
    assert "Nobody knows that openai:some-other-7b serves smollm2-135m" in identity(again)["unknown"]


@pytest.mark.parametrize(
    "serving", [{"system": "You are a pirate."}, {"options": {"temperature": 1.5}}, {"fingerprint": "fp_1"}]
)
async def test_another_prompt_or_option_is_another_thing(works: Works, serving: dict[str, Any]) -> None:
    await register(works, "2", content={"quantisation": "", **CONTENT}, card={"serving": serving})
    assert (await check(works, "faq@2")).verdict == "insufficient evidence"


async def test_what_only_costs_otherwise_is_the_same(works: Works) -> None:
    card = {"serving": {"prompt_price": 0.3, "slots": 4}}
    await register(works, "2", content={"quantisation": "", **CONTENT}, card=card)
    assert (await check(works, "faq@2")).verdict == "pass"


async def test_a_reference_that_is_known_to_serve_another_model_fails(works: Works) -> None:
    await register(works, "2", reference="ollama:phi4-mini", content={"quantisation": "", **CONTENT})
    found = await check(works, "faq@2")
    assert found.verdict == "fail"
    assert "claims to be smollm2-135m" in identity(found)["broken"]


@pytest.mark.parametrize(
    ("serving", "said"), [({}, "by its name alone"), ({"fingerprint": "fp_1"}, "fingerprint fp_1")]
)
async def test_a_remote_model_passes_as_weaker_evidence(works: Works, serving: dict[str, Any], said: str) -> None:
    content = {"base": "gpt-4o-mini", "base_digest": "", "quantisation": ""}
    await register(works, "2", reference="openai:gpt-4o-mini", content=content, card={"serving": serving})
    found = await check(works, "faq@2")
    assert "Weaker evidence" in identity(found)["warning"]
    assert said in identity(found)["warning"]


async def test_two_versions_of_one_digest_compare_as_one_and_as_the_gate_sees_them(works: Works) -> None:
    await register(works, "2", content={"quantisation": "", **CONTENT})
    found = await works.call(ANN, "version_compare", first="faq@1", second="faq@2")
    assert isinstance(found, Comparison)
    assert found.same
    assert found.metrics["accuracy"]["accuracy"] == (0.8, 0.8)
    await works.call(ANN, "evaluation_record", version="faq@2", metric="accuracy", value=0.7, n=200, dataset="faq 3")
    found = await works.call(ANN, "version_compare", first="faq@1", second="faq@2")
    assert isinstance(found, Comparison)
    gate = await check(works, "faq@1", purpose="research")
    judged = [fact for reason in gate.reasons for fact in reason.facts if fact.startswith("evaluation.accuracy is")]
    assert found.metrics["accuracy"]["accuracy"] == (0.7, 0.7)
    assert "evaluation.accuracy is 0.7" in " ".join(judged)


async def test_values_on_two_data_sets_do_not_stand_beside_each_other(works: Works) -> None:
    await register(works, "2", content={"quantisation": "", **CONTENT}, card={"serving": {"system": "Be brief."}})
    await works.call(ANN, "evaluation_record", version="faq@2", metric="accuracy", value=0.9, n=50, dataset="easy")
    found = await works.call(ANN, "version_compare", first="faq@1", second="faq@2")
    assert isinstance(found, Comparison)
    assert found.metrics["accuracy (faq 3)"]["accuracy"] == (0.8, None)
    assert found.metrics["accuracy (easy)"]["accuracy"] == (None, 0.9)


async def test_a_verdict_on_one_use_is_no_answer_about_another(works: Works) -> None:
    await check(works, "faq@1")
    asked = {"version": "faq@1", "purpose": "product", "region": "EU"}
    none: Any = await works.call(ANN, "gate_history", **asked)
    assert (none.results, none.about) == ([], "product/EU")
    await check(works, "faq@1", purpose="product", region="EU")
    found: Any = await works.call(ANN, "gate_history", **asked)
    assert [one.gate for one in found.results] == ["product/EU"]


async def test_production_takes_as_many_approvers_as_the_policies_say(works: Works) -> None:
    text = """
schema: 1
policies:
  - id: measured
    title: Measured
    approvers: 2
    rules: [{id: accurate, require: evaluation.accuracy >= 0.5}]
"""
    await works.agree(ANN, BOB, "manage_security_policies", action="put", name="ours", text=text)
    await works.agree(ANN, BOB, "manage_security_policies", action="activate", name="ours")
    with pytest.raises(Exception, match="approval") as needed:
        await works.call(ANN, "set_stage", version="faq@1", stage="production")
    first: Any = await works.call(BOB, "approval_approve", approval=needed.value.approval_id)  # type: ignore[attr-defined]
    assert (first.state, first.needed, first.agreed) == ("requested", 2, ["bob"])
