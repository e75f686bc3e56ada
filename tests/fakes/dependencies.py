"""What the graphs are built from, put together by the test: real stores and tools, a scripted understanding and model."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from langgraph.store.memory import InMemoryStore

from agents.models.probe import Runtimes
from agents.models.resolve import ResolvedModel, resolve_model
from agents.teams.turn import Teams
from agents.understanding.entities import read_entities
from agents.understanding.examples import load_talk
from agents.understanding.understanding import Understanding
from evals.evaluations import evaluation_tools
from graphs.dependencies import Dependencies
from memory.artifacts import open_artifacts
from memory.home import open_home
from memory.memories import Memories
from memory.settings import Settings
from memory.store import KnowledgeStore, open_store
from server.hub import Components
from tests.fakes.offline import offline_settings
from tests.fakes.understandings import ScriptedUnderstanding
from tools.governance.licence_tools import licence_tools
from tools.knowledge.search import knowledge_tools
from tools.memories import memory_tools
from tools.registry.catalogue import load_catalogue
from tools.registry.roster import roster_tools
from tools.serving.assembly import open_serving
from tools.spec import ToolRuntime, bind

__all__ = ["components_of", "components_on", "copy_home", "copy_store", "dependencies_on", "with_tool"]


def copy_home(store: KnowledgeStore, to: Path) -> Path:
    """A home of the test's own with everything that `store` has; nobody may be writing to `store`."""
    return shutil.copytree(store.home.root, to, ignore=shutil.ignore_patterns("locks"))


def copy_store(store: KnowledgeStore, to: Path) -> KnowledgeStore:
    """The same, opened; close it."""
    return open_store(open_home(copy_home(store, to)), lambda: store.embedder)


def dependencies_on(
    store: KnowledgeStore,
    understanding: Understanding | None = None,
    model: ResolvedModel | None = None,
    serving_as: Settings | None = None,
    **settings: Any,
) -> Dependencies:
    """Dependencies with the real tools on `store`, and no language model unless one is given.

    Args:
        serving_as: settings that name a model, which is then asked over the hub's serving.
    """
    base = serving_as or offline_settings()
    chosen = base.model_copy(update={"home": store.home.root, **settings})
    serving = open_serving(chosen, store.ledger, open_artifacts(store.home, chosen.artifacts_address), {})
    model = model or resolve_model(chosen).over(serving)
    catalogue = load_catalogue()
    memories = InMemoryStore()
    specs = [
        *knowledge_tools(store.retriever),
        *bind(memory_tools(partial(Memories, memories)), ToolRuntime(store.ledger)),
        *evaluation_tools(store.ledger),
        *licence_tools(catalogue),
        *roster_tools(catalogue, Runtimes(chosen), str(model.reference)),
    ]
    tools = {spec.name: spec for spec in specs}
    talk = load_talk(tools)
    return Dependencies(
        chosen,
        store,
        understanding or ScriptedUnderstanding(),
        partial(read_entities, store.ledger),
        catalogue,
        model,
        tools,
        frozenset(talk),
        Teams(tools, talk),
        serving,
        memories,
    )


def components_on(store: KnowledgeStore, **settings: Any) -> Components:
    """A hub's parts on `store`, with no language model unless one is named; close the store."""
    components = Components(offline_settings(home=store.home.root, **settings))
    components.home, components.ledger, components.embedder = store.home, store.ledger, store.embedder
    components.store = store
    return components


def components_of(dependencies: Dependencies) -> Components:
    """A hub's parts whose graphs are built from these dependencies."""
    components = components_on(dependencies.store)
    components.settings, components.dependencies = dependencies.settings, dependencies
    return components


def with_tool(dependencies: Dependencies, name: str, run: Callable[..., Any]) -> Dependencies:
    """The same, where the tool of that name runs another function."""
    tools = {**dependencies.tools, name: replace(dependencies.tools[name], run=run)}
    return replace(dependencies, tools=tools, teams=replace(dependencies.teams, tools=tools))
