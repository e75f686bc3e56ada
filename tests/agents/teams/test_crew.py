"""The crews of the teams, run by CrewAI on a scripted OpenAI-compatible server: how their agents work together."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agents.teams.configuration import PROPOSE
from agents.teams.crew import CrewLimits, Deliberation, Inquiry, deliberate
from agents.teams.evidence import Evidence
from edge.kernel.errors import DependencyError, InvalidInput, ModelMisbehaved, OutOfTime
from memory.store import KnowledgeStore
from tests.fakes.crew_servers import DOWN, SLOW, CrewServer, acts, crew_models, finds, serve_crew
from tests.fakes.dependencies import components_on
from tools.governance.licence_tools import licence_tools
from tools.registry.catalogue import load_catalogue
from tools.spec import LOCAL_ENGINEER, ToolSpec

LICENCE = {spec.name: spec for spec in licence_tools(load_catalogue())}
PLAIN = finds("Somebody has to look at it.")


async def call_as_engineer(spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
    return await spec.call(LOCAL_ENGINEER, arguments)


async def licences(*models: str) -> Evidence:
    """What the turn has looked up."""
    evidence = Evidence()
    for model in models:
        arguments = {"model": model}
        evidence.add("licence_lookup", arguments, await LICENCE["licence_lookup"].call(LOCAL_ENGINEER, arguments))
    return evidence


async def ask(
    server: CrewServer,
    team: str,
    evidence: Evidence,
    *,
    question: str = "May we ship it?",
    models: tuple[str, ...] = ("one-3b",),
    tools: Mapping[str, ToolSpec] = LICENCE,
    **options: Any,
) -> Deliberation:
    async with crew_models(server, *models) as resolved:
        inquiry = Inquiry(team, question, evidence, "en", tools, call_as_engineer)
        return await deliberate(resolved, inquiry, **options)


NO = ("no", "E1.licence.commercial_use")
CONDITIONAL = ("conditional", "E1.licence.redistribution")


@pytest.mark.integration
async def test_a_licence_question_is_put_to_the_vote_and_two_of_three_decide() -> None:
    answers = {
        "Licence counsel": [finds("{E1.name} is under the {E1.licence.name}.", verdict=NO)],
        "Auditor": [finds("Commercial use is forbidden.", verdict=NO)],
        "Policy officer": [finds("Legal has signed off.", verdict=CONDITIONAL)],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "governance", await licences("qwen2.5-3b"))
    assert found.answer == "no"
    assert found.finding.startswith("### The governance crew's reading\n\nVerdict: **no** (commercial use,")
    assert "Votes: no 2, yes, under conditions 1." in found.finding
    assert "Qwen2.5-3B-Instruct is under the Qwen RESEARCH LICENSE AGREEMENT." in found.finding
    assert "Legal" not in found.finding
    assert sorted(server.roles()) == ["Auditor", "Licence counsel", "Policy officer"]


@pytest.mark.integration
async def test_a_vote_without_majority_is_settled_by_the_chair() -> None:
    answers = {
        "Licence counsel": [finds("It decides.", verdict=NO)],
        "Auditor": [finds("It decides.", verdict=CONDITIONAL)],
        "Policy officer": [finds("No field answers it.", verdict=("yes", "E1.licence.commercial_use"))],
        "Chair": [finds("The terms of the {E1.licence.name} decide.", verdict=NO)],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "governance", await licences("qwen2.5-3b"))
    assert found.answer == "no"
    assert "Votes: no 1, yes, under conditions 1. No majority: Chair settled it." in found.finding
    (chair,) = [one for one in server.asked if one.role == "Chair"]
    assert "vote 1:" in chair.text
    assert "vote 3:" in chair.text


@pytest.mark.integration
async def test_a_rollout_plan_is_reviewed_by_a_peer_and_mended(sample_store: KnowledgeStore) -> None:
    evidence = Evidence()
    evidence.add("rollout_status", {}, Stated(id="ro-1", state="paused", version="phi@2", reason="too few requests"))
    review = '{{"accepted": {}, "objections": ["It leaves out why."]}}'
    answers = {
        "Release engineer": [finds("{E1.id} is paused."), finds("{E1.id} is paused, because of too few requests.")],
        "Reliability reviewer": [f"Thought: ok\nFinal Answer: {review.format(word)}" for word in ("false", "true")],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "deployment", evidence)
    assert "ro-1 is paused, because of too few requests." in found.finding
    assert "Reviewed by Reliability reviewer: accepted." in found.finding
    assert server.roles() == ["Release engineer", "Reliability reviewer"] * 2
    assert "Reliability reviewer objects:\n- It leaves out why." in server.asked[2].text


@pytest.mark.integration
async def test_a_review_that_never_accepts_is_told() -> None:
    evidence = Evidence()
    evidence.add("rollout_status", {}, Stated(id="ro-1", state="paused", version="phi@2", reason=""))
    answers = {
        "Release engineer": [finds("{E1.id} is paused.")],
        "Reliability reviewer": ['Thought: no\nFinal Answer: {"accepted": false, "objections": []}'],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "deployment", evidence)
    assert "Reviewed by Reliability reviewer: objections remain." in found.finding


@pytest.mark.integration
async def test_a_comparison_is_shared_over_two_models_at_the_same_time() -> None:
    evidence = Evidence()
    evidence.add(
        "evaluation_list", {}, Measured(subject="phi@2", dataset="faq", samples=400, metrics={"accuracy": 0.8})
    )
    answers = {
        "Benchmark engineer": [finds("It was measured on {E1.dataset}.")],
        "Statistician": [finds("There are {E1.samples} samples.")],
        "Reporter": [finds("{E1.subject} has an accuracy of {E1.metrics.accuracy}.", facts=["E1.samples"])],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "evaluation", evidence, models=("left-3b", "right-3b"))
    apart = server.models_of("Benchmark engineer") | server.models_of("Statistician")
    assert apart == {"left-3b", "right-3b"}
    assert "- samples, phi@2: **400**" in found.finding
    assert "phi@2 has an accuracy of 0.8." in found.finding
    assert "Statistician" in server.roles()
    assert "statistician: {" in server.asked[-1].text


@pytest.mark.integration
async def test_a_lead_hands_a_question_about_the_fleet_to_the_one_who_knows() -> None:
    evidence = Evidence()
    evidence.add("device_health", {}, Stated(id="lyon", state="late", version="phi@2", reason=""))
    delegated = acts("delegate_work_to_coworker", task="How is it?", context="lyon", coworker="Fleet engineer")
    answers = {
        "Operations lead": [delegated, finds("{E1.id} is served by {E1.version}.", "The devices of {E1.id} are late.")],
        "Fleet engineer": ["Thought: ok\nFinal Answer: They are late."],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "deployment", evidence)
    assert server.roles() == ["Operations lead", "Fleet engineer", "Operations lead"]
    assert "They are late." in server.asked[-1].text
    assert found.finding.endswith("The devices of lyon are late.")
    assert found.dropped == 1


@pytest.mark.integration
async def test_an_agent_delegates_to_a_colleague() -> None:
    delegated = acts("delegate_work_to_coworker", task="Who decides?", context="ap-1", coworker="Auditor")
    answers = {
        "Licence counsel": [delegated, finds("A colleague knows.")],
        "Auditor": ["Thought: ok\nFinal Answer: bob does.", PLAIN],
    }
    with serve_crew(answers) as server:
        await ask(server, "governance", Evidence())
    assert server.roles() == ["Licence counsel", "Auditor", "Licence counsel", "Auditor"]
    assert "bob does." in server.asked[2].text


@pytest.mark.integration
async def test_a_failed_agent_is_replaced_by_another_on_the_other_model() -> None:
    answers = {
        "Licence counsel": [DOWN],
        "Auditor on right-3b": [finds("Commercial use is forbidden.", verdict=NO)],
        "Auditor": [DOWN],
    }
    with serve_crew(answers) as server:
        found = await ask(
            server,
            "governance",
            await licences("qwen2.5-3b"),
            process="deliberation",
            models=("left-3b", "right-3b"),
        )
    assert found.answer == "no"
    (remark,) = found.remarks
    assert remark.startswith("Licence counsel failed (")
    assert remark.endswith("; Auditor took over.")


@pytest.mark.integration
async def test_an_agent_that_says_nothing_usable_is_replaced() -> None:
    answers = {
        "Release engineer": ['Thought: ok\nFinal Answer: {"nonsense": 1}'],
        "Reliability reviewer": [PLAIN],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "deployment", Evidence())
    assert found.remarks == (
        "Release engineer failed (Release engineer gave no finding); Reliability reviewer took over.",
    )


@pytest.mark.integration
async def test_a_model_that_fails_is_told_in_the_tree_s_terms() -> None:
    with serve_crew({"Auditor": [DOWN], "Licence counsel": [DOWN]}) as server, pytest.raises(DependencyError):
        await ask(server, "governance", Evidence())


@pytest.mark.integration
async def test_what_an_agent_looks_up_over_several_steps_is_evidence() -> None:
    answers = {
        "Licence counsel": [
            acts("licence_lookup", model="nonsense-9b"),
            acts("licence_lookup", model="phi-4-mini"),
            acts("licence_lookup", model="qwen2.5-3b"),
            PLAIN,
        ],
        "Auditor": [
            finds(
                "{E1.name} may be used commercially, {E2.name} may not be.",
                verdict=("yes", "E1.licence.commercial_use"),
            )
        ],
    }
    with serve_crew(answers) as server:
        found = await ask(server, "governance", Evidence())
    assert [getattr(one, "model", "") for one in found.looked_up] == ["phi-4-mini", "qwen2.5-3b"]
    assert "E2 = licence_lookup" in server.asked[3].text
    assert found.answer == "yes"
    assert found.finding.endswith("Phi-4-mini-instruct may be used commercially, Qwen2.5-3B-Instruct may not be.")


@pytest.mark.integration
async def test_a_change_is_only_proposed(sample_store: KnowledgeStore) -> None:
    tools = components_on(sample_store).tools
    answers = {
        "Release engineer": [
            acts("rollout_abort", rollout="ro-1"),
            acts(PROPOSE, tool="rollout_abort", arguments={"speed": 1}),
            acts(PROPOSE, tool="rollout_abort", arguments={"rollout": "ro-1", "reason": "alarm"}, why="It is late."),
            PLAIN,
        ],
        "Reliability reviewer": [PLAIN],
    }
    called: list[str] = []

    async def call(spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        called.append(spec.name)
        return await spec.call(LOCAL_ENGINEER, arguments)

    with serve_crew(answers) as server:
        async with crew_models(server) as models:
            found = await deliberate(models, Inquiry("deployment", "abort it", Evidence(), "en", tools, call))
    assert [(one.tool, one.arguments) for one in found.proposals] == [
        ("rollout_abort", {"rollout": "ro-1", "reason": "alarm"})
    ]
    assert called == [PROPOSE, PROPOSE]
    assert found.looked_up == ()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (CrewLimits(steps=3), "3 steps"),
        (CrewLimits(tokens=500), "500 tokens"),
        (CrewLimits(look_ups=2), "2 look-ups"),
    ],
)
async def test_a_crew_that_comes_to_no_end_is_stopped(limits: CrewLimits, why: str) -> None:
    endless = [acts("licence_lookup", model=name) for name in ("phi-4-mini", "qwen2.5-3b", "gemma-3-1b")]
    answers = {"Licence counsel": endless, "Auditor": [PLAIN]}
    with serve_crew(answers) as server, pytest.raises(ModelMisbehaved, match=why):
        await ask(server, "governance", Evidence(), limits=limits)
    assert len(server.asked) <= 4


@pytest.mark.integration
async def test_a_crew_that_takes_too_long_is_stopped() -> None:
    with serve_crew({"Licence counsel": [SLOW]}) as server, pytest.raises(OutOfTime, match="longer than 1 s"):
        await ask(server, "governance", Evidence(), limits=CrewLimits(wall_s=1.0))


@pytest.mark.integration
async def test_cancelling_the_turn_stops_the_crew() -> None:
    looks = asyncio.Event()

    async def call(spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        looks.set()
        await asyncio.sleep(60)
        raise AssertionError

    with serve_crew({"Licence counsel": [acts("licence_lookup", model="phi-4-mini")]}) as server:
        async with crew_models(server) as models:
            turn = asyncio.create_task(deliberate(models, Inquiry("governance", "?", Evidence(), "en", LICENCE, call)))
            await asyncio.wait_for(looks.wait(), 60)
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(turn, 5)
            await asyncio.sleep(1.5)
            assert len(server.asked) == 1


@pytest.mark.integration
async def test_crews_at_the_same_time_do_not_mix() -> None:
    async def one(model: str, servers: CrewServer) -> Deliberation:
        return await ask(servers, "governance", await licences(model), process="deliberation")

    with serve_crew(
        {"Licence counsel": [PLAIN], "Auditor": [finds("{E1.name} is under the {E1.licence.name}.")]}
    ) as server:
        found = await asyncio.gather(*(one(model, server) for model in ("phi-4-mini", "qwen2.5-3b")))
    assert "Phi-4-mini-instruct is under the MIT License." in found[0].finding
    assert "Qwen2.5-3B-Instruct is under the Qwen RESEARCH" in found[1].finding


async def test_an_unknown_process_and_no_model_are_refused() -> None:
    inquiry = Inquiry("governance", "?", Evidence(), "en")
    with pytest.raises(InvalidInput, match="no process debate"):
        await deliberate([], inquiry, process="debate")
    with pytest.raises(InvalidInput, match="needs a model"):
        await deliberate([], inquiry)


class Stated(BaseModel):
    """A thing with a state."""

    id: str
    state: str
    version: str
    reason: str


class Measured(BaseModel):
    """An evaluation."""

    subject: str
    dataset: str
    samples: int
    metrics: dict[str, float]


@pytest.mark.integration
def test_crewai_prints_nothing_asks_nothing_and_calls_nobody(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from server.process import silence_third_parties

        silence_third_parties()
        calls = []
        names = ("socket.connect", "socket.getaddrinfo")
        sys.addaudithook(lambda event, args: calls.append(args) if event in names else None)
        from agents.teams.crew import Inquiry, deliberate
        from agents.teams.evidence import Evidence
        from tests.fakes.chat_models import ScriptedChat, scripted_model

        model = scripted_model(ScriptedChat(pieces=["Thought: ok.\\nFinal Answer: Somebody has to look at it."]))
        for team in ("deployment", "governance"):
            found = asyncio.run(deliberate([model], Inquiry(team, "how is it?", Evidence(), "en")))
            assert found.finding.endswith("Somebody has to look at it."), found
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
