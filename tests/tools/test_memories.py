"""Memories as tools: with where they were said, each person's own, found by words, gone when forgotten."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore

from edge.kernel.errors import InvalidInput, NotAllowed, NotFound
from memory.memories import MOST_MEMORIES, Memories
from tests.fakes.works import ANN, BOB, START, Works
from tools.calling.context import SaidIn
from tools.memories import RENDERERS, Forgotten, MemoryList, Remembered, memory_tools


@pytest.fixture
def works(works: Works) -> Works:
    works.add(memory_tools(partial(Memories, InMemoryStore())))
    return works


async def texts(works: Works, caller: Any = ANN) -> list[str]:
    listed = await works.call(caller, "memory_list")
    assert isinstance(listed, MemoryList)
    return [one.text for one in listed.memories]


async def test_it_is_kept_with_where_and_when_it_was_said(works: Works) -> None:
    await works.call(replace(ANN, said_in=SaidIn("t1", "m1")), "memory_remember", fact="I work in  hall 3")
    listed: Any = await works.call(ANN, "memory_list")
    (one,) = listed.memories
    assert (one.text, one.kind, one.thread, one.message, one.at) == ("I work in hall 3", "fact", "t1", "m1", START)


async def test_a_preference_replaces_the_one_before(works: Works) -> None:
    await works.call(ANN, "memory_prefer", name="Li", language="zh")
    await works.call(ANN, "memory_prefer", language="en")
    assert sorted(await texts(works)) == ["Li", "en"]


async def test_each_sees_and_forgets_their_own(works: Works) -> None:
    await works.call(ANN, "memory_remember", fact="I work in hall 3")
    assert await texts(works, BOB) == []
    with pytest.raises(NotFound, match="hall 3"):
        await works.call(BOB, "memory_forget", memory="hall 3")
    await works.call(BOB, "memory_forget_all")
    assert await texts(works) == ["I work in hall 3"]


@pytest.mark.parametrize("words", ["I work in hall 3", "i WORK in hall  3", "work in hall 3", "hall 3", "<id>"])
async def test_one_is_forgotten_by_its_words_or_id(works: Works, words: str) -> None:
    kept: Any = await works.call(ANN, "memory_remember", fact="I work in hall 3")
    await works.call(ANN, "memory_remember", fact="I am the safety officer")
    await works.call(ANN, "memory_forget", memory=words.replace("<id>", kept.remembered[0].id))
    assert await texts(works) == ["I am the safety officer"]


async def test_a_preference_is_forgotten_by_its_kind(works: Works) -> None:
    await works.call(ANN, "memory_prefer", name="Li", language="zh")
    await works.call(ANN, "memory_forget", memory="language")
    assert await texts(works) == ["Li"]


async def test_words_of_several_are_asked_about(works: Works) -> None:
    for fact in ("I work in hall 3", "my desk is in hall 3"):
        await works.call(ANN, "memory_remember", fact=fact)
    with pytest.raises(InvalidInput, match="several: “I work in hall 3”"):
        await works.call(ANN, "memory_forget", memory="hall 3")
    assert len(await texts(works)) == 2


@pytest.mark.parametrize("words", ["the", "hall 4", "?"])
async def test_words_of_none_forget_nothing(works: Works, words: str) -> None:
    await works.call(ANN, "memory_remember", fact="I work in hall 3")
    with pytest.raises(NotFound):
        await works.call(ANN, "memory_forget", memory=words)
    assert len(await texts(works)) == 1


async def test_all_is_forgotten_at_once(works: Works) -> None:
    await works.call(ANN, "memory_prefer", name="Li", device="press-1")
    gone: Any = await works.call(ANN, "memory_forget_all")
    assert [one.text for one in gone.forgotten] == ["press-1", "Li"]
    assert await texts(works) == []


async def test_nothing_of_it_is_in_the_ledger(works: Works) -> None:
    await works.call(replace(ANN, idempotency_key="k"), "memory_remember", fact="my desk is in the tower")
    await works.call(replace(ANN, idempotency_key="l"), "memory_forget", memory="tower")
    with works.ledger.database.read() as connection:
        dump = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]
    assert "tower" not in dump
    assert [(tool, outcome) for _, tool, outcome in works.outcomes()] == [
        ("memory_remember", "done"),
        ("memory_forget", "done"),
    ]


@pytest.mark.parametrize(("tool", "arguments"), [("memory_remember", {"fact": " "}), ("memory_prefer", {})])
async def test_nothing_is_not_remembered(works: Works, tool: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="Nothing is to be remembered"):
        await works.call(ANN, tool, **arguments)


async def test_there_is_a_most(works: Works) -> None:
    for number in range(MOST_MEMORIES):
        await works.call(ANN, "memory_remember", fact=f"fact {number}")
    await works.call(ANN, "memory_remember", fact="Fact 0")
    with pytest.raises(InvalidInput, match=f"More than {MOST_MEMORIES}"):
        await works.call(ANN, "memory_remember", fact="one too many")
    assert len(await texts(works)) == MOST_MEMORIES


async def test_who_may_not_chat_has_no_memories(works: Works) -> None:
    nobody = replace(ANN, scopes=ANN.scopes - {"chat:use"})
    for tool in ("memory_list", "memory_forget_all"):
        with pytest.raises(NotAllowed):
            await works.call(nobody, tool)


@pytest.mark.parametrize(("chinese", "says"), [(False, "your name"), (True, "您的称呼")])
async def test_a_person_reads_what_is_remembered(works: Works, chinese: bool, says: str) -> None:
    kept = await works.call(ANN, "memory_prefer", name="Li")
    listed = await works.call(ANN, "memory_list")
    gone = await works.call(ANN, "memory_forget", memory="name")
    for result in (kept, listed, gone):
        assert isinstance(result, Remembered | MemoryList | Forgotten)
        shown = RENDERERS[type(result)](result, chinese)
        assert says in shown
        assert "Li" in shown
    empty = await works.call(ANN, "memory_list")
    assert "Li" not in RENDERERS[MemoryList](empty, chinese)
