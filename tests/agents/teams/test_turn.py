"""Turns of the teams with real tools; without a capable model CrewAI is not imported."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.events import ToolFinished, ToolStarted, TurnEvent
from agents.teams.turn import TeamFinding, Teams
from edge.kernel.errors import NotAllowed, Unavailable
from evals.evaluations import evaluation_tools
from memory.home import Home
from memory.ledger import Ledger, open_ledger
from tests.fakes.serving import ScriptedServing
from tools.governance.licence_tools import licence_tools
from tools.registry.catalogue import load_catalogue
from tools.registry.roster import RuntimeReport, ServedModel, roster_tools
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec

pytestmark = pytest.mark.integration

CATALOGUE = load_catalogue()
SERVING = ScriptedServing([RuntimeReport("ollama", (ServedModel("ollama:phi4-mini", None),), "")])


@pytest.fixture
def ledger(home: Home):
    ledger = open_ledger(home.ledger)
    yield ledger
    ledger.close()


@pytest.fixture
def tools(ledger: Ledger) -> dict[str, ToolSpec]:
    specs = [
        *licence_tools(CATALOGUE),
        *roster_tools(CATALOGUE, SERVING, "ollama:phi4-mini"),
        *evaluation_tools(ledger),
    ]
    return {spec.name: spec for spec in specs}


def where(tools: dict[str, ToolSpec], name: str, run: Callable[..., Any]) -> dict[str, ToolSpec]:
    return {**tools, name: replace(tools[name], run=run)}


async def turn(
    tools: dict[str, ToolSpec], team: Any, text: str, context: ToolContext = LOCAL_ENGINEER, **options: Any
) -> tuple[TeamFinding, list[TurnEvent]]:
    events, teams, language = list[TurnEvent](), Teams(tools, CATALOGUE), options.pop("language", "en")
    plan = await teams.plan(team, text, language, context, **options)
    return await teams.run(team, plan, text, language, context, events.append), events


async def test_plan_act_report(tools: dict[str, ToolSpec]) -> None:
    finding, events = await turn(tools, "governance", "May we ship qwen2.5-3b?")
    started, finished = events
    assert isinstance(started, ToolStarted)
    assert isinstance(finished, ToolFinished)
    assert (started.name, started.arguments) == ("licence_lookup", {"model": "qwen2.5-3b"})
    assert finished.call_id == started.call_id
    assert not finished.failed
    assert finished.result["licence"]["commercial_use"] == "no"
    assert "Commercial use: no" in finding.text
    assert (finding.models, finding.ending) == (("qwen2.5-3b",), "done")


async def test_that_a_run_was_not_started_is_said_first(tools: dict[str, ToolSpec]) -> None:
    finding, _ = await turn(tools, "evaluation", "Run an evaluation of phi-4-mini")
    assert finding.text.startswith("I cannot start an evaluation yet")
    assert finding.text.endswith("\n\nNo such evaluation is on record.")
    finding, _ = await turn(tools, "evaluation", "请评测 phi-4-mini", language="zh")
    assert finding.text.startswith("我还不能启动评测")


async def test_each_team_answers_in_the_users_language(tools: dict[str, ToolSpec]) -> None:
    finding, _ = await turn(tools, "deployment", "现在有哪些模型？", language="zh")
    assert finding.text.startswith("现在可以提供服务的模型（1 个）：")
    finding, _ = await turn(tools, "evaluation", "Which evaluations have been done?")
    assert finding.text == "No such evaluation is on record."


async def test_a_question_back_calls_no_tool(tools: dict[str, ToolSpec]) -> None:
    finding, events = await turn(tools, "governance", "May we ship qwen9-3b?")
    assert finding.ending == "asked"
    assert finding.text.startswith("The catalogue has no qwen9-3b. Did you mean qwen3-4b")
    assert events == []


async def test_the_turn_before_is_taken_up(tools: dict[str, ToolSpec]) -> None:
    finding, _ = await turn(tools, "governance", "and may we sell it?", focus=("phi-4-mini",))
    assert finding.text.startswith("Yes: ")
    assert "**Phi-4-mini-instruct**" in finding.text


async def test_what_is_not_done_is_said_first(tools: dict[str, ToolSpec]) -> None:
    finding, _ = await turn(tools, "deployment", "promote phi-4-mini")
    assert finding.text.startswith("I do not take that for an order that I know")


async def test_independent_calls_run_at_the_same_time(tools: dict[str, ToolSpec]) -> None:
    together = asyncio.Barrier(2)
    look_up = tools["licence_lookup"].run

    async def meets(context: ToolContext, model: str) -> Any:
        async with asyncio.timeout(10):
            await together.wait()
        return look_up(context, model)

    finding, events = await turn(
        where(tools, "licence_lookup", meets), "governance", "licences of phi-4-mini and qwen2.5-3b"
    )
    assert [type(event) for event in events] == [ToolStarted, ToolStarted, ToolFinished, ToolFinished]
    assert finding.text.index("Phi-4-mini") < finding.text.index("Qwen2.5-3B")


async def test_a_tool_that_fails_ends_the_turn_and_is_told(tools: dict[str, ToolSpec]) -> None:
    done: list[str] = []
    look_up = tools["licence_lookup"].run

    async def fails_once(context: ToolContext, model: str) -> Any:
        if model == "phi-4-mini":
            raise Unavailable("The registry does not answer.", "Try later.")
        await asyncio.sleep(0.05)
        done.append(model)
        return look_up(context, model)

    events: list[TurnEvent] = []
    teams = Teams(where(tools, "licence_lookup", fails_once), CATALOGUE)
    text = "licences of phi-4-mini and qwen2.5-3b"
    plan = await teams.plan("governance", text, "en", LOCAL_ENGINEER)
    with pytest.raises(Unavailable, match="The registry does not answer"):
        await teams.run("governance", plan, text, "en", LOCAL_ENGINEER, events.append)
    failed = [event for event in events if isinstance(event, ToolFinished) and event.failed]
    assert [event.result for event in failed] == [str(Unavailable("The registry does not answer.", "Try later."))]
    assert done == ["qwen2.5-3b"]
    assert len(events) == 4


async def test_rights_are_those_of_the_caller(tools: dict[str, ToolSpec]) -> None:
    nobody = ToolContext("nobody", "default", frozenset())
    with pytest.raises(NotAllowed, match="nobody may not call licence_lookup"):
        await turn(tools, "governance", "licence of phi-4", nobody)


async def test_turns_at_the_same_time_do_not_mix(tools: dict[str, ToolSpec]) -> None:
    models = ["phi-4-mini", "qwen2.5-3b", "smollm2-135m", "llama-3.2-3b"]
    turns = await asyncio.gather(*(turn(tools, "governance", f"licence of {model}") for model in models))
    assert [finding.models for finding, _ in turns] == [(model,) for model in models]
    assert all(len(events) == 2 for _, events in turns)


async def test_a_turn_can_be_cancelled(tools: dict[str, ToolSpec]) -> None:
    stopped = asyncio.Event()
    begun = asyncio.Event()

    async def waits(context: ToolContext, model: str) -> Any:
        begun.set()
        try:
            await asyncio.sleep(30)
        finally:
            stopped.set()

    task = asyncio.create_task(turn(where(tools, "licence_lookup", waits), "governance", "licence of phi-4"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await stopped.wait()


def test_a_turn_without_a_capable_model_imports_no_crewai_and_calls_nobody(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from server.process import silence_third_parties

        silence_third_parties()
        calls = []
        sys.addaudithook(lambda event, args: calls.append(args) if event in ("socket.connect", "socket.getaddrinfo") else None)
        from agents.teams.turn import Teams
        from tools.registry.catalogue import load_catalogue
        from tools.governance.licence_tools import licence_tools
        from tools.spec import LOCAL_ENGINEER

        catalogue = load_catalogue()
        teams = Teams({spec.name: spec for spec in licence_tools(catalogue)}, catalogue)

        async def turn(text):
            plan = await teams.plan("governance", text, "en", LOCAL_ENGINEER)
            return await teams.run("governance", plan, text, "en", LOCAL_ENGINEER, lambda event: None)

        assert "Commercial use: yes" in asyncio.run(turn("licence of phi-4-mini")).text
        assert asyncio.run(turn("whose licence?")).ending == "asked"
        assert not calls, calls
        assert "crewai" not in sys.modules
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
