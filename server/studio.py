"""The graphs in LangGraph's own server, as Studio runs them (`langgraph.json`).

It brings its own checkpointer, and takes the store of the home.
"""

import asyncio
import threading
from functools import cache
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from graphs.dependencies import Dependencies
from graphs.retrieval import build_retrieval
from graphs.supervisor import build_supervisor
from memory.settings import load_settings
from server.hub import Components
from server.process import silence_third_parties

_one_at_a_time = threading.Lock()


async def make_supervisor() -> CompiledStateGraph[Any, Any, Any, Any]:
    """The supervisor; its input is {"messages": [...]} or {"text": ...}."""
    return build_supervisor(await _dependencies())


async def make_retrieval() -> CompiledStateGraph[Any, Any, Any, Any]:
    """The retrieval subgraph; its input is {"question": ...} or {"messages": [...]}."""
    return build_retrieval(await _dependencies(), alone=True)


def make_store() -> BaseStore:
    """What people told about themselves, in the home as for every other entry."""
    with _one_at_a_time:
        return _components().memories


async def _dependencies() -> Dependencies:
    """Those of this process: the server asks for each graph anew at each request."""

    def opened() -> Dependencies:
        with _one_at_a_time:
            return _components().dependencies

    return await asyncio.to_thread(opened)


@cache
def _components() -> Components:
    silence_third_parties()
    return Components(load_settings())
