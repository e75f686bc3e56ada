"""One turn of a conversation: what it refuses, how it ends, and that the thread stays usable however it ends."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.events import AnswerDelta, DraftDelta, Notice, RouteTaken, ToolFinished, TurnEvent
from agents.models.resolve import resolve_model
from graphs.dependencies import Dependencies
from memory.errors import ChargehandError, Conflict, InvalidInput, NotFound, OutOfTime, StorageFailed, Unavailable
from memory.store import KnowledgeStore
from memory.threads import SavedMessage, open_threads
from server.chat.conversation import Conversation, open_conversation
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on, with_tool
from tests.fakes.model_servers import Behaviour, FakeServer, ollama_model, serve_ollama, serve_openai
from tests.fakes.offline import offline_settings
from tests.fakes.routers import ScriptedRouter, route_to
from tests.fakes.threads import SlowThreads

ROOT = Path(__file__).parents[3]
HEAT = "At what temperature does the SE30 throttle?"
SHIP = "May we ship qwen2.5-3b in a product?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "
ALSO_CARRIED = "At 95 °C it shuts down. "
ENDLESS = [CARRIED, ALSO_CARRIED, *["It "] * 2000]


class Listener:
    """Hears the events of a turn, and lets a test wait for the first of a kind."""

    def __init__(self, kind: type[Any] = AnswerDelta) -> None:
        self.events: list[TurnEvent] = []
        self.heard = asyncio.Event()
        self._kind = kind

    def __call__(self, event: TurnEvent) -> None:
        self.events.append(event)
        if isinstance(event, self._kind):
            self.heard.set()

    @property
    def answer(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, AnswerDelta))

    @property
    def notices(self) -> list[str]:
        return [event.topic for event in self.events if isinstance(event, Notice)]


Opener = Callable[..., AbstractAsyncContextManager[Conversation]]


@pytest.fixture
def talking(store: KnowledgeStore) -> Opener:
    """Opens a conversation on the test's home; keywords go to `dependencies_on`."""

    @asynccontextmanager
    async def opened(**parts: Any) -> AsyncGenerator[Conversation]:
        async with open_conversation(dependencies_on(store, **parts)) as conversation:
            yield conversation

    return opened


async def kept(conversation: Conversation, thread_id: str = "t1") -> list[SavedMessage]:
    return await conversation.threads.messages(thread_id, "default")


async def assert_usable(conversation: Conversation, thread_id: str = "t1", asked: int = 2) -> None:
    """Another turn in the thread works and is kept after what was there."""
    reply = await conversation.take_turn(thread_id, "What can you do?", Listener())
    messages = await kept(conversation, thread_id)
    assert [saved.message.type for saved in messages] == ["human", "ai"] * asked
    assert messages[-1].message.text == reply.answer
    assert messages[-1].message.additional_kwargs["status"] == "complete"
    assert (await conversation.threads.get(thread_id, "default")).turns == asked


def help_after() -> ScriptedRouter:
    """Sends "What can you do?" to help and all else to the documents."""
    return ScriptedRouter({"What can you do?": route_to("help"), "qwen": route_to("governance")})


async def test_nothing_is_decided_or_said_before_the_question_is_kept(store: KnowledgeStore):
    async with open_threads(store.home.threads, store.ledger) as threads:
        may_keep, listener = asyncio.Event(), Listener()
        conversation = Conversation(dependencies_on(store), SlowThreads(threads, may_keep))
        turn = asyncio.create_task(conversation.take_turn("t", HEAT, listener))
        await asyncio.sleep(0.5)
        assert listener.events == []
        may_keep.set()
        assert "85 °C" in (await turn).answer


async def test_a_question_that_cannot_be_kept_is_not_answered(store: KnowledgeStore):
    async with open_threads(store.home.threads, store.ledger) as threads:
        may_keep, listener, failure = asyncio.Event(), Listener(), StorageFailed("The disk is full.")
        may_keep.set()
        conversation = Conversation(dependencies_on(store), SlowThreads(threads, may_keep, failure))
        with pytest.raises(StorageFailed):
            await conversation.take_turn("t", HEAT, listener)
        assert listener.events == []
        assert await threads.all("default") == []


async def test_a_turn_is_answered_and_kept(talking: Opener):
    async with talking() as conversation:
        listener = Listener()
        reply = await conversation.take_turn("t1", HEAT, listener)
        asked, answered = await kept(conversation)
    assert asked.message.text == HEAT
    assert reply.answer == answered.message.text == listener.answer
    assert "85 °C" in reply.answer
    origin = answered.message.additional_kwargs
    assert reply.route == origin["route"]
    assert reply.citations == origin["citations"]
    assert reply.tool_calls == origin["tool_calls"]


@pytest.mark.parametrize(
    "message",
    ["", "   \n\t\u3000", "x" * 1_000_000, "half a \ud83d character", "\udcff"],
    ids=["empty", "blank", "1 MB", "lone surrogate", "undecodable byte of an argument"],
)
async def test_a_message_that_cannot_be_one_is_refused_and_makes_no_thread(talking: Opener, message: str):
    async with talking() as conversation:
        with pytest.raises(InvalidInput) as refused:
            await conversation.take_turn("t1", message, Listener())
        assert await conversation.threads.all("default") == []
    assert refused.value.advice
    assert len(str(refused.value)) < 500


async def test_the_limit_counts_bytes_and_a_message_at_the_limit_is_taken(talking: Opener):
    async with talking(router=ScriptedRouter(otherwise="help"), message_limit_bytes=100) as conversation:
        await conversation.take_turn("t1", "é" * 50, Listener())
        with pytest.raises(InvalidInput, match="102 bytes; the limit is 100"):
            await conversation.take_turn("t1", "é" * 51, Listener())


async def test_the_longest_allowed_message_is_answered(talking: Opener):
    words = " ".join(f"word{number}" for number in range(7000))
    async with talking() as conversation:
        reply = await conversation.take_turn("t1", f"{HEAT} {words}"[:65_536], Listener())
    assert reply.answer


@pytest.mark.parametrize("thread_id", ["", "x" * 129, "two\nlines", "nul\x00", "\udcff"])
async def test_an_id_that_cannot_be_a_threads_is_refused(talking: Opener, thread_id: str):
    async with talking() as conversation:
        with pytest.raises(InvalidInput, match="thread's id"):
            await conversation.take_turn(thread_id, HEAT, Listener())


async def test_a_thread_is_titled_by_its_first_message(talking: Opener):
    async with talking(router=ScriptedRouter(otherwise="help")) as conversation:
        await conversation.take_turn("t1", "  What\n can   you do?  ", Listener())
        await conversation.take_turn("t1", "And else?", Listener())
        thread = await conversation.threads.get("t1", "default")
    assert (thread.title, thread.turns) == ("What can you do?", 2)


async def test_many_threads_at_once_do_not_mix(talking: Opener):
    questions = {f"t{number}": f"{HEAT} ({number})" for number in range(12)}
    async with talking() as conversation:
        replies = await asyncio.gather(*(conversation.take_turn(t, q, Listener()) for t, q in questions.items()))
        for reply in replies:
            asked, answered = await kept(conversation, reply.thread_id)
            assert asked.message.text == questions[reply.thread_id]
            assert answered.message.text == reply.answer


async def test_a_busy_thread_takes_no_second_turn(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(router=help_after(), model=scripted_model(chat)) as conversation:
        listener = Listener()
        first = asyncio.create_task(conversation.take_turn("t1", HEAT, listener))
        await listener.heard.wait()
        with pytest.raises(Conflict, match="answering in thread t1"):
            await conversation.take_turn("t1", "What can you do?", Listener())
        await conversation.take_turn("t2", "What can you do?", Listener())
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await assert_usable(conversation)


async def test_a_busy_thread_is_not_deleted_and_a_deleted_one_leaves_nothing(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(router=help_after(), model=scripted_model(chat)) as conversation:
        listener = Listener()
        turn = asyncio.create_task(conversation.take_turn("t1", HEAT, listener))
        await listener.heard.wait()
        with pytest.raises(Conflict, match="answering in thread t1"):
            await conversation.delete("t1", "default")
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        await conversation.delete("t1", "default")
        with pytest.raises(NotFound):
            await kept(conversation)
        await conversation.take_turn("t1", "What can you do?", Listener())
        asked, _ = await kept(conversation)
        assert asked.message.text == "What can you do?"


@pytest.mark.integration
async def test_a_thread_busy_in_another_process_is_free_when_that_is_killed(talking: Opener, store: KnowledgeStore):
    command = [sys.executable, "-m", "tests.fakes.slow_turn", str(store.home.root), "t1", HEAT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == "answering\n"
        async with talking(router=help_after()) as conversation:
            with pytest.raises(Conflict, match=f"answering in thread t1 .process {other.pid}"):
                await conversation.take_turn("t1", "What can you do?", Listener())
            other.kill()
            other.wait()
            (asked,) = await kept(conversation)
            assert asked.message.text == HEAT
            reply = await conversation.take_turn("t1", "What can you do?", Listener())
            messages = await kept(conversation)
    assert [saved.message.type for saved in messages] == ["human", "human", "ai"]
    assert messages[-1].message.text == reply.answer


async def test_a_turn_that_takes_too_long_is_ended_and_says_so(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.05, said=[])
    async with talking(router=help_after(), model=scripted_model(chat), turn_limit_s=1.0) as conversation:
        with pytest.raises(OutOfTime, match="longer than 1 s"):
            await conversation.take_turn("t1", HEAT, Listener())
        last = (await kept(conversation))[-1].message
        assert last.additional_kwargs["status"] == "failed"
        assert "longer than 1 s" in last.additional_kwargs["notices"][0]["message"]
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
    router = ScriptedRouter({"boom": ZeroDivisionError("by zero"), "": route_to("help")})
    async with open_conversation(dependencies_on(store, router)) as conversation:
        with pytest.raises(ZeroDivisionError):
            await conversation.take_turn("t1", "boom", Listener())
        await assert_usable(conversation)
    (record,) = [record for record in caplog.records if record.name == "server.chat.conversation"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_cancelling_stops_the_model_and_keeps_what_was_said(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(router=help_after(), model=scripted_model(chat)) as conversation:
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


async def test_cancelling_before_anything_was_said_leaves_an_empty_answer(talking: Opener):
    chat = ScriptedChat(pieces=ENDLESS, next_token_s=0.01, said=[])
    async with talking(router=help_after(), model=scripted_model(chat)) as conversation:
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
        async with talking(router=help_after(), model=resolve_model(settings)) as conversation:
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
        model = resolve_model(settings)
    async with talking(model=model) as conversation:
        reply = await conversation.take_turn("t1", HEAT, Listener())
    assert reply.answer.startswith("From the documents:")
    assert [notice["kind"] for notice in reply.notices] == ["model_failed"]


def test_closing_dependencies_closes_the_store(store: KnowledgeStore):
    dependencies: Dependencies = dependencies_on(store)
    dependencies.close()
    with pytest.raises(Exception, match="closed"):
        store.lexical.search(["heat"], "default", 1)
