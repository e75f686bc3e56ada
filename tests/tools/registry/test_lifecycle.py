"""A model's life in the roster, and what is told of it."""

from typing import Any

import pytest

from edge.kernel.errors import ApprovalNeeded, CallerError, Conflict, GateRefused, InvalidInput, NotFound
from memory.ledger.rollouts import Target
from server.hub import ledger_tools
from tests.fakes.works import ANN, BOB, Works, require_passed_gate
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
async def works(works: Works) -> Works:
    works.add(ledger_tools(CATALOGUE, require_passed_gate))
    await works.call(ANN, "register_model", name="support", based_on="SmolLM2-135M", description="answers customers")
    await version(works, "1")
    await version(works, "2", parent="support@1", datasets=[{"name": "tickets", "digest": DIGEST}])
    return works


async def version(works: Works, label: str, **more: Any) -> dict[str, Any]:
    content = more.pop("content", {"base": "local:smollm2-135m", "base_digest": DIGEST, "quantisation": "Q4_1"})
    arguments = {"model": "support", "label": label, "reference": "local:smollm2-135m", "content": content, **more}
    return (await works.call(ANN, "register_version", **arguments)).model_dump()


async def show(works: Works, name: str) -> dict[str, Any]:
    return (await works.call(ANN, "version_show", version=name)).model_dump()


async def test_a_new_version_is_a_candidate_with_its_base_s_licence(works: Works) -> None:
    found = await show(works, "support@1")
    assert (found["stage"], found["licence"], found["aliases"]) == (
        "candidate",
        CATALOGUE.get("smollm2-135m").licence,
        [],
    )
    assert found["digest"].startswith("sha256:")
    other = await version(works, "3", content={"base": "x", "adapter": "a"})
    assert other["digest"] != found["digest"]


async def test_a_version_says_who_serves_it_and_how(works: Works) -> None:
    with pytest.raises(InvalidInput, match="reference"):
        await version(works, "3", reference="smollm2-135m")
    with pytest.raises(InvalidInput, match=r"serving\.contex_tokens") as caught:
        await version(works, "3", card={"serving": {"contex_tokens": 512}})
    assert "context_tokens" in caught.value.advice
    await version(works, "3", card={"serving": {"context_tokens": 512}})


async def test_what_is_staged_for_production_needs_a_gate_and_four_eyes(works: Works) -> None:
    with pytest.raises(GateRefused, match="No gate"):
        await works.call(ANN, "set_stage", version="support@1", stage="production")
    works.judge("support@1", "fail", "accuracy 0.5 is below 0.8")
    with pytest.raises(GateRefused, match=r"accuracy 0\.5"):
        await works.call(ANN, "set_stage", version="support@1", stage="production")
    works.judge("support@1", "pass")
    with pytest.raises(ApprovalNeeded):
        await works.call(ANN, "set_stage", version="support@1", stage="production")
    await works.agree(ANN, BOB, "set_stage", version="support@1", stage="production")
    assert (await show(works, "support@1"))["stage"] == "production"


async def test_an_approval_does_not_outlive_the_gate(works: Works) -> None:
    works.judge("support@1", "pass")
    with pytest.raises(ApprovalNeeded) as caught:
        await works.call(ANN, "set_alias", alias="champion", version="support@1")
    await works.call(BOB, "approval_approve", approval=caught.value.approval_id)
    works.judge("support@1", "fail", "it swears")
    with pytest.raises(GateRefused, match="swears"):
        await works.call(ANN, "set_alias", alias="champion", version="support@1")


@pytest.mark.parametrize(
    ("tool", "arguments"), [("set_alias", {"alias": "champion"}), ("set_stage", {"stage": "production"})]
)
async def test_nobody_is_asked_to_approve_what_is_so_already(
    works: Works, tool: str, arguments: dict[str, str]
) -> None:
    works.judge("support@1", "pass")
    await works.agree(ANN, BOB, tool, version="support@1", **arguments)
    before = await show(works, "support@1")
    works.judge("support@1", "fail", "it swears")  # nothing comes into service by a call that changes nothing
    await works.call(ANN, tool, version="support@1", **arguments)
    assert works.outcomes()[-1] == ("ann", tool, "done")
    assert await show(works, "support@1") == before
    with pytest.raises(GateRefused):
        await works.call(ANN, tool, version="support@2", **arguments)


async def test_aliases_move_and_name_what_they_named(works: Works) -> None:
    await works.call(ANN, "set_alias", alias="challenger", version="support@1")
    moved = await works.call(ANN, "set_alias", alias="challenger", version="support@2")
    told = {"name": "challenger", "version": "support@2", "previous": "support@1"}
    assert moved.model_dump() == {**told, "changed": True}
    again = await works.call(ANN, "set_alias", alias="challenger", version="challenger")
    assert again.model_dump() == {**told, "changed": False}
    assert (await show(works, "challenger"))["aliases"] == ["challenger"]
    await works.call(ANN, "remove_alias", alias="challenger")
    with pytest.raises(NotFound):
        await show(works, "challenger")


async def test_what_is_in_use_is_not_retired(works: Works) -> None:
    await works.call(ANN, "set_alias", alias="challenger", version="support@1")
    with pytest.raises(Conflict, match="challenger"):
        await works.agree(ANN, BOB, "retire_version", version="support@1", reason="too old")
    await works.call(ANN, "set_alias", alias="challenger", version="support@2")
    with works.ledger.unit("default") as unit:
        target = unit.targets.save(
            Target("web", "serving", {"arms": [{"version": "support@1", "weight": 5}]}, works.now)
        )
    with pytest.raises(Conflict, match="web"):
        await works.agree(ANN, BOB, "retire_version", version="support@1", reason="too old")
    with works.ledger.unit("default") as unit:
        unit.targets.save(Target("web", "serving", {}, works.now, revision=target.revision))
    retired = await works.agree(ANN, BOB, "retire_version", version="support@1", reason="too old")
    assert retired.model_dump()["retired_reason"] == "too old"
    for name, arguments in (("set_alias", {"alias": "spare"}), ("set_stage", {"stage": "staging"})):
        with pytest.raises(Conflict, match="too old"):
            await works.call(ANN, name, version="support@1", **arguments)


async def test_nobody_is_asked_to_approve_that_what_is_in_use_is_retired(works: Works) -> None:
    await works.call(ANN, "set_alias", alias="challenger", version="support@1")
    for name, arguments in (("retire_version", {"version": "support@1"}), ("retire_model", {"model": "support"})):
        with pytest.raises(Conflict, match="challenger"):
            await works.call(ANN, name, reason="too old", **arguments)


async def test_what_a_rollout_moves_to_or_from_is_not_retired(works: Works) -> None:
    await works.call(ANN, "rollout_start", target="web", version="support@1", strategy="recreate")
    with pytest.raises(Conflict, match="in rollout ro-"):
        await works.call(ANN, "retire_version", version="support@1", reason="too old")
    with pytest.raises(ApprovalNeeded):
        await works.call(ANN, "retire_version", version="support@2", reason="too old")


async def test_what_is_approved_is_retired_and_no_version_more(works: Works) -> None:
    with pytest.raises(ApprovalNeeded) as caught:
        await works.call(ANN, "retire_model", model="support", reason="replaced")
    await works.call(BOB, "approval_approve", approval=caught.value.approval_id)
    await version(works, "3")
    with pytest.raises(ApprovalNeeded):
        await works.call(ANN, "retire_model", model="support", reason="replaced")


async def test_an_approval_to_remove_the_champion_is_about_the_version_that_it_named(works: Works) -> None:
    for label in "12":
        works.judge(f"support@{label}", "pass")
    await works.agree(ANN, BOB, "set_alias", alias="champion", version="support@1")
    with pytest.raises(ApprovalNeeded) as caught:
        await works.call(ANN, "remove_alias", alias="champion")
    await works.call(BOB, "approval_approve", approval=caught.value.approval_id)
    await works.agree(ANN, BOB, "set_alias", alias="champion", version="support@2")
    with pytest.raises(ApprovalNeeded):
        await works.call(ANN, "remove_alias", alias="champion")


async def test_a_model_is_retired_once(works: Works) -> None:
    await works.agree(ANN, BOB, "retire_model", model="support", reason="replaced by another")
    with pytest.raises(Conflict, match="replaced by another"):
        await works.call(ANN, "retire_model", model="support", reason="other reason")


async def test_a_retired_model_takes_no_more_versions(works: Works) -> None:
    await works.agree(ANN, BOB, "retire_model", model="support", reason="replaced by another")
    assert {(await show(works, f"support@{label}"))["stage"] for label in "12"} == {"retired"}
    with pytest.raises(Conflict, match="replaced"):
        await version(works, "3")


@pytest.mark.parametrize(
    ("tool", "arguments", "nearest"),
    [
        ("version_show", {"version": "suport@1"}, "support@1"),
        ("set_alias", {"alias": "x", "version": "support@11"}, "support@1"),
        ("set_stage", {"version": "support@1", "stage": "prodution"}, "production"),
        ("register_model", {"name": "m", "based_on": "smolm2-135m"}, "smollm2-135m"),
        ("retire_model", {"model": "suport", "reason": "why not"}, "support"),
    ],
)
async def test_unknown_names_come_with_the_nearest(
    works: Works, tool: str, arguments: dict[str, Any], nearest: str
) -> None:
    with pytest.raises(NotFound) as caught:
        await works.agree(ANN, BOB, tool, **arguments)
    assert nearest in caught.value.nearest


async def test_a_stage_of_one_s_own(works: Works) -> None:
    assert (await works.call(ANN, "set_stage", version="support@1", stage="shadow")).model_dump()["stage"] == "shadow"
    with pytest.raises(InvalidInput, match="with a reason"):
        await works.call(ANN, "set_stage", version="support@1", stage="retired")


@pytest.mark.parametrize(
    "more",
    [
        {"label": "1"},
        {"label": "Upper"},
        {"content": {"base": "b", "adapter_digest": DIGEST}},
        {"content": {"base": "b", "base_digest": "md5:1"}},
        {"content": {"base": "b", "colour": "red"}},
        {"parent": "none@1"},
        {"model": "none"},
    ],
)
async def test_versions_that_cannot_be_registered(works: Works, more: dict[str, Any]) -> None:
    with pytest.raises(CallerError):
        await version(works, **{"label": "9", **more})


async def test_lineage_comparison_and_card(works: Works) -> None:
    await version(
        works, "3", parent="support@2", content={"base": "local:smollm2-135m", "adapter": "tone"}, card={"use": "chat"}
    )
    lineage = (await works.call(ANN, "version_lineage", version="support@3")).model_dump()
    assert [one["id"] for one in lineage["ancestors"]] == ["support@3", "support@2", "support@1"]
    assert lineage["datasets"] == [{"name": "tickets", "digest": DIGEST}]
    assert (await works.call(ANN, "version_lineage", version="support@1")).model_dump()["descendants"] == ["support@2"]
    with works.ledger.unit("default") as unit:
        for key, subject, accuracy in (("e1", "support@2", 0.5), ("e2", "support@3", 0.75)):
            unit.evaluations.save(
                {"id": key, "task": "tone", "subject": subject, "dataset": "d", "samples": 9,
                 "metrics": {"accuracy": accuracy}, "finished_at": works.now}
            )  # fmt: skip
    compared = (await works.call(ANN, "version_compare", first="support@2", second="support@3")).model_dump()
    assert compared["metrics"] == {"tone": {"accuracy": (0.5, 0.75)}}
    assert compared["differences"]["adapter"] == ("", "tone")
    card = (await works.call(ANN, "version_card", version="support@3")).model_dump()
    assert (card["fields"], [row["id"] for row in card["evaluations"]]) == ({"use": "chat"}, ["e2"])
    models = (await works.call(ANN, "models_list")).model_dump()["models"]
    assert [(model["name"], len(model["versions"])) for model in models] == [("support", 3)]
    only = (await works.call(ANN, "models_list", model="support")).model_dump()["models"]
    assert [model["name"] for model in only] == ["support"]
    with pytest.raises(NotFound):
        await works.call(ANN, "models_list", model="supper")
