"""The crews of the teams, run by CrewAI on a scripted model."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from agents.teams.crew import CREWS, Deliberation, crew_configuration, deliberate
from agents.teams.verification import keep_supported
from memory.errors import Unavailable
from tests.fakes.chat_models import ScriptedChat, scripted_model

EVIDENCE = (
    "**Rollout ro-1** of support-chat from phi@1 to phi@2 (canary).\n\n- State: **paused**: inconclusive\n"
    "- Serves: phi@1 90 %, phi@2 10 %"
)


@pytest.mark.parametrize("team", sorted(CREWS))
def test_each_crew_has_two_to_four_agents_and_every_task_one_of_them(team: str) -> None:
    agents, tasks = crew_configuration(team)
    assert 2 <= len(agents) <= 4
    assert {task["agent"] for task in tasks.values()} == set(agents)
    assert all(set(agent) == {"role", "goal", "backstory"} for agent in agents.values())


@pytest.mark.integration
async def test_the_crew_reads_the_evidence_and_its_last_task_is_the_finding_once_verified() -> None:
    chat = ScriptedChat(pieces=["Thought: I can answer.\nFinal Answer: The rollout is paused. It serves 25 %."])
    found = await deliberate(scripted_model(chat), "deployment", "how is it?", EVIDENCE, "en")
    assert found == Deliberation("The rollout is paused.", 1)
    assert len(chat.said) == len(crew_configuration("deployment")[1])


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
        from memory.telemetry import silence_third_parties

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
