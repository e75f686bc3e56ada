"""The warm-up takes a document question's steps while the hub listens; nobody is told, and nothing of it is kept."""

import asyncio
import threading

import pytest

from memory.store import KnowledgeStore
from server.warming import warm_up, warming
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, documents


async def test_it_searches_and_understands_and_leaves_nothing(store: KnowledgeStore):
    chat, understanding = ScriptedChat(pieces=["no"], said=[]), ScriptedUnderstanding(otherwise=documents())
    dependencies = dependencies_on(store, understanding, scripted_model(chat))
    with store.ledger.view("default") as unit:
        before = unit.audit.entries()
    with warming(dependencies, understanding, lambda: None) as begin:
        await asyncio.to_thread(begin)
    assert chat.said == []
    assert store.ledger.threads.all("default") == []
    with store.ledger.view("default") as unit:
        assert unit.audit.entries() == before


async def test_a_home_without_documents_is_warmed_too(store: KnowledgeStore):
    await warm_up(dependencies_on(store, ScriptedUnderstanding(otherwise=documents())))


def test_it_goes_on_beside_whoever_began_it_and_has_ended_with_the_block(store: KnowledgeStore):
    who, understanding = list[str](), ScriptedUnderstanding(otherwise=documents())
    with warming(dependencies_on(store, understanding), understanding, lambda: who.append(_name())) as begin:
        begin()
    assert who == ["warm-up"]


def test_a_hub_that_never_listened_is_not_warmed(store: KnowledgeStore):
    understanding = ScriptedUnderstanding(otherwise=documents())
    with warming(dependencies_on(store, understanding), understanding, lambda: pytest.fail("it was")):
        pass


def _name() -> str:
    return threading.current_thread().name
