"""Turns of the teams with real tools; without a capable model CrewAI is not imported."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.events import ToolFinished, ToolStarted, TurnEvent
from agents.teams.turn import TeamFinding, Teams
from agents.understanding.examples import load_talk
from agents.understanding.interpretation import PlannedCall
from edge.kernel.errors import Unavailable
from edge.kernel.language import Language
from evals.evaluations import evaluation_tools
from memory.home import Home
from memory.ledger import Ledger, open_ledger
from tests.fakes.judged import equip, register
from tests.fakes.serving import ScriptedServing
from tests.fakes.team_turns import take_team_turn
from tests.fakes.works import ANN, Works, open_works
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


@pytest.fixture
async def works(tmp_path: Path):
    works = open_works(tmp_path)
    await equip(works)
    await register(works, "1")
    yield works
    works.ledger.close()


def where(tools: dict[str, ToolSpec], name: str, run: Callable[..., Any]) -> dict[str, ToolSpec]:
    return {**tools, name: replace(tools[name], run=run)}


def licences(*models: str) -> list[PlannedCall]:
    return [PlannedCall("licence_lookup", {"model": model}) for model in models]


async def turn(
    tools: dict[str, ToolSpec],
    calls: Sequence[PlannedCall],
    context: ToolContext = LOCAL_ENGINEER,
    language: Language = "en",
) -> tuple[TeamFinding, list[TurnEvent]]:
    events, teams = list[TurnEvent](), Teams(tools, load_talk(tools))
    return await take_team_turn(teams, "governance", calls, "", language, context, events.append), events


async def test_act_and_report(tools: dict[str, ToolSpec]) -> None:
    finding, events = await turn(tools, licences("qwen2.5-3b"))
    started, finished = events
    assert isinstance(started, ToolStarted)
    assert isinstance(finished, ToolFinished)
    assert (started.name, started.arguments) == ("licence_lookup", {"model": "qwen2.5-3b"})
    assert finished.call_id == started.call_id
    assert not finished.failed
    assert finished.result["licence"]["commercial_use"] == "no"
    assert "Commercial use: no" in finding.text
    ((call, outcome),) = finding.outcomes
    assert call == licences("qwen2.5-3b")[0]
    assert outcome.licence.commercial_use == "no"  # pyright: ignore[reportAttributeAccessIssue]
    assert (finding.ending, finding.pending, finding.proposed) == ("done", (), ())


async def test_each_team_answers_in_the_users_language(tools: dict[str, ToolSpec]) -> None:
    finding, _ = await turn(tools, [PlannedCall("roster_list", {})], language="zh")
    assert finding.text.startswith("现在可以提供服务的模型（1 个）：")
    finding, _ = await turn(tools, [PlannedCall("evaluation_list", {})])
    assert finding.text == "No such evaluation is on record."


async def test_arguments_that_a_tool_does_not_take_are_refused_and_it_is_not_called(tools: dict[str, ToolSpec]) -> None:
    finding, events = await turn(tools, [PlannedCall("licence_lookup", {})])
    assert (events, finding.ending) == ([], "refused")
    assert "model" in finding.text


async def test_changes_are_made_in_order_and_none_after_one_that_was_not_made(works: Works) -> None:
    calls = [
        PlannedCall("set_alias", {"alias": "champion", "version": "faq@9"}),
        PlannedCall("set_alias", {"alias": "challenger", "version": "faq@1"}),
    ]
    teams = Teams(works.tools, load_talk(works.tools))
    finding = await take_team_turn(teams, "governance", calls, "", "en", ANN, lambda _: None)
    assert finding.ending == "refused"
    assert [call for call, _ in finding.outcomes] == calls[:1]
    assert "**Refused**" in finding.text
    assert "challenger" in finding.text.partition("**Refused**")[2]
    assert [one for one in works.outcomes() if one[1] == "set_alias"] == [("ann", "set_alias", "refused")]


async def test_independent_calls_run_at_the_same_time(tools: dict[str, ToolSpec]) -> None:
    together = asyncio.Barrier(2)
    look_up = tools["licence_lookup"].run

    async def meets(context: ToolContext, model: str) -> Any:
        async with asyncio.timeout(10):
            await together.wait()
        return look_up(context, model)

    finding, events = await turn(where(tools, "licence_lookup", meets), licences("phi-4-mini", "qwen2.5-3b"))
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
    teams, calls = Teams(where(tools, "licence_lookup", fails_once)), licences("phi-4-mini", "qwen2.5-3b")
    with pytest.raises(Unavailable, match="The registry does not answer"):
        await take_team_turn(teams, "governance", calls, "", "en", LOCAL_ENGINEER, events.append)
    failed = [event for event in events if isinstance(event, ToolFinished) and event.failed]
    assert [event.result for event in failed] == [str(Unavailable("The registry does not answer.", "Try later."))]
    assert done == ["qwen2.5-3b"]
    assert len(events) == 4


async def test_rights_are_those_of_the_caller(tools: dict[str, ToolSpec]) -> None:
    nobody = ToolContext("nobody", "default", frozenset())
    finding, events = await turn(tools, licences("phi-4-mini"), nobody)
    assert finding.ending == "refused"
    assert "nobody may not do this: it needs licences:read" in finding.text
    assert [event.failed for event in events if isinstance(event, ToolFinished)] == [True]


async def test_turns_at_the_same_time_do_not_mix(tools: dict[str, ToolSpec]) -> None:
    models = ["phi-4-mini", "qwen2.5-3b", "smollm2-135m", "llama-3.2-3b"]
    turns = await asyncio.gather(*(turn(tools, licences(model)) for model in models))
    assert [[call.arguments["model"] for call, _ in finding.outcomes] for finding, _ in turns] == [[m] for m in models]
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

    task = asyncio.create_task(turn(where(tools, "licence_lookup", waits), licences("phi-4-mini")))
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
        from agents.understanding.interpretation import PlannedCall
        from tests.fakes.team_turns import take_team_turn
        from tools.registry.catalogue import load_catalogue
        from tools.governance.licence_tools import licence_tools
        from tools.spec import LOCAL_ENGINEER

        teams = Teams({spec.name: spec for spec in licence_tools(load_catalogue())})
        asked = [PlannedCall("licence_lookup", {"model": "phi-4-mini"})]
        turn = take_team_turn(teams, "governance", asked, "licence of phi-4-mini", "en", LOCAL_ENGINEER, lambda event: None)
        assert "Commercial use: yes" in asyncio.run(turn).text
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
