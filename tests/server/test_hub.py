"""The composition root."""

import ast
from pathlib import Path

import pytest

from agents.understanding.entities import KnownEntities
from agents.understanding.frame import Frame
from agents.understanding.interpretation import PlannedCall
from agents.understanding.parsed_message import parse_message
from agents.understanding.understanding import Look
from memory.settings import Settings
from memory.store import KnowledgeStore
from server.hub import Components, open_components
from tests.fakes.dependencies import components_on

ROOT = Path(__file__).parents[2]
OPENERS = {"load_minilm", "open_evidence", "open_ledger", "open_memories", "open_store", "resolve_model"}


def imported(path: Path) -> set[str]:
    """The names that a module imports from others, wherever it does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_nothing_else_in_the_server_or_the_graphs_opens_a_ledger_a_store_or_a_model() -> None:
    paths = [path for room in ("server", "graphs") for path in (ROOT / room).rglob("*.py")]
    opening = {str(path.relative_to(ROOT)) for path in paths if imported(path) & OPENERS}
    assert opening == {"server/hub.py"}


def test_nothing_is_opened_before_it_is_asked_for(settings: Settings) -> None:
    with open_components(settings) as hub:
        assert not settings.home.exists()
        assert hub.ledger_tools["roster_list"].runtime is not None
        assert {"store", "model", "memories", "embedder", "operations", "understanding"}.isdisjoint(vars(hub))


def test_closing_closes_what_was_opened(store: KnowledgeStore) -> None:
    hub = components_on(store)
    assert hub.store is store
    hub.close()
    with pytest.raises(Exception, match="closed"):
        store.lexical.search(["heat"], "default", 1)


def test_the_crews_have_the_models_that_the_settings_name(store: KnowledgeStore) -> None:
    hub = components_on(store, model="openai:one", crew_models="openai:two", openai_api_key="k")
    teams = hub.dependencies.teams
    assert [str(model.reference) for model in (teams.model, *teams.more_models) if model] == [
        "openai:one",
        "openai:two",
    ]
    assert all(model.build is not None for model in teams.more_models)


def test_closing_the_ledger_alone(settings: Settings) -> None:
    with open_components(settings) as hub:
        ledger = hub.ledger
        assert ledger.documents.count("default") == (0, 0)
    hub = Components(settings)
    hub.close()
    assert set(vars(hub)) == {"settings"}


async def test_a_message_is_understood_by_the_shipped_weights_of_the_tools_that_there_are(
    store: KnowledgeStore,
) -> None:
    hub = components_on(store)
    said = parse_message("licence of phi-4-mini", KnownEntities(), hub.catalogue)
    look = Look(said, Frame(), KnownEntities(), frozenset(hub.operations.talk), "nothing", 0.0, said.text)
    found = await hub.understanding.interpret(look)
    assert found.calls == (PlannedCall("licence_lookup", {"model": "phi-4-mini"}),)
    assert hub.dependencies.spoken == frozenset(hub.operations.talk) < set(hub.tools)
    assert hub.dependencies.understanding is hub.understanding


def test_a_tool_is_the_same_with_and_without_the_documents(store: KnowledgeStore) -> None:
    hub = components_on(store)
    beside = set(hub.tools) - set(hub.ledger_tools)
    assert beside == {"knowledge_search", "pack_build"}
    assert set(hub.ledger_tools) < set(hub.tools)
