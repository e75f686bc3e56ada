import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

from edge.kernel.errors import NotFound
from memory.home import Home
from memory.ledger import open_ledger
from memory.threads import ThreadStore, open_threads


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


async def echo(state: Talk) -> dict[str, Any]:
    return {"messages": [AIMessage(f"heard {state['messages'][-1].text}")]}


@pytest.fixture
async def store(home: Home) -> AsyncIterator[ThreadStore]:
    ledger = open_ledger(home.ledger)
    async with open_threads(home.threads, ledger) as opened:
        yield opened
    ledger.close()


async def say(store: ThreadStore, thread: str, text: str) -> None:
    graph = StateGraph(Talk).add_node("echo", echo).add_edge(START, "echo").add_edge("echo", END)
    asked = await store.begin_turn(thread, "default", text)
    compiled = graph.compile(checkpointer=store.checkpointer)
    await compiled.ainvoke({"messages": asked}, {"configurable": {"thread_id": thread}}, durability="exit")


async def said(store: ThreadStore, thread: str) -> list[str]:
    return [str(entry.message.text) for entry in await store.messages(thread, "default")]


async def test_a_thread_is_kept_with_the_beginning_of_its_first_message(store: ThreadStore) -> None:
    await say(store, "t", "hello  there\n" + "x" * 200)
    await say(store, "t", "again")
    thread = await store.get("t", "default")
    assert thread.title.startswith("hello there xxx")
    assert len(thread.title) == 80
    assert thread.turns == 2
    assert (await said(store, "t"))[2:] == ["again", "heard again"]


async def test_a_question_whose_turn_was_killed_stays(store: ThreadStore) -> None:
    await say(store, "t", "one")
    await store.begin_turn("t", "default", "killed")
    assert await said(store, "t") == ["one", "heard one", "killed"]
    await say(store, "t", "two")
    assert await said(store, "t") == ["one", "heard one", "killed", "two", "heard two"]
    await store.begin_turn("new", "default", "killed at once")
    assert await said(store, "new") == ["killed at once"]


async def test_a_fork_has_everything_up_to_a_message_and_then_goes_its_own_way(store: ThreadStore) -> None:
    await say(store, "t", "one")
    await say(store, "t", "two")
    at = (await store.messages("t", "default"))[1].checkpoint_id
    assert at is not None
    fork = await store.fork("t", "default", at)
    await say(store, fork.id, "three")
    await say(store, "t", "four")
    assert await said(store, fork.id) == ["one", "heard one", "three", "heard three"]
    assert await said(store, "t") == ["one", "heard one", "two", "heard two", "four", "heard four"]
    again = (await store.messages(fork.id, "default"))[1].checkpoint_id
    assert again is not None
    assert await said(store, (await store.fork(fork.id, "default", again)).id) == ["one", "heard one"]


async def test_deleting_leaves_nothing_of_the_thread(store: ThreadStore, home: Home) -> None:
    await say(store, "t", "a secret")
    await say(store, "u", "stays")
    await store.delete("t", "default")
    with pytest.raises(NotFound):
        await store.messages("t", "default")
    with closing(sqlite3.connect(home.threads)) as connection:
        assert connection.execute("SELECT DISTINCT thread_id FROM checkpoints").fetchall() == [("u",)]
        assert ("t",) not in connection.execute("SELECT DISTINCT thread_id FROM writes").fetchall()


async def test_another_tenant_sees_no_thread(store: ThreadStore) -> None:
    await say(store, "t", "mine")
    assert await store.all("other") == []
    for call in (store.get, store.messages, store.delete):
        with pytest.raises(NotFound):
            await call("t", "other")
    with pytest.raises(NotFound):
        await store.fork("t", "other", "whatever")
    with pytest.raises(NotFound, match="no checkpoint"):
        await store.fork("t", "default", "1f000000-0000-6000-8000-000000000000")


async def test_threads_are_there_after_a_restart(home: Home, tmp_path: Path) -> None:
    ledger = open_ledger(home.ledger)
    async with open_threads(home.threads, ledger) as first:
        await say(first, "t", "remember me")
    async with open_threads(home.threads, ledger) as second:
        assert await said(second, "t") == ["remember me", "heard remember me"]
    ledger.close()
