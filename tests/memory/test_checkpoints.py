"""What a long thread takes: each message once, whatever wrote it; the graph and readers see it whole."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from memory.checkpoints import open_checkpoints
from memory.home import Home
from memory.ledger import open_ledger
from memory.ledger.threads import Thread
from memory.threads import ThreadStore, open_threads

LONG = "long words " * 100


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    turn: int


async def echo(state: Talk) -> dict[str, Any]:
    said = AIMessage(
        f"heard {state['messages'][-1].text}", additional_kwargs={"route": {"one": 1.5, "é": [None, True]}}
    )
    return {"messages": [said], "turn": len(state["messages"])}


def graph(checkpointer: Any) -> Any:
    return (
        StateGraph(Talk)
        .add_node("echo", echo)
        .add_edge(START, "echo")
        .add_edge("echo", END)
        .compile(checkpointer=checkpointer)
    )


def config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


async def say(store: ThreadStore, text: str, thread: str = "t") -> None:
    asked = await store.begin_turn(thread, "default", text)
    await graph(store.checkpointer).ainvoke({"messages": asked}, config(thread), durability="exit")


async def said(store: ThreadStore, thread: str = "t") -> list[str]:
    return [str(entry.message.text) for entry in await store.messages(thread, "default")]


@pytest.fixture
async def store(home: Home) -> AsyncIterator[ThreadStore]:
    ledger = open_ledger(home.ledger)
    async with open_threads(home.threads, ledger) as opened:
        yield opened
    ledger.close()


def rows(home: Home, query: str) -> list[Any]:
    with closing(sqlite3.connect(home.threads)) as connection:
        return connection.execute(query).fetchall()


def size(home: Home) -> int:
    return rows(home, "SELECT coalesce(sum(length(checkpoint)), 0) FROM checkpoints")[0][0] + sum(
        row[0] for row in rows(home, "SELECT length(value) FROM messages")
    )


async def test_what_is_kept_grows_with_the_turns_and_not_with_their_square(store: ThreadStore, home: Home) -> None:
    for number in range(10):
        await say(store, f"{number} {LONG}")
    ten = size(home)
    for number in range(10, 40):
        await say(store, f"{number} {LONG}")
    assert size(home) < 4.5 * ten
    assert rows(home, "SELECT count(*) FROM messages") == [(80,)]
    assert len(await said(store)) == 80


async def test_every_checkpoint_is_read_whole(store: ThreadStore) -> None:
    for text in ("one", "two", "three"):
        await say(store, text)
    compiled = graph(store.checkpointer)
    counts = [len(state.values["messages"]) async for state in compiled.aget_state_history(config("t"))]
    assert counts == [6, 4, 2]
    state = await compiled.aget_state(config("t"))
    assert state.values["messages"][-1].additional_kwargs == {"route": {"one": 1.5, "é": [None, True]}}
    assert state.values["turn"] == 5


async def test_messages_that_are_changed_or_removed_are_so_from_then_on_and_not_before(store: ThreadStore) -> None:
    for text in ("one", "two", "three"):
        await say(store, text)
    compiled = graph(store.checkpointer)
    kept = [entry.message for entry in await store.messages("t", "default")]
    changes = [RemoveMessage(id=str(kept[1].id)), HumanMessage("two, but better", id=kept[2].id)]
    await compiled.aupdate_state(config("t"), {"messages": changes}, as_node="echo")
    assert await said(store) == ["one", "two, but better", "heard two", "three", "heard three"]
    await say(store, "four")
    assert (await said(store))[-3:] == ["heard three", "four", "heard four"]
    history = [state async for state in compiled.aget_state_history(config("t"))]
    assert [message.text for message in history[2].values["messages"]][:3] == ["one", "heard one", "two"]


async def test_a_fork_takes_nothing_of_what_came_after_it(store: ThreadStore, home: Home) -> None:
    for text in ("one", "two", "a secret"):
        await say(store, text)
    at = (await store.messages("t", "default"))[3].checkpoint_id
    assert at is not None
    fork = await store.fork("t", "default", at)
    assert await said(store, fork.id) == ["one", "heard one", "two", "heard two"]
    assert rows(home, f"SELECT count(*) FROM messages WHERE thread_id = '{fork.id}'") == [(4,)]
    assert [entry.checkpoint_id is not None for entry in await store.messages(fork.id, "default")] == [False, True] * 2


async def written_before(home: Home, turns: int) -> None:
    """A thread as a version before this one wrote it: all messages in each checkpoint."""
    ledger = open_ledger(home.ledger)
    with closing(sqlite3.connect(home.threads, check_same_thread=False)) as connection:
        saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        compiled = graph(awaited(saver))
        for number in range(turns):
            asked = {"messages": [HumanMessage(f"{number} {LONG}")]}
            await compiled.ainvoke(asked, config("t"), durability="exit")
    ledger.threads.save(Thread("t", "default", "old", turns, datetime.now(UTC)))
    ledger.close()


def awaited(saver: SqliteSaver) -> SqliteSaver:
    class Asynchronous(SqliteSaver):
        async def aget_tuple(self, config: Any) -> Any:
            return self.get_tuple(config)

        async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
            return self.put(config, checkpoint, metadata, new_versions)

        async def aput_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
            self.put_writes(config, writes, task_id, task_path)

    return Asynchronous(saver.conn, serde=saver.serde)


async def test_a_thread_of_an_older_home_is_read_goes_on_and_shrinks(home: Home) -> None:
    await written_before(home, 40)
    before = home.threads.stat().st_size
    ledger = open_ledger(home.ledger)
    async with open_threads(home.threads, ledger) as store:
        messages = await store.messages("t", "default")
        assert len(messages) == 80
        assert [entry.checkpoint_id is not None for entry in messages] == [False, True] * 40
        await say(store, "and now")
        at = messages[19].checkpoint_id
        assert at is not None
        fork = await store.fork("t", "default", at)
        async with asyncio.timeout(20):
            while store.checkpointer.old() or home.threads.stat().st_size > before / 5:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        again = await store.messages("t", "default")
        assert [entry.message.text for entry in again[:80]] == [entry.message.text for entry in messages]
        assert [entry.checkpoint_id for entry in again[:80]] == [entry.checkpoint_id for entry in messages]
        assert (await said(store))[80:] == ["and now", "heard and now"]
        assert len(await said(store, fork.id)) == 20
        await say(store, "in the fork", fork.id)
        assert len(await said(store, fork.id)) == 22
    ledger.close()


async def test_a_stop_in_the_midst_of_shrinking_loses_nothing(home: Home) -> None:
    await written_before(home, 20)
    for _ in range(3):
        ledger = open_ledger(home.ledger)
        async with open_threads(home.threads, ledger) as store:
            await asyncio.sleep(0.01)
        async with open_threads(home.threads, ledger) as store:
            assert len(await said(store)) == 40
        ledger.close()


async def test_a_deleted_thread_gives_back_its_space(store: ThreadStore, home: Home) -> None:
    for number in range(30):
        await say(store, f"{number} {LONG}")
    await store.delete("t", "default")
    assert rows(home, "SELECT count(*) FROM messages") == [(0,)]
    assert rows(home, "SELECT count(*) FROM spans") == [(0,)]
    assert rows(home, "PRAGMA freelist_count")[0][0] < 5


async def test_an_older_home_that_cannot_be_written_to_is_read_as_it_is(home: Home) -> None:
    await written_before(home, 3)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{home.threads}?mode=ro", uri=True, check_same_thread=False)

    with closing(connect()) as writing, closing(connect()) as reading:
        checkpoints = open_checkpoints(writing, reading)
        latest = await checkpoints.alatest("t")
        assert latest is not None
        assert len(latest.messages) == 6
        assert checkpoints.old() == []
