"""Turns through a compiled supervisor, as the tests look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from agents.events import AnswerDelta, StepFinished, StepStarted, TurnEvent

__all__ = ["Turn", "take_turn"]


@dataclass(frozen=True)
class Turn:
    """What a turn left in the thread, and what it told while it ran."""

    state: dict[str, Any]
    events: Sequence[TurnEvent]

    @property
    def message(self) -> AIMessage:
        """The thread's last message, which is the answer."""
        message = self.state["messages"][-1]
        assert isinstance(message, AIMessage)
        return message

    @property
    def steps(self) -> list[str]:
        """Names of the steps in the order in which they began."""
        return [event.step for event in self.events if isinstance(event, StepStarted)]

    @property
    def finished_steps(self) -> list[str]:
        return [event.step for event in self.events if isinstance(event, StepFinished)]

    @property
    def streamed(self) -> str:
        """The answer as it was emitted."""
        return "".join(event.text for event in self.events if isinstance(event, AnswerDelta))

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


async def take_turn(graph: Any, text: str, thread_id: str = "t1") -> Turn:
    """One message through a supervisor that has a checkpointer."""
    config = {"configurable": {"thread_id": thread_id}}
    stream = graph.astream({"messages": [HumanMessage(text)]}, config, stream_mode="custom", subgraphs=True)
    events = [event async for _, event in stream]
    return Turn((await graph.aget_state(config)).values, events)
