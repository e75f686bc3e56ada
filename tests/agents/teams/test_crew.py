"""The crews of the teams, run by CrewAI on a scripted model."""

import pytest

from agents.teams.crew import CREWS, crew_configuration, deliberate
from agents.teams.verifying import keep_supported
from edge.kernel.errors import Unavailable
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
async def test_the_crew_reads_the_evidence_and_its_last_task_is_the_finding() -> None:
    chat = ScriptedChat(pieces=["Thought: I can answer.\nFinal Answer: phi@2 gets 10 %."])
    said = await deliberate(scripted_model(chat), "deployment", "how is it?", EVIDENCE, "en")
    assert said.strip() == "phi@2 gets 10 %."
    assert len(chat.said) == len(crew_configuration("deployment")[1])


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
