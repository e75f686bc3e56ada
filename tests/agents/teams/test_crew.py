"""The crews of the teams, run by CrewAI on a scripted model."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agents.teams.crew import CREWS, Deliberation, crew_configuration, deliberate
from agents.teams.verification import keep_supported
from edge.kernel.errors import Unavailable
from memory.store import KnowledgeStore
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.crews import LOOK_UP, in_turn
from tests.fakes.dependencies import components_on
from tools.governance.licence_tools import LicenceFinding, licence_tools
from tools.registry.catalogue import load_catalogue
from tools.spec import LOCAL_ENGINEER, ToolSpec

CATALOGUE = load_catalogue()

EVIDENCE = (
    "**Rollout ro-1** of support-chat from phi@1 to phi@2 (canary).\n\n- State: **paused**: inconclusive\n"
    "- Serves: phi@1 90 %, phi@2 10 %"
)


@pytest.mark.parametrize("team", sorted(CREWS))
def test_each_crew_has_two_to_four_agents_and_every_task_one_of_them(team: str) -> None:
    agents, tasks = crew_configuration(team)
    assert 2 <= len(agents) <= 4
    assert {task["agent"] for task in tasks.values()} == set(agents)
    assert all(set(agent) == {"role", "goal", "backstory", "tools"} for agent in agents.values())


@pytest.mark.parametrize("team", sorted(CREWS))
def test_the_tools_of_an_agent_only_read(team: str, sample_store: KnowledgeStore) -> None:
    tools = components_on(sample_store).tools
    agents, _ = crew_configuration(team)
    assert {tools[name].effect for agent in agents.values() for name in agent["tools"]} == {"read"}


@pytest.mark.integration
async def test_the_crew_reads_the_evidence_and_its_last_task_is_the_finding_once_verified() -> None:
    chat = ScriptedChat(pieces=["Thought: I can answer.\nFinal Answer: The rollout is paused. It serves 25 %."])
    found = await deliberate(scripted_model(chat), "deployment", "how is it?", EVIDENCE, "en")
    assert found == Deliberation("The rollout is paused.", 1)
    assert len(chat.said) == len(crew_configuration("deployment")[1])


async def call_as_engineer(spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
    return await spec.call(LOCAL_ENGINEER, arguments)


@pytest.mark.integration
async def test_what_an_agent_looks_up_is_evidence_too() -> None:
    chat = in_turn(LOOK_UP, "Thought: I know.\nFinal Answer: Commercial use: yes. It is retired.")
    found = await deliberate(
        scripted_model(chat), "governance", "may we?", "Nothing.", "en", licence_tools(CATALOGUE), call_as_engineer
    )
    (licence,) = found.looked_up
    assert isinstance(licence, LicenceFinding)
    assert (licence.name, found.finding, found.dropped) == ("Phi-4-mini-instruct", "Commercial use: yes.", 1)


@pytest.mark.integration
async def test_an_agent_corrects_what_it_called_wrongly() -> None:
    wrong = LOOK_UP.replace("phi-4-mini", "nonsense-9b")
    chat = in_turn(wrong, LOOK_UP, "Thought: I know.\nFinal Answer: Commercial use: yes.")
    found = await deliberate(
        scripted_model(chat), "governance", "may we?", "Nothing.", "en", licence_tools(CATALOGUE), call_as_engineer
    )
    assert len(found.looked_up) == 1
    assert found.finding == "Commercial use: yes."


@pytest.mark.integration
async def test_an_agent_has_no_tool_that_changes_something() -> None:
    writes = [replace(spec, effect="write") for spec in licence_tools(CATALOGUE)]
    chat = in_turn(LOOK_UP, "Thought: I know.\nFinal Answer: Nothing.")
    found = await deliberate(scripted_model(chat), "governance", "may we?", "None.", "en", writes, call_as_engineer)
    assert found.looked_up == ()


@pytest.mark.integration
async def test_crews_at_the_same_time_do_not_mix() -> None:
    states = ("paused", "promoted", "aborted")
    models = [scripted_model(ScriptedChat(pieces=[f"Thought: ok.\nFinal Answer: It is {state}."])) for state in states]
    found = await asyncio.gather(
        *(
            deliberate(model, "deployment", "how is it?", f"- State: **{state}**", "en")
            for model, state in zip(models, states, strict=True)
        )
    )
    assert [one.finding for one in found] == [f"It is {state}." for state in states]


@pytest.mark.integration
def test_crewai_prints_nothing_asks_nothing_and_calls_nobody(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from server.process import silence_third_parties

        silence_third_parties()
        calls = []
        sys.addaudithook(lambda event, args: calls.append(args) if event in ("socket.connect", "socket.getaddrinfo") else None)
        from agents.teams.crew import deliberate
        from tests.fakes.chat_models import ScriptedChat, scripted_model

        model = scripted_model(ScriptedChat(pieces=["Thought: ok.\\nFinal Answer: It is paused."]))
        for _ in range(2):
            found = asyncio.run(deliberate(model, "deployment", "how is it?", "State: paused", "en"))
            assert found.finding == "It is paused.", found
        assert not calls, calls
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
    assert done.stderr == ""


@pytest.mark.integration
async def test_a_model_that_fails_is_told_in_the_tree_s_terms() -> None:
    chat = ScriptedChat(pieces=["x"], fail_after=0, failure=Unavailable("It is gone."))
    with pytest.raises(Unavailable, match="gone"):
        await deliberate(scripted_model(chat), "governance", "may we?", EVIDENCE, "en")


@pytest.mark.parametrize(
    ("said", "kept", "dropped"),
    [
        (
            "The rollout is paused. It serves phi@1 90 %, phi@2 10 %.",
            "The rollout is paused. It serves phi@1 90 %, phi@2 10 %.",
            0,
        ),
        ("The rollout is paused. It serves 25 %.", "The rollout is paused.", 1),
        ("The rollout is paused. It serves phi@1 10 %.", "The rollout is paused.", 1),
        ("The gate passed.", "", 1),
        ("The next is phi@3.", "", 1),
        ("ro-2 is paused.", "", 1),
        ("**Paused.** Paused. \n- Somebody should look at it.", "Paused. Somebody should look at it.", 0),
        ("", "", 0),
    ],
)
def test_only_what_the_evidence_carries_stays(said: str, kept: str, dropped: int) -> None:
    assert keep_supported(said, EVIDENCE) == (kept, dropped)
