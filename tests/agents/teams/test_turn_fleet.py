"""Calls of the fleet, over a real ledger: to the deployment team, and told well."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents.teams.turn import Teams
from agents.understanding.examples import load_talk
from agents.understanding.interpretation import PlannedCall
from edge.kernel.language import Language
from tests.fakes.fleet_devices import FleetWorks, open_fleet
from tests.fakes.team_turns import take_team_turn
from tests.fakes.works import ANN, open_works

pytestmark = pytest.mark.integration


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[FleetWorks]:
    works = open_works(tmp_path)
    fleet = open_fleet(works, tmp_path / "fleet")
    await fleet.enrolled("press-1", group="hall-3")
    await fleet.enrolled("press-2", group="hall-3")
    yield fleet
    works.ledger.close()


async def done(fleet: FleetWorks, tool: str, language: Language = "en", **arguments: Any) -> str:
    teams = Teams(fleet.works.tools, load_talk(fleet.works.tools))
    calls = [PlannedCall(tool, arguments)]
    return (await take_team_turn(teams, "deployment", calls, "", language, ANN, lambda _: None)).text


async def test_a_question_is_put_to_the_device_that_is_named_and_to_no_other(fleet: FleetWorks) -> None:
    assert "No answer yet" in await done(fleet, "device_ask", device="press-1", text="why is it hot?")
    (asked,) = (await fleet.call("device_answers")).questions
    assert (asked.device, asked.text) == ("press-1", "why is it hot?")
    assert "why is it hot?" in await done(fleet, "device_answers", device="press-1")
    assert "press-1" in await done(fleet, "device_ask", device="press-3", text="why is it hot?")
    assert len((await fleet.call("device_answers")).questions) == 1


async def test_devices_are_listed_moved_and_revoked(fleet: FleetWorks) -> None:
    assert "| press-2 | hall-3 |" in await done(fleet, "device_list")
    assert "| press-2 | hall-4 |" in await done(fleet, "device_move", device="press-2", group="hall-4")
    assert "| hall-4 | 1 |" in await done(fleet, "device_health")
    assert "已吊销" in await done(fleet, "device_revoke", "zh", device="press-2", reason="被盗")
    assert "**Refused**" in await done(fleet, "device_ask", device="press-2", text="why it is hot")
