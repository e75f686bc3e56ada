"""Nodes as steps that the user can follow: each says when it begins and ends."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from langgraph.runtime import Runtime, get_runtime

from agents.events import Emit, StepFinished, StepStarted
from tools.spec import ToolContext

__all__ = ["TurnContext", "emitter", "step", "turn_caller"]

State = TypeVar("State", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The run context of a caller in this process: LangGraph's stream would cost it 0.2 ms an event.

    Attributes:
        emit: called on the event loop's thread.
        caller: who takes the turn; None for whom the graph was made for.
    """

    emit: Emit
    caller: ToolContext | None = None


def emitter() -> Emit:
    """Where the running node sends its events: the run's `TurnContext`, else LangGraph's custom stream."""
    runtime: Runtime[Any] = get_runtime()
    return runtime.context.emit if isinstance(runtime.context, TurnContext) else runtime.stream_writer


def turn_caller(default: ToolContext) -> ToolContext:
    """Who takes the running turn; `default` where the run does not say."""
    runtime: Runtime[Any] = get_runtime()
    context = runtime.context
    return context.caller if isinstance(context, TurnContext) and context.caller is not None else default


def step(name: str, node: Callable[[State, Emit], Awaitable[dict[str, Any]]]) -> Any:
    """Make a LangGraph node, an async function of the state, of a function of the state and the place for events."""

    async def run(state: State) -> dict[str, Any]:
        emit = emitter()
        emit(StepStarted(name))
        update = await node(state, emit)
        emit(StepFinished(name))
        return update

    return run
