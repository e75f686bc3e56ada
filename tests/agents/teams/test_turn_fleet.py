"""Orders and looks of the fleet in the chat, over a real ledger: to the deployment team, and told well."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from agents.planner.known import read_known
from agents.teams.turn import Teams
from tests.fakes.fleet_devices import FleetWorks, open_fleet
from tests.fakes.works import ANN, open_works
from tools.registry.catalogue import load_catalogue

pytestmark = pytest.mark.integration


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[FleetWorks]:
    works = open_works(tmp_path)
    fleet = open_fleet(works, tmp_path / "fleet")
    await fleet.enrolled("press-1", group="hall-3")
    await fleet.enrolled("press-2", group="hall-3")
    yield fleet
    works.ledger.close()


def teams_of(fleet: FleetWorks) -> Teams:
    return Teams(fleet.works.tools, load_catalogue(), partial(read_known, fleet.works.ledger))


async def said(fleet: FleetWorks, text: str, language: str = "en") -> str:
    teams = teams_of(fleet)
    plan = await teams.plan("deployment", text, language, ANN)
    return (await teams.run("deployment", plan, text, language, ANN, lambda _: None)).text


async def test_a_question_is_put_to_the_device_that_is_named_and_to_no_other(fleet: FleetWorks) -> None:
    assert "No answer yet" in await said(fleet, "ask press-1 why is it hot?")
    (asked,) = (await fleet.call("device_answers")).questions
    assert (asked.device, asked.text) == ("press-1", "why is it hot?")
    assert "why is it hot?" in await said(fleet, "what did press-1 answer?")
    assert "Which device" in await said(fleet, "ask hall-3 why is it hot?")
    assert "press-1, press-2" in await said(fleet, "ask press-3 why is it hot?")
    assert len((await fleet.call("device_answers")).questions) == 1


async def test_devices_are_listed_moved_and_revoked(fleet: FleetWorks) -> None:
    assert "| press-2 | hall-3 |" in await said(fleet, "list the devices")
    assert "| press-2 | hall-4 |" in await said(fleet, "move press-2 to new group hall-4")
    assert "| hall-4 | 1 |" in await said(fleet, "how is the fleet?")
    assert "已吊销" in await said(fleet, "撤销设备 press-2，因为被盗", "zh")
    assert "**Refused**" in await said(fleet, "ask press-2 why it is hot")


def test_whose_it_is(fleet: FleetWorks) -> None:
    teams = teams_of(fleet)

    def find(text: str) -> str | None:
        order = teams.plan_order(text, ANN, changes_only=True)
        return order.team if order else None

    assert find("ask press-1 why is it hot?") == "deployment"
    assert find("which devices are late?") == "deployment"
    assert find("what did press-1 record?") == "deployment"
    assert find("list the devices") == "deployment"
    assert find("why is the SE30 hot?") is None
    assert find("what devices does the SE50 support?") is None
    assert find("should we revoke device press-1?") is None


def test_a_question_with_a_reason_is_no_order(fleet: FleetWorks) -> None:
    may_be = partial(teams_of(fleet).may_be_order, changes_only=True)
    assert not may_be("When does the SE30 shut down because of heat?")
    assert not may_be("为什么服务器重启，因为过热吗？")
    assert may_be("Roll back the rollout because why should we wait?")
    assert may_be("Move press-2 to hall-4 because of heat.")
