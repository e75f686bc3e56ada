"""The crews' YAML: who is in them, what they may call, how they work together."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from agents.teams.configuration import PROPOSE, CrewConfiguration, crew_configuration
from agents.teams.crew import CREWS
from memory.store import KnowledgeStore
from tests.fakes.dependencies import components_on


@pytest.mark.parametrize("team", sorted(CREWS))
def test_each_crew_has_two_to_four_agents_who_all_have_something_to_do(team: str) -> None:
    crew = crew_configuration(team)
    assert 2 <= len(crew.agents) <= 4
    busy = {task.agent for task in crew.tasks.values()} | {process.manager for process in crew.processes.values()}
    assert crew.agents.keys() <= busy
    assert {name for process in crew.processes.values() for name in (*process.tasks, process.last) if name} == set(
        crew.tasks
    )


@pytest.mark.parametrize("team", sorted(CREWS))
def test_the_tools_of_an_agent_only_read_or_propose(team: str, sample_store: KnowledgeStore) -> None:
    tools = components_on(sample_store).tools
    named = {name for agent in crew_configuration(team).agents.values() for name in agent.tools}
    assert PROPOSE in named
    assert {tools[name].effect for name in named - {PROPOSE}} == {"read"}
    after = {name for process in crew_configuration(team).processes.values() for name in process.after}
    assert after <= tools.keys()


@pytest.mark.parametrize("team", sorted(CREWS))
def test_descriptions_have_only_the_places_that_are_filled(team: str) -> None:
    for task in crew_configuration(team).tasks.values():
        assert set(re.findall(r"\{(\w*)\}", task.description)) <= {"question", "before"}


def test_every_way_to_work_together_is_shown_by_some_team() -> None:
    processes = [process for team in CREWS for process in crew_configuration(team).processes.values()]
    assert {process.kind for process in processes} == {
        "sequential",
        "hierarchical",
        "peer_review",
        "vote",
        "load_shared",
    }
    assert any(agent.delegates for team in CREWS for agent in crew_configuration(team).agents.values())
    assert any(task.stand_in for team in CREWS for task in crew_configuration(team).tasks.values())


def test_the_process_is_the_one_about_what_was_looked_up() -> None:
    governance = crew_configuration("governance")
    assert governance.process_for(["licence_lookup"]).kind == "vote"
    assert governance.process_for(["audit_list"]).kind == governance.process_for([]).kind == "sequential"


AGENT = {"role": "A", "goal": "b", "backstory": "c"}
CREW = {
    "agents": {"a": AGENT, "b": AGENT},
    "tasks": {"t": {"agent": "a", "description": "d"}},
    "processes": {"p": {"kind": "sequential", "tasks": ["t"]}},
}


@pytest.mark.parametrize(
    ("part", "value", "why"),
    [
        ("agents", {"a": AGENT}, "at least 2"),
        ("agents", dict.fromkeys("abcde", AGENT), "at most 4"),
        ("tasks", {"t": {"agent": "z", "description": "d"}}, "nothing is called z"),
        ("processes", {"p": {"kind": "sequential", "tasks": ["u"]}}, "nothing is called u"),
        ("processes", {"p": {"kind": "vote", "tasks": ["t"], "last": "t"}}, "vote is of 3 tasks"),
        ("processes", {"p": {"kind": "load_shared", "tasks": ["t"]}}, "needs a last task"),
        ("processes", {"p": {"kind": "hierarchical", "tasks": ["t"]}}, "needs a manager"),
        ("processes", {"p": {"kind": "peer_review", "tasks": ["t"]}}, "peer_review is of 2 tasks"),
        ("processes", {"p": {"kind": "debate", "tasks": ["t"]}}, "sequential"),
    ],
)
def test_a_crew_that_cannot_work_is_refused(part: str, value: Any, why: str) -> None:
    CrewConfiguration.model_validate(CREW)
    with pytest.raises(ValidationError, match=why):
        CrewConfiguration.model_validate({**CREW, part: value})
