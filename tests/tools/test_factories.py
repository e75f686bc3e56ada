"""Model factories."""

from typing import Any

import pytest

from edge.kernel.errors import CallerError, Conflict, GateRefused, InvalidInput, NotFound
from memory.ledger.rollouts import Target
from tests.fakes.judged import BASE_DIGEST, equip, measure, register
from tests.fakes.works import ANN, Works
from tools.factories import Deployment
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.tools import rollout_tools

FACTORY = {
    "name": "gateway-faq",
    "model": "faq",
    "base": "smollm2-135m",
    "base_digest": BASE_DIGEST,
    "reference": "local:smollm2-135m",
    "sizes": [{"name": "small", "quantisation": "Q4_1", "memory_mb": 512}, {"name": "full"}],
    "autoscaling": {"least": 1, "most": 4},
    "strategy": {"kind": "canary", "percentages": [10, 50]},
    "use": {"purpose": "internal_use", "region": "EU"},
}
DEPLOY = {"factory": "gateway-faq", "target": "helpdesk", "label": "1", "size": "full"}


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    works.add(rollout_tools())
    return works


async def deploy(works: Works, **changes: Any) -> Deployment:
    done = await works.call(ANN, "deploy_model_via_factory", **{**DEPLOY, **changes})
    assert isinstance(done, Deployment)
    return done


async def make(works: Works, **changes: Any) -> None:
    await works.call(ANN, "create_model_factory", **{**FACTORY, **changes})


async def test_a_factory_makes_a_version_and_deploys_it_once_there_is_evidence(works: Works) -> None:
    await make(works)
    first = await deploy(works)
    assert (first.state, first.verdict, first.rollout) == ("needs_evidence", "insufficient evidence", None)
    assert any("there is no accuracy" in reason for reason in first.reasons)
    with works.ledger.view("default") as unit:
        assert unit.versions.get("faq@1").stage == "candidate"
        assert unit.targets.find("helpdesk") is None
    await measure(works, "faq@1")
    second = await deploy(works)
    assert (second.state, second.verdict, second.version_digest) == ("rolling_out", "pass", first.version_digest)
    assert second.rollout is not None
    assert (second.rollout.strategy, second.rollout.target) == ("recreate", "helpdesk")  # nothing is served yet
    with works.ledger.view("default") as unit:
        configuration = unit.targets.get("helpdesk").configuration
    assert configuration["autoscaling"] == {"least": 1, "most": 4}
    assert configuration["use"]["region"] == "EU"


async def test_a_target_that_serves_is_moved_by_the_factory_s_strategy(works: Works) -> None:
    await make(works)
    await register(works, "old")
    use = {"use": {"region": "EU"}}
    traffic = TargetState(arms=(Arm(version="faq@old"),)).model_dump(mode="json")
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("helpdesk", "serving", traffic, works.now, use))
    await deploy(works)
    await measure(works, "faq@1")
    done = await deploy(works, configuration={"system": "be brief"})
    assert done.rollout is not None
    assert (done.rollout.strategy, done.rollout.steps) == ("canary", ["canary 10 %", "canary 50 %"])
    with pytest.raises(Conflict, match="is in rollout"):
        await deploy(works)


async def test_what_is_not_new_and_not_evaluated_is_refused_with_the_reasons(works: Works) -> None:
    await make(works)
    await deploy(works)
    with pytest.raises(GateRefused, match="there is no accuracy") as caught:
        await deploy(works)
    assert caught.value.reasons
    assert works.outcomes()[-1] == ("ann", "deploy_model_via_factory", "refused")
    await measure(works, "faq@1")
    works.wait(days=40)
    with pytest.raises(GateRefused, match="stale"):
        await deploy(works)
    await measure(works, "faq@1", 0.2)
    with pytest.raises(GateRefused, match="says fail"):
        await deploy(works)
    with works.ledger.view("default") as unit:
        assert unit.targets.find("helpdesk") is None
        assert unit.rollouts.all() == []


async def test_a_version_must_fit_its_size(works: Works) -> None:
    await make(works)
    small = {"size": "small", "label": "s"}
    assert "memory_mb was not measured" in (await deploy(works, **small)).reasons[-1]
    await measure(works, "faq@s")
    with pytest.raises(GateRefused, match="not measured"):
        await deploy(works, **small)
    memory = {"version": "faq@s", "metric": "memory_mb", "n": 3, "dataset": "gateway"}
    await works.call(ANN, "evaluation_record", value=900, **memory)
    with pytest.raises(GateRefused, match="needs 900 MB"):
        await deploy(works, **small)
    works.wait(minutes=1)
    await works.call(ANN, "evaluation_record", value=400, **memory)
    assert (await deploy(works, **small)).state == "rolling_out"


async def test_a_base_whose_licence_forbids_the_use_makes_no_factory(works: Works) -> None:
    with pytest.raises(GateRefused, match=r"qwen2\.5-3b does not allow product"):
        await make(works, base="qwen2.5-3b", use={"purpose": "product", "region": "EU"})


async def test_a_target_keeps_what_it_is_used_for(works: Works) -> None:
    await make(works, use={"purpose": "research"})
    await deploy(works)
    await measure(works, "faq@1")
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("helpdesk", "serving", {"arms": [], "shadow": None}, works.now))
    with pytest.raises(Conflict, match="used for internal_use/world"):
        await deploy(works)


@pytest.mark.parametrize(
    ("policy", "changes", "error", "said"),
    [
        ({"use": "none"}, {"adapter": "tone"}, InvalidInput, "takes no adapters"),
        ({"use": "required"}, {}, InvalidInput, "none is named"),
        ({"licences": ["own"]}, {"adapter": "tone"}, GateRefused, "an unknown licence"),
        ({"licences": ["own"]}, {"adapter": "tone", "card": {"adapter_licence": "cc-by-4.0"}}, GateRefused, "cc-by"),
        ({}, {"size": None}, InvalidInput, "several sizes: small, full"),
        ({}, {"size": "medium"}, NotFound, "It has small, full"),
        ({}, {"factory": "gateway-fag"}, NotFound, "gateway-faq"),
        ({}, {"label": "Bad Label"}, InvalidInput, "label: "),
    ],
)
async def test_what_a_factory_does_not_do(
    works: Works, policy: dict[str, Any], changes: dict[str, Any], error: type[CallerError], said: str
) -> None:
    await make(works, adapter=policy)
    with pytest.raises(error, match=said):
        await deploy(works, **changes)
    with works.ledger.view("default") as unit:
        assert unit.versions.all() == []


async def test_a_label_stands_for_one_content(works: Works) -> None:
    await make(works)
    await deploy(works)
    with pytest.raises(Conflict, match="another content"):
        await deploy(works, size="small")


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"autoscaling": {"least": 3, "most": 2}}, InvalidInput, "least 3 is more than most 2"),
        ({"autoscaling": {"least": -1}}, InvalidInput, "autoscaling.least"),
        ({"strategy": {"kind": "canary", "percentages": [120]}}, InvalidInput, "less than or equal to 99"),
        ({"strategy": {"kind": "canary", "percentages": [50, 10]}}, InvalidInput, "must rise"),
        ({"strategy": {"kind": "blue_green", "percentages": [10]}}, InvalidInput, "does not take the percentages"),
        ({"adapter": {"use": "none", "licences": ["own"]}}, InvalidInput, "adapters are not allowed"),
        ({"adapter": {"licences": ["apache"]}}, NotFound, "Nearest: apache-2.0"),
        ({"sizes": [{"name": "a"}, {"name": "a"}]}, InvalidInput, "stands twice"),
        ({"use": {"stage": "staging"}}, InvalidInput, "deploys to production"),
        ({"use": {"region": "Mars"}}, InvalidInput, "unknown region"),
        ({"model": "fag"}, NotFound, "Nearest: faq"),
        ({"base_digest": "sha256:1"}, InvalidInput, "base_digest"),
    ],
)
async def test_templates_that_cannot_be(
    works: Works, wrong: dict[str, Any], error: type[CallerError], said: str
) -> None:
    with pytest.raises(error, match=said):
        await make(works, **wrong)
    assert works.outcomes()[-1] == ("ann", "create_model_factory", "refused")
    assert (await works.call(ANN, "factories_list")).model_dump() == {"factories": []}


async def test_a_factory_is_made_once(works: Works) -> None:
    await make(works)
    with pytest.raises(Conflict, match="already"):
        await make(works)
    (kept,) = (await works.call(ANN, "factories_list")).model_dump()["factories"]
    assert kept["template"]["strategy"]["percentages"] == (10, 50)
