"""How a turn ends early: too slow, failed, stopped, or without its model; the thread stays usable each time."""

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from agents.events import AnswerDelta, DraftDelta, RouteTaken, StepFinished, ToolFinished, TurnEvent
from edge.kernel.errors import ChargehandError, OutOfTime, Unavailable
from memory.store import KnowledgeStore
from server.chat.conversation import open_conversation
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on, with_tool
from tests.fakes.model_servers import Behaviour, FakeServer, ollama_model, serve_ollama, serve_openai
from tests.fakes.offline import offline_settings
from tests.fakes.understandings import ScriptedUnderstanding, helps
from tests.server.chat.turns import (
    ALSO_CARRIED,
    CARRIED,
    ENDLESS,
    HEAT,
    SHIP,
    Listener,
    Opener,
    assert_usable,
    help_after,
    kept,
)


async def test_a_turn_that_takes_too_long_is_ended_and_says_so(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.05, said=[])
    async with talking(understanding=help_after(), model=scripted_model(chat), turn_limit_s=4.0) as conversation:
        with pytest.raises(OutOfTime, match="longer than 4 s"):
            await conversation.take_turn("t1", HEAT, Listener())
        last = (await kept(conversation))[-1].message
        assert last.additional_kwargs["status"] == "failed"
        assert "longer than 4 s" in last.additional_kwargs["notices"][0]["message"]
        assert last.text.startswith(CARRIED.strip())
        await assert_usable(conversation)


async def test_a_turn_of_too_many_steps_is_ended_and_says_so(store: KnowledgeStore):
    dependencies = dependencies_on(store, help_after())
    few = dependencies.settings.model_copy(update={"recursion_limit": 2})
    async with open_conversation(replace(dependencies, settings=few)) as conversation:
        with pytest.raises(OutOfTime, match="more than 2 steps"):
            await conversation.take_turn("t1", HEAT, Listener())
        assert (await kept(conversation))[-1].message.additional_kwargs["status"] == "failed"
    async with open_conversation(dependencies) as conversation:
        await assert_usable(conversation)


def raising(error: Exception) -> Callable[..., Any]:
    async def run(*_: Any, **__: Any) -> Any:
        raise error

    return run


@pytest.mark.parametrize(("tool", "message"), [("knowledge_search", HEAT), ("licence_lookup", SHIP)])
@pytest.mark.parametrize("error", [Unavailable("The store is away.", "Wait."), RuntimeError("secret: 0xBEEF")])
async def test_a_tool_that_fails_ends_the_turn_and_the_thread_says_so(
    store: KnowledgeStore, tool: str, message: str, error: Exception
):
    dependencies = with_tool(dependencies_on(store, help_after()), tool, raising(error))
    async with open_conversation(dependencies) as conversation:
        with pytest.raises(type(error)):
            await conversation.take_turn("t1", message, Listener())
        last = (await kept(conversation))[-1].message
        assert last.additional_kwargs["status"] == "failed"
        (notice,) = last.additional_kwargs["notices"]
        assert ("The store is away. Wait." if isinstance(error, ChargehandError) else "RuntimeError") in notice[
            "message"
        ]
        assert "0xBEEF" not in str(last)
        if isinstance(error, ChargehandError) or tool != "knowledge_search":  # a broken search breaks every look
            await assert_usable(conversation)


@pytest.mark.parametrize(("tool", "message"), [("knowledge_search", HEAT), ("licence_lookup", SHIP)])
async def test_a_failed_turn_keeps_where_it_went_and_which_call_failed(store: KnowledgeStore, tool: str, message: str):
    failing = raising(Unavailable("The store is away.", "Wait."))
    async with open_conversation(with_tool(dependencies_on(store, help_after()), tool, failing)) as conversation:
        listener = Listener()
        with pytest.raises(Unavailable):
            await conversation.take_turn("t1", message, listener)
        origin = (await kept(conversation))[-1].message.additional_kwargs
    assert origin["route"] == next(event.route for event in listener.events if isinstance(event, RouteTaken))
    (call,) = origin["tool_calls"]
    assert (call["name"], call["status"], call["result"]) == (tool, "failed", "The store is away. Wait.")
    (finished,) = [event for event in listener.events if isinstance(event, ToolFinished)]
    assert (finished.call_id, finished.failed) == (call["id"], True)


async def test_an_unexpected_failure_is_logged_with_its_traceback(
    store: KnowledgeStore, caplog: pytest.LogCaptureFixture
):
    understanding = ScriptedUnderstanding({"boom": ZeroDivisionError("by zero"), "": helps()})
    async with open_conversation(dependencies_on(store, understanding)) as conversation:
        with pytest.raises(ZeroDivisionError):
            await conversation.take_turn("t1", "boom", Listener())
        await assert_usable(conversation)
    (record,) = [record for record in caplog.records if record.name == "server.chat.conversation"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_cancelling_stops_the_model_and_keeps_what_was_said(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(understanding=help_after(), model=scripted_model(chat)) as conversation:
        listener = Listener()
        turn = asyncio.create_task(conversation.take_turn("t1", HEAT, listener))
        await listener.heard.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        said = list(chat.said)
        told = len(listener.events)
        await asyncio.sleep(0.2)
        assert chat.said == said
        assert len(listener.events) == told
        last = (await kept(conversation))[-1].message
        assert last.text == listener.answer
        assert last.text.startswith(CARRIED.strip())
        assert last.additional_kwargs["status"] == "cancelled"
        assert last.additional_kwargs["route"]["intent"] == "knowledge"
        assert [call["name"] for call in last.additional_kwargs["tool_calls"]] == ["knowledge_search"]
        assert last.additional_kwargs["notices"] == [{"kind": "partial", "message": "Stopped by the user."}]
        await assert_usable(conversation)


async def test_cancelling_when_all_was_said_keeps_a_complete_answer_once(talking: Opener):
    async with talking(understanding=help_after()) as conversation:
        heard: list[TurnEvent] = []

        def cancel_at_the_end(event: TurnEvent) -> None:
            heard.append(event)
            if event == StepFinished("respond"):
                turn.cancel()

        turn = asyncio.create_task(conversation.take_turn("t1", HEAT, cancel_at_the_end))
        with pytest.raises(asyncio.CancelledError):
            await turn
        messages = [saved.message for saved in await kept(conversation)]
        assert [message.type for message in messages] == ["human", "ai"]
        assert messages[-1].text == "".join(event.text for event in heard if isinstance(event, AnswerDelta))
        origin = messages[-1].additional_kwargs
        assert (origin["status"], origin["notices"]) == ("complete", [])
        assert origin["citations"]
        await assert_usable(conversation)


async def test_cancelling_before_anything_was_said_leaves_an_empty_answer(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(understanding=help_after(), model=scripted_model(chat)) as conversation:
        listener = Listener(DraftDelta)
        turn = asyncio.create_task(conversation.take_turn("t1", HEAT, listener))
        await listener.heard.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        messages = await kept(conversation)
        assert [saved.message.type for saved in messages] == ["human", "ai"]
        assert messages[-1].message.additional_kwargs["status"] == "cancelled"
        await assert_usable(conversation)


async def test_whoever_hears_the_turn_may_fail_and_the_model_stops(talking: Opener):
    def away(event: TurnEvent) -> None:
        if isinstance(event, DraftDelta):
            raise RuntimeError("The reader is gone.")  # noqa: TRY004

    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(understanding=help_after(), model=scripted_model(chat)) as conversation:
        with pytest.raises(RuntimeError):
            await conversation.take_turn("t1", HEAT, away)
        said = list(chat.said)
        await asyncio.sleep(0.2)
        assert chat.said == said
        assert (await kept(conversation))[-1].message.additional_kwargs["status"] == "failed"
        await assert_usable(conversation)


@contextmanager
def openai_server():
    with serve_openai() as server:
        yield server, offline_settings(model="openai:fake-3b", openai_base_url=f"{server.url}/v1")


@contextmanager
def ollama_server():
    with serve_ollama(ollama_model("phi4-mini:latest")) as server:
        yield server, offline_settings(model="ollama:phi4-mini", ollama_url=server.url)


@pytest.mark.parametrize("serving", [openai_server, ollama_server])
@pytest.mark.parametrize("sentences", [0, 2])
async def test_a_model_server_that_dies_in_mid_stream_costs_only_the_rest(
    talking: Opener, serving: Callable[..., Any], sentences: int
):
    with serving() as (server, settings):
        words = [*[CARRIED, ALSO_CARRIED][:sentences], "It ", "restarts ", "by ", "itself."]
        behaviour: FakeServer = server
        behaviour.behaviour = Behaviour(words=words, die_after=sentences + 2)
        async with talking(understanding=help_after(), serving_as=settings) as conversation:
            listener = Listener()
            reply = await conversation.take_turn("t1", HEAT, listener)
            assert server.chat.body["messages"]
            await assert_usable(conversation)
    assert listener.notices == ["model_failed"]
    assert [notice["kind"] for notice in reply.notices] == ["model_failed"]
    assert "half-way" in reply.notices[0]["message"]
    assert reply.answer.startswith(CARRIED.strip() if sentences else "From the documents:")
    assert reply.citations


async def test_a_model_server_that_is_gone_costs_only_the_draft(talking: Opener):
    with openai_server() as (_, settings):
        pass
    async with talking(serving_as=settings) as conversation:
        reply = await conversation.take_turn("t1", HEAT, Listener())
    assert reply.answer.startswith("From the documents:")
    assert [notice["kind"] for notice in reply.notices] == ["model_failed"]
