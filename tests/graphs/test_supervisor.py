"""The supervisor: where a message goes, what a turn keeps, and what the next turn knows of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agents.events import Notice, RouteTaken, Sources, ToolFinished, ToolStarted
from agents.phrases import phrase
from agents.router.intents import Intent
from graphs.dependencies import Dependencies
from graphs.supervisor import build_supervisor
from memory.embedding import MiniLM
from memory.home import Home
from memory.store import KnowledgeStore, open_store
from memory.threads import open_threads
from tests.fakes.chat_models import scripted_model
from tests.fakes.crews import LOOK_UP, in_turn
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.routers import ScriptedRouter, route_to
from tests.graphs.turns import take_turn

SHIP = "May we ship qwen2.5-3b in a product?"
CARRIED = "Phi-4-mini-instruct is under the MIT License."
HEAT = "At what temperature does the SE30 throttle?"


def supervisor(dependencies: Dependencies) -> Any:
    return build_supervisor(dependencies, InMemorySaver())


def routed(store: KnowledgeStore, intent: Intent, **route: Any) -> Any:
    return supervisor(dependencies_on(store, ScriptedRouter({"": route_to(intent, **route)})))


@pytest.mark.parametrize(
    ("intent", "text", "node", "says"),
    [
        ("evaluation", "Which evaluations have been done?", "evaluation", "evaluation"),
        ("deployment", "Which models can this hub serve now?", "deployment", "local"),
        ("governance", SHIP, "governance", "Commercial use"),
        ("help", "What can you do?", "help", "chargehand ingest"),
        ("out_of_scope", "Write me a poem.", "decline", phrase("decline", "en")),
    ],
)
async def test_each_intent_goes_to_its_node(
    sample_store: KnowledgeStore, intent: Intent, text: str, node: str, says: str
):
    turn = await take_turn(routed(sample_store, intent), text)
    assert turn.steps == ["route", node, "respond"]
    assert says in turn.message.text


def test_studio_sees_the_state_and_the_steps_of_retrieval(sample_store: KnowledgeStore):
    graph = routed(sample_store, "knowledge")
    assert {"messages", "pending"} <= set(graph.get_input_jsonschema()["properties"])
    assert {"knowledge:retrieve", "knowledge:quote"} <= set(graph.get_graph(xray=True).nodes)


async def test_knowledge_goes_through_the_retrieval_subgraph(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "knowledge"), HEAT)
    assert turn.steps == ["route", "rewrite", "retrieve", "ground", "quote", "respond"]
    assert "85 °C" in turn.message.text


@pytest.mark.parametrize(("intent", "text"), [("knowledge", HEAT), ("governance", SHIP), ("help", "Help!")])
async def test_every_step_that_starts_finishes_and_one_follows_the_other(
    sample_store: KnowledgeStore, intent: Intent, text: str
):
    turn = await take_turn(routed(sample_store, intent), text)
    assert turn.finished_steps == turn.steps


async def test_an_unsure_route_asks_back_with_both_readings(sample_store: KnowledgeStore):
    graph = routed(sample_store, "governance", path="clarify", runner_up="deployment")
    turn = await take_turn(graph, "the model thing")
    assert turn.steps == ["route", "clarify", "respond"]
    assert phrase("governance", "en") in turn.message.text
    assert phrase("deployment", "en") in turn.message.text


async def test_chinese_gets_chinese_sentences(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "out_of_scope", language="zh"), "写一首诗")
    assert turn.message.text == phrase("decline", "zh")


async def test_the_answer_is_emitted_once_and_as_it_is_kept(sample_store: KnowledgeStore):
    asked: list[tuple[Intent, str]] = [("knowledge", HEAT), ("help", "Help!"), ("governance", SHIP)]
    for intent, text in asked:
        turn = await take_turn(routed(sample_store, intent), text)
        assert turn.streamed == turn.message.text == turn.state["answer"]


async def test_the_message_carries_route_citations_and_tool_calls(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "knowledge"), HEAT)
    origin = turn.message.additional_kwargs
    assert origin["route"] == turn.of(RouteTaken)[0].route
    assert origin["route"]["intent"] == "knowledge"
    assert origin["status"] == "complete"
    assert origin["notices"] == []
    (call,) = origin["tool_calls"]
    assert call["name"] == "knowledge_search"
    assert call["arguments"]["query"] == HEAT
    assert call["status"] == "done"
    assert call["result"][0]["document"]
    assert origin["citations"]
    assert tuple(origin["citations"][0]) == (
        "number",
        "document_id",
        "document",
        "title",
        "heading",
        "start",
        "end",
        "quote",
    )


async def test_a_teams_tool_calls_are_told_and_kept(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "governance"), SHIP)
    (started,), (finished,) = turn.of(ToolStarted), turn.of(ToolFinished)
    (call,) = turn.message.additional_kwargs["tool_calls"]
    assert call["id"] == started.call_id == finished.call_id
    assert (call["name"], call["arguments"]) == ("licence_lookup", {"model": "qwen2.5-3b"})
    assert (call["status"], call["result"]) == ("done", finished.result)
    assert finished.result["licence"]["commercial_use"] == "no"


@pytest.mark.integration
async def test_what_a_crew_looks_up_is_told_kept_and_shown(sample_store: KnowledgeStore):
    model = scripted_model(in_turn(LOOK_UP, f"Thought: I know.\nFinal Answer: {CARRIED}"))
    dependencies = dependencies_on(sample_store, ScriptedRouter({"": route_to("governance")}), model)
    teams = replace(dependencies.teams, model=model)
    turn = await take_turn(supervisor(replace(dependencies, teams=teams)), SHIP)
    models = [call["arguments"]["model"] for call in turn.message.additional_kwargs["tool_calls"]]
    assert models == [event.arguments["model"] for event in turn.of(ToolStarted)] == ["qwen2.5-3b", "phi-4-mini"]
    assert turn.message.text.startswith(f"### The governance crew's reading\n\n{CARRIED}\n\n")
    assert "**Phi-4-mini-instruct**" in turn.message.text


async def test_only_citations_with_a_mark_in_the_answer_are_kept(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "knowledge"), HEAT)
    citations = turn.message.additional_kwargs["citations"]
    for citation in citations:
        assert f"[{citation['number']}]" in turn.message.text
    assert citations == turn.state["citations"]
    (sources,) = turn.of(Sources)
    assert [citation.number for citation in sources.citations] == [citation["number"] for citation in citations]


async def test_nothing_of_a_turn_is_left_in_the_next(sample_store: KnowledgeStore):
    router = ScriptedRouter({"poem": route_to("out_of_scope"), "": route_to("knowledge")})
    graph = supervisor(dependencies_on(sample_store, router))
    first = await take_turn(graph, HEAT)
    assert first.state["citations"]
    assert first.state["tool_calls"]
    second = await take_turn(graph, "Write me a poem.")
    assert second.state["answer"] == phrase("decline", "en")
    for name in ("citations", "tool_calls", "notices"):
        assert second.state[name] == []
        assert second.message.additional_kwargs[name] == []
    assert second.of(Sources) == []
    assert second.state["streamed"] is False
    assert second.streamed == second.state["answer"]


async def test_the_router_hears_the_intent_of_the_turn_before(sample_store: KnowledgeStore):
    router = ScriptedRouter({"": route_to("help")})
    graph = supervisor(dependencies_on(sample_store, router))
    await take_turn(graph, "What can you do?")
    await take_turn(graph, "And else?")
    await take_turn(graph, "Hello", thread_id="another")
    assert router.asked == [("What can you do?", None), ("And else?", "help"), ("Hello", None)]


async def test_an_elliptical_follow_up_is_about_the_models_of_the_turn_before(sample_store: KnowledgeStore):
    graph = routed(sample_store, "governance")
    first = await take_turn(graph, SHIP)
    assert first.state["focus"] == ["qwen2.5-3b"]
    second = await take_turn(graph, "may we ship it?")
    assert second.state["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}
    assert second.state["focus"] == ["qwen2.5-3b"]


async def test_a_full_question_is_not_about_the_models_of_the_turn_before(sample_store: KnowledgeStore):
    graph = routed(sample_store, "governance")
    await take_turn(graph, SHIP)
    second = await take_turn(graph, "Which obligations come with licences of Chinese vendors for embedded products?")
    assert second.state["tool_calls"] == []
    assert second.state["focus"] == []
    assert "Which model's licence" in second.message.text


async def test_the_last_named_model_is_the_one_in_focus(sample_store: KnowledgeStore):
    graph = routed(sample_store, "governance")
    await take_turn(graph, SHIP)
    await take_turn(graph, "What about phi-4-mini?")
    third = await take_turn(graph, "And may we change it?")
    assert [call["arguments"]["model"] for call in third.state["tool_calls"]] == ["phi-4-mini"]


async def test_no_documents_at_all_says_what_to_do(home: Home, minilm: MiniLM):
    store = open_store(home, lambda: minilm)
    turn = await take_turn(routed(store, "knowledge"), HEAT)
    store.close()
    assert turn.message.text == phrase("no_documents", "en")
    assert turn.state["citations"] == []
    assert turn.of(Notice) == []


async def test_a_thread_is_remembered_by_the_next_process(sample_store: KnowledgeStore, tmp_path: Path):
    routes = {"": route_to("governance")}
    store = copy_store(sample_store, tmp_path / "home")
    async with open_threads(store.home.threads, store.ledger) as threads:
        before = dependencies_on(store, ScriptedRouter(routes))
        await take_turn(build_supervisor(before, threads.checkpointer), SHIP)
    store.close()

    again = open_store(store.home, lambda: sample_store.embedder)
    router = ScriptedRouter(routes)
    async with open_threads(again.home.threads, again.ledger) as threads:
        turn = await take_turn(
            build_supervisor(dependencies_on(again, router), threads.checkpointer), "may we ship it?"
        )
    again.close()
    assert [message.type for message in turn.state["messages"]] == ["human", "ai", "human", "ai"]
    assert turn.state["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}
    assert router.asked == [("may we ship it?", "governance")]
