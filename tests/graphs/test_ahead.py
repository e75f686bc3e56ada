"""The draft that a turn begins ahead of its graph: asked for once, from what is searched, and never left running."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from agents.planner.known import Known
from agents.router.intents import Intent
from edge.kernel.errors import Unavailable
from graphs.ahead import Ahead, may_search
from graphs.dependencies import Dependencies
from graphs.supervisor import is_for_documents
from memory.store import KnowledgeStore
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on, with_tool
from tests.fakes.routers import ScriptedRouter, route_to
from tools.calling.context import ToolContext
from tools.knowledge import FoundPassages

HEAT = "At what temperature does the SE30 throttle?"
CARRIED = ["At ", "85 °C SoC temperature ", "the gateway lowers its clock from 1.8 to 1.2 GHz. "]
STRANGE = "Who won the football championship of 1987?"


def drafting(store: KnowledgeStore, chat: ScriptedChat, intent: Intent = "knowledge") -> Dependencies:
    return dependencies_on(store, ScriptedRouter(otherwise=intent), scripted_model(chat))


@asynccontextmanager
async def begun(dependencies: Dependencies, query: str = HEAT) -> AsyncGenerator[Ahead]:
    ahead = Ahead(dependencies, dependencies.caller, query)
    try:
        yield ahead
    finally:
        await ahead.close()


async def certainly() -> bool:
    return True


async def said_in(ahead: Ahead) -> list[str]:
    deltas = ahead.draft()
    assert deltas is not None
    return [delta async for delta in deltas]


async def test_a_begun_draft_has_every_delta_in_order(sample_store: KnowledgeStore):
    async with begun(drafting(sample_store, ScriptedChat(pieces=CARRIED))) as ahead:
        ahead.begin_draft("en")
        assert await said_in(ahead) == CARRIED


async def test_the_model_begins_before_anybody_reads(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED)
    async with begun(drafting(sample_store, chat)) as ahead:
        ahead.begin_draft("en")
        await chat.spoke.wait()
        assert chat.said == [1], "it waits to be read after its first word"


async def test_a_draft_is_begun_once(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED)
    async with begun(drafting(sample_store, chat)) as ahead:
        ahead.begin_draft("en")
        ahead.begin_draft("en")
        await said_in(ahead)
    assert chat.said == [len(CARRIED)]


async def test_a_draft_that_nobody_reads_is_stopped(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED * 100, next_token_s=0.001)
    async with begun(drafting(sample_store, chat)) as ahead:
        ahead.begin_draft("en")
        await chat.spoke.wait()
    said = list(chat.said)
    await asyncio.sleep(0.1)
    assert chat.said == said == [1]


async def test_a_draft_that_is_left_half_read_is_stopped(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED * 100, next_token_s=0.001)
    async with begun(drafting(sample_store, chat)) as ahead:
        ahead.begin_draft("en")
        deltas = ahead.draft()
        assert deltas is not None
        assert await anext(deltas) == CARRIED[0]
    said = list(chat.said)
    await asyncio.sleep(0.1)
    assert chat.said == said


async def test_passages_of_no_use_are_put_to_no_model(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED)
    async with begun(drafting(sample_store, chat), STRANGE) as ahead:
        ahead.begin_draft("en")
        assert await said_in(ahead) == []
        assert (await ahead.retrieved).relevance == "nothing"
    assert chat.said == []


async def test_the_end_of_a_turn_waits_for_its_search(sample_store: KnowledgeStore):
    """A search that went on in its thread would read a store that may be closed by then."""
    began, ended = threading.Event(), threading.Event()

    def slow(context: ToolContext, **_: Any) -> FoundPassages:
        began.set()
        time.sleep(0.3)
        ended.set()
        return FoundPassages(passages=[])

    async with begun(
        with_tool(drafting(sample_store, ScriptedChat(pieces=CARRIED)), "knowledge_search", slow)
    ) as ahead:
        ahead.begin_draft("en")
        await asyncio.to_thread(began.wait)
    assert ended.is_set()


async def test_a_model_that_may_not_draft_is_not_asked(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED)
    dependencies = dependencies_on(sample_store, None, scripted_model(chat, capable=False))
    async with begun(dependencies) as ahead:
        ahead.begin_draft("en")
        await ahead.head_start(certainly)
        assert ahead.draft() is None
    assert chat.said == []


async def test_a_failure_of_the_model_reaches_the_reader(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED, fail_after=0, failure=Unavailable("It is away.", "Wait."))
    async with begun(drafting(sample_store, chat)) as ahead:
        ahead.begin_draft("en")
        with pytest.raises(Unavailable, match="It is away"):
            await said_in(ahead)


async def test_a_failed_search_reaches_the_reader_and_no_model_is_asked(sample_store: KnowledgeStore):
    async def fails(*_: Any, **__: Any) -> Any:
        raise Unavailable("The store is away.", "Wait.")

    chat = ScriptedChat(pieces=CARRIED)
    async with begun(with_tool(drafting(sample_store, chat), "knowledge_search", fails)) as ahead:
        ahead.begin_draft("en")
        with pytest.raises(Unavailable, match="The store is away"):
            await said_in(ahead)
    assert chat.said == []


def test_who_may_not_search_has_nothing_begun(sample_store: KnowledgeStore):
    dependencies = dependencies_on(sample_store)
    assert may_search(dependencies, dependencies.caller)
    assert not may_search(dependencies, replace(dependencies.caller, scopes=frozenset()))


async def test_a_head_start_ends_when_the_model_was_asked(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED, first_token_s=60)
    dependencies = drafting(sample_store, chat)
    assert dependencies.model.chat is chat, "a model that is not built yet would be built in a thread"
    async with begun(dependencies) as ahead:
        async with asyncio.timeout(30):
            await ahead.head_start(certainly, limit_s=60)
        assert chat.said == [0], "asked, and not answered yet"


async def test_a_head_start_does_not_wait_for_a_slow_search(sample_store: KnowledgeStore):
    async def slow(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(30)

    chat = ScriptedChat(pieces=CARRIED)
    async with begun(with_tool(drafting(sample_store, chat), "knowledge_search", slow)) as ahead:
        async with asyncio.timeout(10):
            await ahead.head_start(certainly)
        ahead.retrieved.cancel()
    assert chat.said == []


async def test_nothing_is_begun_for_a_message_whose_route_is_open(sample_store: KnowledgeStore):
    async def open_yet() -> bool:
        return False

    chat = ScriptedChat(pieces=CARRIED)
    async with begun(drafting(sample_store, chat)) as ahead:
        await ahead.head_start(open_yet)
        assert ahead.draft() is None
    assert chat.said == []


async def test_a_head_start_that_fails_leaves_the_failure_to_the_graph(sample_store: KnowledgeStore):
    async def fails() -> bool:
        raise Unavailable("The embedder is away.", "Wait.")

    async with begun(drafting(sample_store, ScriptedChat(pieces=CARRIED))) as ahead:
        await ahead.head_start(fails)
        assert ahead.draft() is None


async def test_a_head_start_that_is_not_over_at_the_end_of_the_turn_begins_nothing(sample_store: KnowledgeStore):
    may_decide, chat = asyncio.Event(), ScriptedChat(pieces=CARRIED)

    async def late() -> bool:
        await may_decide.wait()
        return True

    async with begun(drafting(sample_store, chat)) as ahead:
        await ahead.head_start(late)
    may_decide.set()
    await asyncio.sleep(0.05)
    assert chat.said == []


@pytest.mark.parametrize(
    ("message", "foregone"),
    [
        (HEAT, True),
        ("And why?", False),
        ("Move the gateways of hall 3 to production now.", False),
        ("When does the SE30 shut down because of heat?", True),
    ],
)
async def test_only_a_question_that_stands_alone_goes_to_the_documents_for_sure(
    sample_store: KnowledgeStore, message: str, foregone: bool
):
    dependencies = dependencies_on(sample_store)
    teams = replace(dependencies.teams, know=lambda context: Known())
    assert await is_for_documents(replace(dependencies, teams=teams), message) == foregone


async def test_what_the_classifier_is_not_sure_of_does_not_go_to_the_documents_for_sure(sample_store: KnowledgeStore):
    for route in (route_to("knowledge", path="clarify"), route_to("knowledge", path="model"), route_to("help")):
        assert not await is_for_documents(dependencies_on(sample_store, ScriptedRouter({"": route})), HEAT)
