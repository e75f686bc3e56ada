"""What the graphs are built from, put together in one place from the settings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from graphs.toolbox import all_tools
from memory.settings import Settings, load_settings
from memory.store import KnowledgeStore
from memory.telemetry import silence_third_parties
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec

if TYPE_CHECKING:
    from agents.models.resolve import ResolvedModel
    from agents.router.classifier import Classifier
    from agents.router.router import IntentRouter
    from agents.teams.flow import Teams
    from memory.embedding import Embedder
    from memory.home import Home
    from memory.ledger import Ledger

__all__ = ["Dependencies", "open_dependencies", "open_router", "shared_dependencies"]


@dataclass(frozen=True)
class Dependencies:
    """Everything that a node may need; tests build their own."""

    settings: Settings
    store: KnowledgeStore
    router: IntentRouter
    model: ResolvedModel
    tools: Mapping[str, ToolSpec]
    teams: Teams
    caller: ToolContext = LOCAL_ENGINEER

    @property
    def may_draft(self) -> bool:
        """Whether the model is asked to word answers: `Settings.draft_with`."""
        if self.model.reference.provider == "none" or self.settings.draft_with == "none":
            return False
        return self.model.capable or self.settings.draft_with == "any"

    def close(self) -> None:
        self.store.close()


def open_dependencies(settings: Settings, training: Callable[[], None] | None = None) -> Dependencies:
    """Open the home, the stores, the router and the model.

    Args:
        training: told that the router is being trained, which takes up to a minute, where this home has none yet.

    Raises:
        StorageFailed: the home cannot be used.
        InvalidInput, NotFound: the settings name a model that does not exist.
        Unavailable: the embedder is not installed.
    """
    from agents.models.resolve import resolve_model
    from agents.planner.known import read_known
    from agents.teams.flow import Teams
    from memory.embedding import load_minilm
    from memory.home import open_home
    from memory.store import open_store
    from tools.registry.catalogue import load_catalogue

    model = resolve_model(settings)
    home = open_home(settings.home)
    store = open_store(home, lambda: load_minilm(home.cache), settings.ledger_address)
    router = open_router(settings, home, store.embedder, model, store.ledger, training)
    catalogue = load_catalogue()
    tools = all_tools(settings, store, catalogue, str(model.reference))
    teams = Teams(tools, catalogue, partial(read_known, store.ledger), model)
    return Dependencies(settings, store, router, model, tools, teams)


def open_router(
    settings: Settings,
    home: Home,
    embedder: Embedder,
    model: ResolvedModel,
    ledger: Ledger | None = None,
    training: Callable[[], None] | None = None,
) -> IntentRouter:
    """The intent router; trained, within a minute, where this home has no classifier of the current utterances.

    Args:
        ledger: keeps how good a newly trained classifier is.
        training: told that training begins.
    """
    from agents.router.chooser import ModelChooser
    from agents.router.measure import measure_held_out
    from agents.router.router import load_router

    def record(classifier: Classifier) -> None:
        if ledger is None:
            return
        found = measure_held_out(classifier, embedder)
        row = {
            "id": f"intent-routing-{found.digest[:12]}-{embedder.name}",
            "task": "intent-routing",
            "subject": f"intent classifier on {embedder.name}",
            "dataset": f"held-out utterances {found.digest[:8]}",
            "samples": found.samples,
            "metrics": found.metrics,
            "finished_at": datetime.now(UTC),
        }
        with ledger.unit(LOCAL_ENGINEER.tenant) as unit:
            unit.evaluations.save(row)

    chooser = ModelChooser(model) if model.capable else None
    return load_router(home.cache, embedder, chooser, settings.intent_threshold, record, training)


_shared_lock = threading.Lock()
_shared: list[Dependencies] = []


async def shared_dependencies() -> Dependencies:
    """The dependencies of this process for LangGraph's own server, which asks for each graph anew at each request."""

    def opened() -> Dependencies:
        silence_third_parties()
        with _shared_lock:
            if not _shared:
                _shared.append(open_dependencies(load_settings()))
            return _shared[0]

    return await asyncio.to_thread(opened)
