"""A team's subgraph: its steps, and what of them is kept."""

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from edge.kernel.errors import Interrupted
from graphs.supervisor import build_supervisor
from graphs.team import build_team
from graphs.understanding import INTERPRETATION_AS_JSON
from memory.store import KnowledgeStore
from tests.fakes.chat_models import scripted_model
from tests.fakes.crews import in_turn
from tests.fakes.dependencies import dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, calls, to

SHIP = "May we ship qwen2.5-3b in a product?"
CONFIG: RunnableConfig = {"configurable": {"thread_id": "t1"}}


def asked(*planned: tuple[str, dict[str, Any]], not_done: str = "") -> Any:
    found = replace(calls(*planned, team="governance"), not_done=not_done)
    return {
        "messages": [HumanMessage(SHIP)],
        "interpretation": INTERPRETATION_AS_JSON.dump_python(found, mode="json"),
    }


async def test_without_a_model_it_acts_and_reports(sample_store: KnowledgeStore) -> None:
    graph = build_team(dependencies_on(sample_store), "governance")
    given = asked(("licence_lookup", {"model": "qwen2.5-3b"}), not_done="Not done: the rest.")
    ran = [list(update) async for update in graph.astream(given, stream_mode="updates")]
    assert ran == [["act"], ["report"]]
    state = await graph.ainvoke(given)
    assert "Commercial use: no" in state["answer"]
    assert state["answer"].endswith("Not done: the rest.")
    assert [call["name"] for call in state["tool_calls"]] == ["licence_lookup"]
    assert "outcomes" not in state


@pytest.mark.integration
async def test_a_crew_thinks_between_the_two(sample_store: KnowledgeStore) -> None:
    model = scripted_model(in_turn("Thought: I know.\nFinal Answer: Phi-4-mini-instruct is under the MIT License."))
    dependencies = dependencies_on(sample_store, model=model)
    graph = build_team(replace(dependencies, teams=replace(dependencies.teams, model=model)), "governance")
    given = asked(("licence_lookup", {"model": "phi-4-mini"}))
    ran = [list(update) async for update in graph.astream(given, stream_mode="updates")]
    assert ran == [["act"], ["deliberate"], ["report"]]


async def test_what_the_tools_gave_is_in_no_checkpoint(sample_store: KnowledgeStore) -> None:
    saver = InMemorySaver()
    dependencies = dependencies_on(sample_store, ScriptedUnderstanding(otherwise=to("governance")))
    await build_supervisor(dependencies, saver).ainvoke({"text": SHIP}, CONFIG)
    channels = {name for (*_, name, _), (form, _) in saver.blobs.items() if form != "empty"} | {
        channel for saved in saver.writes.values() for _, channel, *_ in saved.values()
    }
    assert "tool_calls" in channels
    assert not channels & {"outcomes", "known", "thought"}


async def test_a_turn_that_lost_what_its_tools_gave_says_so(sample_store: KnowledgeStore) -> None:
    graph = build_team(dependencies_on(sample_store), "governance")
    graph.checkpointer = InMemorySaver()
    await graph.aupdate_state(CONFIG, asked(("licence_lookup", {"model": "phi-4-mini"})), as_node="deliberate")
    with pytest.raises(Interrupted, match="cut short after its tools were called"):
        await graph.ainvoke(None, CONFIG)
