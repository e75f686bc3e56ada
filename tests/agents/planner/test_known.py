"""The snapshot of names, out of a real ledger."""

from dataclasses import replace
from pathlib import Path

import pytest

from agents.planner.known import read_known
from memory.ledger.rollouts import Target
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
    with works.ledger.unit("default") as unit:
        serving = TargetState(arms=(Arm(version="faq@1"),)).model_dump(mode="json")
        unit.targets.save(Target("chat", "serving", serving, works.now))
    await works.call(ANN, "rollout_start", target="chat", version="challenger")
    yield works
    works.ledger.close()


async def test_everything_that_has_a_name_is_known(works: Works) -> None:
    known = read_known(works.ledger, ANN)
    assert known.models == {"faq": "smollm2-135m"}
    assert known.versions == {"faq@1": "candidate", "faq@2": "candidate"}
    assert (known.aliases, known.previous) == ({"challenger": "faq@2"}, {"challenger": "faq@1"})
    assert known.targets == {"chat": "serving"}
    (rollout,) = known.open_rollouts("chat")
    assert (rollout.version, rollout.state, known.retryable()) == ("faq@2", "pending", [])
    assert "default" in known.tenants
    assert known.nearest("chalenger", "version") == ["challenger"]


async def test_what_the_caller_may_not_read_is_not_known(works: Works) -> None:
    known = read_known(works.ledger, replace(ANN, scopes=frozenset({"rollouts:read"})))
    assert known.targets == {"chat": "serving"}
    assert (known.versions, known.aliases, known.tenants, known.approvals) == ({}, {}, (), {})


async def test_another_tenant_s_names_are_not_known(works: Works) -> None:
    works.register_tenant("acme")
    known = read_known(works.ledger, replace(ANN, tenant="acme"))
    assert (known.models, known.versions, known.rollouts, known.targets) == ({}, {}, (), {})


async def test_devices_are_known_with_their_groups_to_those_who_may_read_the_fleet(
    works: Works, tmp_path: Path
) -> None:
    fleet = open_fleet(works, tmp_path / "fleet")
    await fleet.enrolled("press-1", group="hall-3")
    known = read_known(works.ledger, replace(ANN, scopes=frozenset({"fleet:read"})))
    assert (known.devices, known.groups, known.targets) == ({"press-1": "hall-3"}, ("hall-3",), {})
    assert known.nearest("pres-1", "device") == ["press-1"]
    unread = read_known(works.ledger, replace(ANN, scopes=frozenset({"rollouts:read"})))
    assert (unread.devices, unread.targets) == ({}, {"chat": "serving", "hall-3": "devices"})
    assert read_known(works.ledger, replace(ANN, tenant="acme")).devices == {}
