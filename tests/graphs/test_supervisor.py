"""The supervisor: where a message goes, what a turn keeps, and what the next turn knows of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agents.events import Ended, Notice, RouteTaken, Sources, ToolFinished, ToolStarted
from agents.phrases import phrase
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation
from agents.understanding.route import Intent
from graphs.dependencies import Dependencies
from graphs.supervisor import build_supervisor
from memory.embedding import MiniLM
from memory.home import Home
from memory.store import KnowledgeStore, open_store
from memory.threads import open_threads
from tests.fakes.chat_models import scripted_model
from tests.fakes.crews import LOOK_UP, in_turn
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, asks, calls, declines, documents, to
from tests.graphs.turns import take_turn

SHIP = "May we ship qwen2.5-3b in a product?"
CARRIED = "Phi-4-mini-instruct is under the MIT License."
HEAT = "At what temperature does the SE30 throttle?"


def supervisor(dependencies: Dependencies) -> Any:
    return build_supervisor(dependencies, InMemorySaver())


def routed(store: KnowledgeStore, intent: Intent) -> Any:
    return decided(store, to(intent))


def decided(store: KnowledgeStore, decision: Interpretation) -> Any:
    return supervisor(dependencies_on(store, ScriptedUnderstanding(otherwise=decision)))


@pytest.mark.parametrize(
    ("intent", "text", "nodes", "says"),
    [
        ("evaluation", "Which evaluations have been done?", ["evaluation", "report"], "evaluation"),
        ("deployment", "Which models can this hub serve now?", ["deployment", "report"], "local"),
        ("governance", SHIP, ["governance", "report"], "Commercial use"),
        ("help", "What can you do?", ["help"], "chargehand ingest"),
        ("out_of_scope", "Write me a poem.", ["decline"], phrase("decline", "en")),
    ],
)
async def test_each_intent_goes_to_its_node(
    sample_store: KnowledgeStore, intent: Intent, text: str, nodes: list[str], says: str
):
    turn = await take_turn(routed(sample_store, intent), text)
    assert turn.steps == ["look", "interpret", *nodes, "respond"]
    assert says in turn.message.text


async def test_knowledge_goes_through_the_retrieval_subgraph(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "knowledge"), HEAT)
    assert turn.steps == ["look", "interpret", "rewrite", "retrieve", "ground", "quote", "respond"]
    assert "85 °C" in turn.message.text


@pytest.mark.parametrize(("intent", "text"), [("knowledge", HEAT), ("governance", SHIP), ("help", "Help!")])
async def test_every_step_that_starts_finishes_and_one_follows_the_other(
    sample_store: KnowledgeStore, intent: Intent, text: str
):
    turn = await take_turn(routed(sample_store, intent), text)
    assert turn.finished_steps == turn.steps


async def test_a_question_back_is_kept_in_the_frame(sample_store: KnowledgeStore):
    graph = decided(sample_store, asks("Which rollout do you mean?"))
    turn = await take_turn(graph, "pause it")
    assert turn.steps == ["look", "interpret", "ask", "respond"]
    assert turn.message.text == "Which rollout do you mean?"
    assert turn.message.additional_kwargs["ending"] == "asked"
    assert turn.state["frame"]["asked"]["text"] == "Which rollout do you mean?"


async def test_what_a_yes_would_do_is_told(sample_store: KnowledgeStore):
    graph = decided(sample_store, asks("Shall I?", ("licence_lookup", {"model": "phi-4-mini"}), team="governance"))
    turn = await take_turn(graph, "look that up")
    (proposed,) = turn.message.additional_kwargs["proposed"]
    assert (proposed["tool"], proposed["arguments"]) == ("licence_lookup", {"model": "phi-4-mini"})
    assert turn.message.additional_kwargs["tool_calls"] == []
    assert [event.proposed for event in turn.of(Ended)] == [(proposed,)]


async def test_an_order_beside_a_question_to_the_documents_gives_both(sample_store: KnowledgeStore):
    graph = decided(sample_store, calls(("licence_lookup", {"model": "phi-4-mini"}), team="governance", query=HEAT))
    turn = await take_turn(graph, f"licence of phi-4-mini, and {HEAT}")
    assert turn.steps == [
        "look",
        "interpret",
        "governance",
        "report",
        "rewrite",
        "retrieve",
        "ground",
        "quote",
        "respond",
    ]
    assert "Commercial use" in turn.message.text
    assert "85 °C" in turn.message.text
    assert turn.streamed == turn.message.text
    assert [call["name"] for call in turn.message.additional_kwargs["tool_calls"]] == [
        "licence_lookup",
        "knowledge_search",
    ]


async def test_chinese_gets_chinese_sentences(sample_store: KnowledgeStore):
    turn = await take_turn(routed(sample_store, "out_of_scope"), "写一首诗")
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
    dependencies = dependencies_on(sample_store, ScriptedUnderstanding(otherwise=to("governance")), model)
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
    understanding = ScriptedUnderstanding({"poem": declines()}, documents())
    graph = supervisor(dependencies_on(sample_store, understanding))
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


async def test_the_next_turn_sees_what_the_turn_before_left(sample_store: KnowledgeStore):
    understanding = ScriptedUnderstanding({"ship": to("governance")}, documents())
    graph = supervisor(dependencies_on(sample_store, understanding))
    await take_turn(graph, SHIP)
    await take_turn(graph, HEAT)
    await take_turn(graph, "And why?")
    await take_turn(graph, "Hello", thread_id="another")
    first, second, third, other = understanding.looks
    assert (first.frame, other.frame) == (Frame(), Frame())
    (past,) = second.frame.calls
    assert (past.tool, past.arguments, past.ended, past.changes) == (
        "licence_lookup",
        {"model": "qwen2.5-3b"},
        "done",
        False,
    )
    assert third.frame == Frame(topic=HEAT)
    assert third.question == f"{HEAT} And why?"


async def test_what_is_looked_at_is_what_the_caller_may_see(sample_store: KnowledgeStore):
    understanding = ScriptedUnderstanding(otherwise=declines())
    dependencies = dependencies_on(sample_store, understanding)
    nobody = replace(dependencies.caller, scopes=frozenset({"roster:read"}))
    await take_turn(supervisor(dependencies), HEAT)
    await take_turn(supervisor(replace(dependencies, caller=nobody)), HEAT)
    all_of_it, little = understanding.looks
    assert (all_of_it.found, little.found) == ("answer", "nothing")
    assert "licence_lookup" in all_of_it.allowed
    assert all(dependencies.tools[name].scopes <= nobody.scopes for name in little.allowed)
    assert little.allowed < all_of_it.allowed


async def test_no_documents_at_all_says_what_to_do(home: Home, minilm: MiniLM):
    store = open_store(home, lambda: minilm)
    turn = await take_turn(routed(store, "knowledge"), HEAT)
    store.close()
    assert turn.message.text == phrase("no_documents", "en")
    assert turn.state["citations"] == []
    assert turn.of(Notice) == []


async def test_a_thread_is_remembered_by_the_next_process(sample_store: KnowledgeStore, tmp_path: Path):
    store = copy_store(sample_store, tmp_path / "home")
    async with open_threads(store.home.threads, store.ledger) as threads:
        before = dependencies_on(store, ScriptedUnderstanding(otherwise=to("governance")))
        await take_turn(build_supervisor(before, threads.checkpointer), SHIP)
    store.close()

    again = open_store(store.home, lambda: sample_store.embedder)
    understanding = ScriptedUnderstanding(otherwise=to("governance"))
    async with open_threads(again.home.threads, again.ledger) as threads:
        graph = build_supervisor(dependencies_on(again, understanding), threads.checkpointer)
        turn = await take_turn(graph, "may we ship it?")
    again.close()
    assert [message.type for message in turn.state["messages"]] == ["human", "ai", "human", "ai"]
    assert [call.tool for call in understanding.looks[0].frame.calls] == ["licence_lookup"]
