"""Nodes as steps that the user can follow: each says when it begins and ends."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from langgraph.config import get_stream_writer

from agents.events import Emit, StepFinished, StepStarted

__all__ = ["emitter", "step"]

State = TypeVar("State", bound=Mapping[str, Any])


def emitter() -> Emit:
    """Where the running node sends its events: LangGraph's custom stream."""
    return get_stream_writer()


def step(name: str, node: Callable[[State, Emit], Awaitable[dict[str, Any]]]) -> Any:
    """Make a LangGraph node, an async function of the state, of a function of the state and the place for events."""

    async def run(state: State) -> dict[str, Any]:
        emit = emitter()
        emit(StepStarted(name))
        update = await node(state, emit)
        emit(StepFinished(name))
        return update

    return run
