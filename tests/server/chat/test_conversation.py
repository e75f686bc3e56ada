"""One turn of a conversation: what it refuses and keeps, and that one at a time runs in a thread."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agents.understanding.interpretation import Interpretation
from edge.kernel.errors import Conflict, InvalidInput, NotFound, StorageFailed
from memory.store import KnowledgeStore
from memory.threads import open_threads
from server.chat.conversation import Conversation, open_conversation
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on
from tests.fakes.threads import SlowThreads
from tests.fakes.understandings import ScriptedUnderstanding, asks, calls, declines, documents, helps, to
from tests.server.chat.turns import (
    ENDLESS,
    HEAT,
    Listener,
    Opener,
    assert_usable,
    help_after,
    kept,
)
from tools.calling.context import ToolRuntime
from tools.spec import bind
from tools.tenancy import key_tools

ROOT = Path(__file__).parents[3]


async def test_nothing_is_decided_or_said_before_the_question_is_kept(store: KnowledgeStore):
    async with open_threads(store.home.threads, store.ledger) as threads:
        may_keep, listener = asyncio.Event(), Listener()
        conversation = Conversation(dependencies_on(store), SlowThreads(threads, may_keep))
        turn = asyncio.create_task(conversation.take_turn("t", HEAT, listener))
        await asyncio.sleep(0.5)
        assert listener.events == []
        may_keep.set()
        assert "85 °C" in (await turn).answer


async def test_a_key_is_told_once_and_not_kept_in_the_thread(store: KnowledgeStore):
    understanding = ScriptedUnderstanding({
        "key": calls(("api_key_issue", {"principal": "bob", "scopes": ["roster:read"]}), team="governance"),
        "": helps(),
    })  # fmt: skip
    found = dependencies_on(store, understanding)
    tools = {**found.tools, **{one.name: one for one in bind(key_tools(), ToolRuntime(store.ledger))}}
    dependencies = replace(found, tools=tools, teams=replace(found.teams, tools=tools))
    async with open_conversation(dependencies) as conversation:
        listener = Listener()
        result = await conversation.take_turn("t1", "a key for bob", listener)
        (key,) = re.findall(r"chk_[0-9a-f]+_[\w-]{20,}", listener.answer)
        assert key in result.answer
        assert key not in str(result.tool_calls)
        assert key not in str(await kept(conversation))
        await assert_usable(conversation)
    kept_files = [path for path in store.home.root.rglob("*") if path.is_file()]
    assert [path.name for path in kept_files if key.encode() in path.read_bytes()] == []


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
    async with talking(understanding=ScriptedUnderstanding(otherwise=helps()), message_limit_bytes=100) as conversation:
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
    async with talking(understanding=ScriptedUnderstanding(otherwise=helps())) as conversation:
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
    async with talking(understanding=help_after(), model=scripted_model(chat)) as conversation:
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
    async with talking(understanding=help_after(), model=scripted_model(chat)) as conversation:
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
        async with talking(understanding=help_after()) as conversation:
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


@pytest.mark.parametrize("last", [documents(), asks("Which one?"), to("governance"), declines()])
async def test_a_turn_is_one_durable_write_whatever_it_ends_with(talking: Opener, last: Interpretation):
    understanding = ScriptedUnderstanding({"pause": asks("Which version?")}, last)
    async with talking(understanding=understanding) as conversation:
        for message in ("pause it", HEAT):
            await conversation.take_turn("t1", message, Listener())
        with closing(sqlite3.connect(conversation.dependencies.store.home.threads)) as threads:
            counts = threads.execute("SELECT (SELECT count(*) FROM checkpoints), (SELECT count(*) FROM writes)")
            written = counts.fetchone()
    assert written == (2, 0)
