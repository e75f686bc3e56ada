"""A turn whose crew thinks: what it looks up is streamed and in the audit log, what it proposes is left to a person."""

from dataclasses import replace

import pytest

from agents.events import Notice, ToolFinished, ToolStarted, TurnEvent
from agents.teams.configuration import PROPOSE
from agents.teams.outcomes import TeamFinding
from agents.teams.turn import Teams
from agents.understanding.examples import load_talk
from agents.understanding.interpretation import PlannedCall
from memory.store import KnowledgeStore
from tests.fakes.crew_servers import DOWN, CrewServer, acts, crew_models, finds, serve_crew
from tests.fakes.dependencies import components_on
from tests.fakes.team_turns import take_team_turn
from tools.spec import LOCAL_ENGINEER, ToolContext

pytestmark = pytest.mark.integration

VOTERS = ("Licence counsel", "Auditor", "Policy officer")
LOOKED_AT = (PlannedCall("licence_lookup", {"model": "qwen2.5-3b"}),)


async def take_turn(
    store: KnowledgeStore, server: CrewServer, context: ToolContext = LOCAL_ENGINEER, *models: str
) -> tuple[TeamFinding, list[TurnEvent]]:
    events = list[TurnEvent]()
    async with crew_models(server, *models) as resolved:
        tools = components_on(store).tools
        teams = Teams(tools, load_talk(tools), resolved[0], tuple(resolved[1:]))
        return await take_team_turn(
            teams, "governance", LOOKED_AT, "May we ship it?", "en", context, events.append
        ), events


def voting(**said: list[str]) -> dict[str, list[str]]:
    no = [finds("Commercial use is forbidden.", verdict=("no", "E1.licence.commercial_use"))]
    return {role: said.get(role.split()[0].lower(), no) for role in VOTERS}


async def test_what_the_crew_looks_up_is_streamed_shown_and_in_the_audit_log(sample_store: KnowledgeStore) -> None:
    no = finds("Commercial use is forbidden.", verdict=("no", "E1.licence.commercial_use"))
    with serve_crew(voting(policy=[acts("policies_list"), no])) as server:
        finding, events = await take_turn(sample_store, server)
    called = [event.name for event in events if isinstance(event, ToolStarted)]
    assert called == ["licence_lookup", "policies_list"]
    assert sum(isinstance(event, ToolFinished) for event in events) == 2
    assert finding.text.startswith("### The governance crew's reading\n\nVerdict: **no**")
    assert "Commercial use: no" in finding.text
    audit = await components_on(sample_store).tools["audit_list"].call(LOCAL_ENGINEER, {})
    (entry, *_) = [one for one in audit.model_dump()["entries"] if one["tool"] == "policies_list"]
    assert (entry["principal"], entry["effect"], entry["outcome"]) == (LOCAL_ENGINEER.principal, "read", "done")
    assert entry["detail"] == "by the governance crew"


async def test_what_the_crew_proposes_is_not_done_and_waits_for_a_yes(sample_store: KnowledgeStore) -> None:
    arguments = {"model": "shop-bot", "reason": "licence"}
    propose = acts(PROPOSE, tool="retire_model", arguments=arguments)
    no = finds("Commercial use is forbidden.", verdict=("no", "E1.licence.commercial_use"))
    with serve_crew(voting(auditor=[propose, no])) as server:
        finding, events = await take_turn(sample_store, server)
    assert [(one.tool, one.arguments) for one in finding.proposed] == [("retire_model", arguments)]
    assert "Nothing is done yet" in finding.text
    proposed = [event.arguments for event in events if isinstance(event, ToolStarted) and event.name == PROPOSE]
    assert proposed == [{"tool": "retire_model", "arguments": arguments}]
    audit = await components_on(sample_store).tools["audit_list"].call(LOCAL_ENGINEER, {})
    entries = [one for one in audit.model_dump()["entries"] if one["tool"] in {PROPOSE, "retire_model"}]
    assert [(one["tool"], one["effect"], one["outcome"]) for one in entries] == [(PROPOSE, "read", "done")]


async def test_a_crew_has_no_more_rights_than_the_caller(sample_store: KnowledgeStore) -> None:
    no = finds("Commercial use is forbidden.", verdict=("no", "E1.licence.commercial_use"))
    propose = acts(PROPOSE, tool="retire_model", arguments={"model": "shop-bot", "reason": "licence"})
    reader = replace(LOCAL_ENGINEER, principal="reader", scopes=frozenset({"licences:read"}))
    with serve_crew(
        voting(auditor=[acts("approvals_list"), propose, no], policy=[acts("policies_list"), no])
    ) as server:
        finding, events = await take_turn(sample_store, server, reader)
    assert [event.name for event in events if isinstance(event, ToolStarted)] == ["licence_lookup"]
    assert (finding.pending, finding.proposed) == ((), ())


async def test_who_took_over_is_told_and_a_crew_that_fails_leaves_the_evidence(sample_store: KnowledgeStore) -> None:
    no = [finds("Commercial use is forbidden.", verdict=("no", "E1.licence.commercial_use"))]
    with serve_crew({**voting(licence=[DOWN]), "Chair": no}) as server:
        finding, events = await take_turn(sample_store, server, LOCAL_ENGINEER, "left-3b", "right-3b")
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "Licence counsel failed" in notice.message
    assert "Chair took over" in notice.message
    assert finding.text.startswith("### The governance crew's reading")
    with serve_crew({role: [DOWN] for role in (*VOTERS, "Chair")}) as server:
        finding, events = await take_turn(sample_store, server)
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert notice.topic == "model_failed"
    assert finding.text.startswith("No: research only.")
