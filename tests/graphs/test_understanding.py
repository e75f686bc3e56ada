"""The look at a message: documents, names, frame and rights, gathered for whoever decides."""

from dataclasses import replace

import pytest
from langchain_core.messages import HumanMessage

from agents.understanding.frame import Frame
from edge.kernel.errors import Unavailable
from graphs.understanding import FRAME_AS_JSON, INTERPRETATION_AS_JSON, build_understanding, interpret
from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on, with_tool
from tests.fakes.understandings import ScriptedUnderstanding, asks, documents, to

HEAT = "At what temperature does the SE30 throttle?"


async def test_what_the_documents_have_is_looked_at_first(sample_store: KnowledgeStore) -> None:
    understanding = ScriptedUnderstanding()
    dependencies = dependencies_on(sample_store, understanding)
    for text in (HEAT, "Who won the cup in 1998?", "   "):
        await interpret(dependencies, text, dependencies.caller)
    heat, cup, blank = understanding.looks
    assert (heat.found, cup.found, blank.found) == ("answer", "nothing", "nothing")
    assert heat.evidence > cup.evidence
    assert heat.allowed == dependencies.spoken


async def test_a_follow_up_stands_alone_with_the_question_before_it_only_after_the_documents(
    sample_store: KnowledgeStore,
) -> None:
    understanding = ScriptedUnderstanding()
    dependencies = dependencies_on(sample_store, understanding)
    await interpret(dependencies, "And why?", dependencies.caller, Frame(topic=HEAT), HEAT)
    await interpret(dependencies, "And why?", dependencies.caller, Frame(), HEAT)
    assert [look.question for look in understanding.looks] == [f"{HEAT} And why?", "And why?"]


async def test_a_search_that_is_away_leaves_the_decision_to_the_rest(sample_store: KnowledgeStore) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Unavailable("The store is away.")

    understanding = ScriptedUnderstanding(otherwise=to("governance"))
    dependencies = with_tool(dependencies_on(sample_store, understanding), "knowledge_search", away)
    found = await interpret(dependencies, HEAT, dependencies.caller)
    assert [call.tool for call in found.calls] == ["licence_lookup"]
    assert understanding.looks[0].found == "nothing"


async def test_the_question_for_the_documents_has_a_bound(sample_store: KnowledgeStore) -> None:
    understanding = ScriptedUnderstanding()
    dependencies = dependencies_on(sample_store, understanding)
    found = await interpret(dependencies, f"{HEAT} {'word ' * 10_000}", dependencies.caller)
    assert len(found.document_query) == len(understanding.looks[0].question) == 2000


async def test_the_subgraph_leaves_the_interpretation_and_its_route(sample_store: KnowledgeStore) -> None:
    dependencies = dependencies_on(sample_store, ScriptedUnderstanding({"pause": asks("Which one?")}, documents()))
    graph = build_understanding(dependencies)
    state = await graph.ainvoke({"messages": [HumanMessage("pause it")]})
    found = INTERPRETATION_AS_JSON.validate_python(state["interpretation"])
    assert found.question is not None
    assert (state["route"]["path"], state["ending"], state["question"]) == ("question", "asked", "")
    state = await graph.ainvoke({"messages": [HumanMessage(HEAT)]})
    assert (state["route"]["path"], state["ending"], state["question"]) == ("documents", "done", HEAT)


async def test_an_understanding_that_fails_fails_the_turn(sample_store: KnowledgeStore) -> None:
    dependencies = dependencies_on(sample_store, ScriptedUnderstanding({"": Unavailable("The embedder is away.")}))
    with pytest.raises(Unavailable):
        await interpret(dependencies, HEAT, dependencies.caller)


async def test_nobody_sees_the_names_of_another(sample_store: KnowledgeStore) -> None:
    seen: list[str] = []
    dependencies = dependencies_on(sample_store)
    other = replace(dependencies.caller, tenant="acme")
    know = dependencies.know
    dependencies = replace(dependencies, know=lambda caller: (seen.append(caller.tenant), know(caller))[1])
    await interpret(dependencies, HEAT, other)
    assert seen == ["acme"]
    assert FRAME_AS_JSON.validate_python({}) == Frame()
