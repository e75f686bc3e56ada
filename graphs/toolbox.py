"""All tools of a hub, put together in one place."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from memory.settings import Settings
from tools.spec import ToolRuntime, ToolSpec, bind

if TYPE_CHECKING:
    from memory.store import KnowledgeStore
    from tools.catalogue import Catalogue

__all__ = ["all_tools", "open_toolbox"]


def all_tools(
    settings: Settings, store: KnowledgeStore, catalogue: Catalogue, default_model: str
) -> dict[str, ToolSpec]:
    """The tools by name, bound to the store's ledger.

    Args:
        default_model: what the hub itself talks with, as `provider:name`.

    Raises:
        InvalidInput: the settings name an address of no kind that is known.
    """
    from agents.models.serving import Runtimes
    from memory.artifacts import open_artifacts
    from tools.assembly import governance_tools, ledger_tools
    from tools.evaluations import evaluation_tools
    from tools.evidence import open_evidence
    from tools.files import ModelFiles
    from tools.fleet.identity import Identity
    from tools.fleet.packs import pack_tools
    from tools.fleet.tools import fleet_tools
    from tools.gates import Gates
    from tools.knowledge import knowledge_tools
    from tools.licences import licence_tools
    from tools.roster import roster_tools

    gates = Gates(open_evidence(catalogue))
    artifacts, books = open_artifacts(store.home, settings.artifacts_address), ToolRuntime(store.ledger)
    files = ModelFiles(artifacts, store.home.root)
    specs = [
        *knowledge_tools(store.retriever),
        *evaluation_tools(store.ledger),
        *licence_tools(catalogue),
        *roster_tools(catalogue, Runtimes(settings), default_model),
        *ledger_tools(catalogue, gates.keep_production, files),
        *governance_tools(gates),
        *fleet_tools(Identity(store.home.identity), artifacts, settings.device_sync_s),
        *pack_tools(store, artifacts, books),
    ]
    return {spec.name: spec for spec in bind(specs, books)}


@contextmanager
def open_toolbox(settings: Settings) -> Generator[tuple[dict[str, ToolSpec], ToolRuntime]]:
    """The tools of a home, without router, teams and language model, and the books that they are bound to.

    Raises:
        StorageFailed: the home cannot be used.
        InvalidInput, NotFound: the settings name a model that does not exist.
        Unavailable: the embedder is not installed.
    """
    from agents.models.resolve import resolve_model
    from memory.embedding import load_minilm
    from memory.home import open_home
    from memory.store import open_store
    from tools.catalogue import load_catalogue

    home = open_home(settings.home)
    store = open_store(home, lambda: load_minilm(home.cache), settings.ledger_address)
    try:
        model = resolve_model(settings)
        yield all_tools(settings, store, load_catalogue(), str(model.reference)), ToolRuntime(store.ledger)
    finally:
        store.close()
