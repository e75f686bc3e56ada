"""Memories in the graph: its store, what the understanding is told of them, and where they were said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graphs.dependencies import Dependencies
from graphs.steps import TurnContext
from graphs.supervisor import build_supervisor
from graphs.understanding import interpret
from memory.memories import Memories, Memory, Preferences
from memory.store import KnowledgeStore
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, calls, helps
from tests.graphs.turns import take_turn

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FACT = "I work in hall 3"


@pytest.fixture
def dependencies(sample_store: KnowledgeStore, tmp_path: Path) -> Iterator[Dependencies]:
    store = copy_store(sample_store, tmp_path / "home")
    remember = calls(("memory_remember", {"fact": FACT}), team="governance")
    yield dependencies_on(store, ScriptedUnderstanding({FACT: remember}, otherwise=helps()))
    store.close()


def own(dependencies: Dependencies) -> Memories:
    return Memories(dependencies.memories, dependencies.caller.tenant, dependencies.caller.principal)


def looks(dependencies: Dependencies) -> list[Preferences]:
    assert isinstance(dependencies.understanding, ScriptedUnderstanding)
    return [look.preferences for look in dependencies.understanding.looks]


async def test_what_was_told_is_kept_with_its_thread_and_message(dependencies: Dependencies) -> None:
    graph = build_supervisor(dependencies, InMemorySaver())
    assert graph.store is dependencies.memories
    turn = await take_turn(graph, f"remember that {FACT}", "t7")
    (memory,) = own(dependencies).all()
    assert (memory.text, memory.thread, memory.message) == (FACT, "t7", turn.state["messages"][0].id)


async def test_every_thread_of_the_person_heeds_it(dependencies: Dependencies) -> None:
    graph = build_supervisor(dependencies, InMemorySaver())
    await take_turn(graph, "hello", "t1")
    own(dependencies).keep(Memory("language", "zh", NOW))
    turn = await take_turn(graph, "hello", "t2")
    assert looks(dependencies) == [Preferences(), Preferences("zh")]
    assert turn.state["preferences"] == {"language": "zh", "device": ""}


async def test_nobody_else_s_threads_do(dependencies: Dependencies) -> None:
    own(dependencies).keep(Memory("language", "zh", NOW))
    graph = build_supervisor(dependencies, InMemorySaver())
    for other in (replace(dependencies.caller, principal="bob"), replace(dependencies.caller, tenant="acme")):
        config = {"configurable": {"thread_id": other.principal + other.tenant}}
        await graph.ainvoke({"text": "hello"}, config, context=TurnContext(other))  # type: ignore[arg-type]
    assert looks(dependencies) == [Preferences(), Preferences()]


async def test_a_message_is_understood_so_outside_a_turn_too(dependencies: Dependencies) -> None:
    own(dependencies).keep(Memory("device", "press-1", NOW))
    await interpret(dependencies, "hello", dependencies.caller)
    assert looks(dependencies) == [Preferences(device="press-1")]
