"""Nodes as steps that the user can follow, and the run context that they read."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langgraph.runtime import Runtime

from agents.events import StepFinished, StepStarted
from tools.calling.context import ToolContext

Node = Callable[[Any, Runtime[Any]], Awaitable[dict[str, Any]]]
"""A function of the state and the run, whose stream takes turn events; gives what it changes in the state."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The run context of a turn in this process: in whose name its tools are called."""

    caller: ToolContext


def turn_caller(runtime: Runtime[Any], default: ToolContext) -> ToolContext:
    """Who takes the running turn; `default` where the run does not say, or comes from outside this process."""
    return runtime.context.caller if isinstance(runtime.context, TurnContext) else default


def step(name: str, node: Node) -> Any:
    """Make a LangGraph node that writes to the run's custom stream when it begins and when it ends."""

    async def run(state: Mapping[str, Any], runtime: Runtime[Any]) -> dict[str, Any]:
        runtime.stream_writer(StepStarted(name))
        update = await node(state, runtime)
        runtime.stream_writer(StepFinished(name))
        return update

    return run
