"""The snapshot of names, out of a real ledger."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agents.understanding.entities import Entity, read_entities
from memory.ledger.approvals import Approval, Delegation
from memory.ledger.desired import DesiredItem
from memory.ledger.device_events import DeviceQuestion
from memory.ledger.factories import Pipeline
from memory.ledger.rollouts import Target
from memory.ledger.tenants import ApiKey, Principal
from memory.ledger.versions import Artifact
from tests.fakes.fleet_devices import open_fleet
from tests.fakes.judged import equip, register
from tests.fakes.works import ANN, Works, open_works
from tools.rollouts.targets import Arm, TargetState


@pytest.fixture
async def works(tmp_path: Path):
    works = open_works(tmp_path)
    await equip(works)
    await register(works, "1")
    await register(works, "2")
    await works.call(ANN, "set_alias", alias="challenger", version="faq@1")
    await works.call(ANN, "set_alias", alias="challenger", version="faq@2")
    now, until = works.now, works.now + timedelta(hours=1)
    with works.ledger.unit("default") as unit:
        serving = TargetState(arms=(Arm(version="faq@1"),)).model_dump(mode="json")
        unit.targets.save(Target("chat", "serving", serving, now))
        unit.principals.save(Principal("carol", "person", ["roster:read"], active=True, created_at=now))
        unit.keys.save(ApiKey("1a2b3c4d", "carol", "h" * 64, [], now, None, None))
        unit.approvals.save(
            Approval("ap-1", "retire_version", {"version": "faq@1"}, None, "d", "bob", True, "requested", now, until)
        )
        unit.delegations.save(Delegation("dl-1", "ann", "dora", [], now, until))
        unit.artifacts.save(Artifact("sha256:" + "b" * 64, "application/x-gguf", 3, "file:///x", now))
        runs = [{"id": "run-1", "version": "faq@2", "state": "waiting_for_approval", "more": 1}]
        unit.pipelines.add(Pipeline("weekly", [], now, "ann", {"runs": runs}))
        for kind, name in (("job", "report"), ("pack", "manuals"), ("prompt", "greeting")):
            unit.desired.put(DesiredItem("group", "hall-3", kind, name, 1, {"x": 1}, now, "ann"))
        unit.device_questions.save(DeviceQuestion("q-1", "press-1", "Hot?", "op", now, "device"))
    await works.call(ANN, "rollout_start", target="chat", version="challenger")
    yield works
    works.ledger.close()


async def test_everything_that_has_a_name_is_known(works: Works, tmp_path: Path) -> None:
    fleet = open_fleet(works, tmp_path / "fleet")
    await fleet.enrolled("press-1", group="hall-3")
    known = read_entities(works.ledger, ANN, tools=("rollout_start",))
    assert known.models == {"faq": "smollm2-135m"}
    assert known.versions == {"faq@1": "candidate", "faq@2": "candidate"}
    assert (known.aliases, known.previous) == ({"challenger": "faq@2"}, {"challenger": "faq@1"})
    assert known.targets == {"chat": "serving", "hall-3": "devices"}
    assert known.serving == {"chat": ("faq@1",)}
    (rollout,) = known.open_rollouts("chat")
    assert (rollout.version, rollout.state, known.retryable()) == ("faq@2", "pending", [])
    (approval,) = known.approvals
    assert (approval.requester, approval.tool, approval.arguments, approval.open) == (
        "bob",
        "retire_version",
        {"version": "faq@1"},
        True,
    )
    assert [(key.id, key.owner, key.revoked) for key in known.keys] == [("1a2b3c4d", "carol", False)]
    assert set(known.principals) >= {"ann", "bob", "carol", "dora"}
    assert [(one.giver, one.receiver) for one in known.delegations] == [("ann", "dora")]
    assert [(run.id, run.pipeline, run.version, run.open) for run in known.runs] == [("run-1", "weekly", "faq@2", True)]
    assert [(one.name, one.subject) for one in (*known.jobs, *known.packs, *known.prompts)] == [
        ("report", "hall-3"),
        ("manuals", "hall-3"),
        ("greeting", "hall-3"),
    ]
    assert [(one.id, one.device, one.text) for one in known.questions] == [("q-1", "press-1", "Hot?")]
    assert list(known.artifacts) == ["sha256:" + "b" * 64]
    assert known.devices == {"press-1": "hall-3"}
    assert "default" in known.tenants
    assert known.entity("tool", "rollout_start") == Entity("tool", "rollout_start")
    assert known.nearest("chalenger", "alias") == ["challenger"]
    kinds = {one.kind for one in known.entities}
    assert kinds >= {"version", "alias", "target", "group", "device", "rollout", "approval", "delegation", "tenant"}
    assert kinds >= {"stage", "pipeline", "run", "principal", "key", "job", "pack", "prompt", "question", "artifact"}


async def test_what_a_person_sees_beside_a_name(works: Works) -> None:
    known = read_entities(works.ledger, ANN)
    (rollout,) = known.of_kind("rollout")
    assert rollout.note == "chat, faq@2, pending"
    (approval,) = known.of_kind("approval")
    assert approval.note == "retire_version, faq@1, by bob, requested"
    assert [one.note for one in known.by_name["faq@2"]] == ["candidate, challenger"]
    assert [one.note for one in known.of_kind("key")] == ["of carol"]


async def test_what_the_caller_may_not_read_is_not_known(works: Works) -> None:
    known = read_entities(works.ledger, replace(ANN, scopes=frozenset({"rollouts:read"})))
    assert known.targets == {"chat": "serving"}
    assert {one.kind for one in known.entities} == {"target", "rollout", "stage", "principal"}
    assert known.principals == ("ann",)


async def test_another_tenant_s_names_are_not_known(works: Works) -> None:
    works.register_tenant("acme")
    known = read_entities(works.ledger, replace(ANN, tenant="acme"))
    assert {one.kind for one in known.entities} <= {"tenant", "policy", "stage", "principal"}
    assert known.principals == ("ann",)
