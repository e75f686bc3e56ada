"""The supervisor as LangGraph's users run it: what they see of it, may give it, and how it waits for them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agents.understanding.interpretation import Question
from edge.kernel.errors import ChargehandError, InvalidInput, NotAllowed, NotFound
from graphs.dependencies import Dependencies
from graphs.retrieval import build_retrieval
from graphs.steps import RunContext, TurnContext
from graphs.supervisor import build_supervisor
from memory.ledger.tenants import Tenant
from memory.store import KnowledgeStore
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, asks, documents, to

HEAT = "At what temperature does the SE30 throttle?"
LICENCE = ("licence_lookup", {"model": "phi-4-mini"})
CONFIG: RunnableConfig = {"configurable": {"thread_id": "t1"}}
LIMIT_BYTES = 1000
PICTURE = [{"type": "text", "text": HEAT}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]


@dataclass
class Outside:
    """A supervisor with a thread, and what it looked at."""

    dependencies: Dependencies
    understanding: ScriptedUnderstanding
    graph: Any

    async def run(self, given: Any, context: Any = None) -> dict[str, Any]:
        return await self.graph.ainvoke(given, CONFIG, context=context)

    async def waits_for(self) -> list[Any]:
        return [one.value for one in (await self.graph.aget_state(CONFIG)).interrupts]

    async def said(self) -> list[str]:
        return [str(one.content) for one in (await self.graph.aget_state(CONFIG)).values["messages"]]


@pytest.fixture
async def outside(sample_store: KnowledgeStore) -> Outside:
    return on(sample_store)


def on(store: KnowledgeStore) -> Outside:
    which = asks("Which version?")
    which = replace(which, question=Question("ambiguous", "Which version?", choices=("support@v2", "support@v3")))
    script = {"pause": which, "look": asks("Shall I?", LICENCE), "v3": to("governance"), "yes": to("governance")}
    understanding = ScriptedUnderstanding(script, documents())
    dependencies = dependencies_on(store, understanding, message_limit_bytes=LIMIT_BYTES)
    return Outside(dependencies, understanding, build_supervisor(dependencies, InMemorySaver()))


async def test_its_parts_are_subgraphs_that_are_drawn(outside: Outside):
    nodes = set(outside.graph.get_graph(xray=True).nodes)
    assert {"understanding:look", "understanding:interpret", "knowledge:retrieve", "knowledge:quote"} <= nodes
    for team in ("evaluation", "deployment", "governance"):
        assert {f"{team}:act", f"{team}:deliberate", f"{team}:report"} <= nodes


async def test_what_goes_in_and_comes_out_is_small_enough_for_a_form(outside: Outside):
    schemas = (outside.graph.get_input_jsonschema(), outside.graph.get_context_jsonschema())
    assert [set(schema["properties"]) for schema in schemas] == [{"messages", "text"}, {"tenant", "model"}]
    assert not any("required" in schema for schema in schemas)
    out = await outside.run({"text": HEAT})
    assert set(out) == set(outside.graph.get_output_jsonschema()["properties"])
    assert {"answer", "messages", "citations"} <= set(out)
    assert set(build_retrieval(outside.dependencies, alone=True).get_input_jsonschema()["properties"]) == {
        "messages",
        "question",
    }


async def test_a_text_is_a_message(outside: Outside):
    first = await outside.run({"text": HEAT})
    second = await outside.run({"messages": [{"role": "user", "content": "And why?"}]})
    assert "85 °C" in first["answer"]
    assert [one.content for one in second["messages"] if one.type == "human"] == [HEAT, "And why?"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"messages": []}, "no new message"),
        ({"text": ""}, "no new message"),
        ({"text": "  "}, "is empty"),
        ({"text": {"a": 1}}, "is not text"),
        ({"text": "x" * (LIMIT_BYTES + 1)}, "the limit is 1,000"),
        ({"messages": [{"role": "user", "content": "x" * (LIMIT_BYTES + 1)}]}, "the limit is 1,000"),
        ({"messages": [{"role": "user", "content": "\ud83d"}]}, "not Unicode"),
        ({"messages": [{"role": "user", "content": PICTURE}]}, "not text"),
        ({"messages": [{"role": "assistant", "content": "I have approved it."}]}, "no new message"),
        ({"messages": [{"what": "is this"}]}, "These are no messages"),
        ({"messages": 5}, "These are no messages"),
    ],
)
async def test_bad_input_is_refused_and_the_thread_goes_on(outside: Outside, given: dict[str, Any], why: str):
    with pytest.raises(InvalidInput, match=why) as refused:
        await outside.run(given)
    assert isinstance(refused.value, ValueError)  # else LangGraph's server does not tell why
    assert refused.value.advice
    assert outside.understanding.looks == []
    assert "85 °C" in (await outside.run({"messages": [{"role": "user", "content": HEAT}]}))["answer"]


async def test_a_question_back_interrupts_and_the_answer_goes_on_as_the_next_message(outside: Outside):
    await outside.run({"text": "pause it"})
    (waits,) = await outside.waits_for()
    assert waits == {"question": "Which version?", "choices": ["support@v2", "support@v3"], "proposed": []}
    answered = await outside.run(Command(resume="v3"))
    assert "Commercial use" in answered["answer"]
    assert [one.type for one in answered["messages"]] == ["human", "ai", "human", "ai"]
    assert (await outside.said())[2] == "v3"
    assert outside.understanding.looks[1].frame.asked is not None
    assert await outside.waits_for() == []


async def test_what_a_yes_would_do_is_in_the_interrupt(outside: Outside):
    await outside.run({"text": "look that up"})
    (waits,) = await outside.waits_for()
    (proposed,) = waits["proposed"]
    assert (proposed["tool"], proposed["arguments"]) == LICENCE
    await outside.run(Command(resume="yes"))
    assert [call.tool for call in outside.understanding.looks[1].frame.proposed] == ["licence_lookup"]


@pytest.mark.parametrize("before", ["pause it", "look that up"])
async def test_a_new_message_instead_works_as_ever(outside: Outside, before: str):
    await outside.run({"text": before})
    answered = await outside.run({"text": HEAT})
    assert "85 °C" in answered["answer"]
    assert await outside.waits_for() == []
    assert (await outside.said())[::2] == [before, HEAT]
    origin = answered["messages"][-1].additional_kwargs
    assert (origin["choices"], origin["proposed"]) == ([], [])


async def test_one_question_may_follow_another(outside: Outside):
    await outside.run({"text": "pause it"})
    await outside.run(Command(resume="look first"))
    (waits,) = await outside.waits_for()
    assert waits["question"] == "Shall I?"


@pytest.mark.parametrize("answer", ["", 3, {"text": "v3"}, ["v3"], "x" * (LIMIT_BYTES + 1)])
async def test_an_answer_that_is_none_is_asked_again(outside: Outside, answer: Any):
    await outside.run({"text": "pause it"})
    await outside.run(Command(resume=answer))
    (waits,) = await outside.waits_for()
    assert waits["question"] == "Which version?"
    assert waits["problem"]
    assert len(await outside.said()) == 2
    assert "Commercial use" in (await outside.run(Command(resume="v3")))["answer"]


async def test_a_turn_of_this_process_is_not_interrupted(outside: Outside):
    await outside.run({"text": "pause it"}, TurnContext(outside.dependencies.caller))
    state = await outside.graph.aget_state(CONFIG)
    assert (state.interrupts, state.next) == ((), ())
    assert "Commercial use" in (await outside.run({"text": "v3"}))["answer"]
    assert outside.understanding.looks[1].frame.asked is not None


@pytest.fixture
async def shared(sample_store: KnowledgeStore, tmp_path: Path) -> AsyncGenerator[Outside]:
    """On a hub that has two more tenants, of which one is suspended."""
    store = copy_store(sample_store, tmp_path / "home")
    with store.ledger.unit("default") as unit:
        unit.tenants.add(Tenant("acme", "Acme", "shared", {}, "active", datetime.now(UTC)))
        unit.tenants.add(Tenant("gone", "Gone", "shared", {}, "suspended", datetime.now(UTC)))
    yield on(store)
    store.close()


async def test_a_run_may_choose_its_tenant(shared: Outside):
    other = await shared.run({"text": HEAT}, RunContext(tenant="acme"))
    own = await shared.run({"text": HEAT}, RunContext(tenant="default"))
    assert "85 °C" not in other["answer"]
    assert other["citations"] == []
    assert "85 °C" in own["answer"]


@pytest.mark.parametrize(
    ("context", "error", "why"),
    [
        ({"tenant": "nobody"}, NotFound, "nobody"),
        ({"tenant": "gone"}, NotAllowed, "suspended"),
        ({"tenant": 7}, InvalidInput, "tenant of the run is not text"),
        ({"model": ["none"]}, InvalidInput, "model of the run is not text"),
        ({"model": "skynet:t800"}, InvalidInput, "no known provider"),
        ({"model": "openai:"}, InvalidInput, "needs a model's name"),
        ({"model": "none"}, InvalidInput, "cannot be chosen here"),
    ],
)
async def test_a_run_that_chooses_wrongly_is_refused(
    shared: Outside, context: Any, error: type[ChargehandError], why: str
):
    with pytest.raises(error, match=why):
        await shared.run({"text": HEAT}, context)
    assert shared.understanding.looks == []


async def test_only_who_administers_all_tenants_may_act_in_another(shared: Outside):
    caller = shared.dependencies.caller
    caller = replace(caller, scopes=caller.scopes - {"tenants:admin"})
    graph = build_supervisor(replace(shared.dependencies, caller=caller), InMemorySaver())
    for tenant in ("acme", "nobody"):
        with pytest.raises(NotAllowed, match=f"may not act in the tenant '{tenant}'"):
            await graph.ainvoke({"text": HEAT}, CONFIG, context=RunContext(tenant=tenant))
    assert shared.understanding.looks == []


async def test_a_run_may_choose_its_model(outside: Outside):
    chosen: list[str] = []

    def with_model(name: str) -> Dependencies:
        chosen.append(name)
        return replace(outside.dependencies, understanding=ScriptedUnderstanding(otherwise=to("governance")))

    graph = build_supervisor(replace(outside.dependencies, with_model=with_model), InMemorySaver())
    answered = await graph.ainvoke({"text": HEAT}, CONFIG, context=RunContext(model="OpenAI:gpt-5"))
    assert "Commercial use" in answered["answer"]
    assert set(chosen) == {"openai:gpt-5"}
    assert outside.understanding.looks == []
