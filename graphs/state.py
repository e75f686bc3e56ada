"""The typed state of a conversation and of one retrieval; all of it is JSON, so that checkpoints are readable."""

from typing import Annotated, Any, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from agents.events import Ending
from agents.grounding.relevance import Found

__all__ = ["RetrievalState", "TurnState", "last_question"]


class TurnState(TypedDict, total=False):
    """State of the supervisor.

    `messages`, `focus` and `pending` last as long as the thread; `route` is the last turn's until the new one is taken;
    the other fields belong to the current turn and are reset by `route`.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    route: dict[str, Any]
    """`agents.router.router.Route` as JSON."""

    plan: dict[str, Any] | None
    """`agents.planner.plan.Plan` as JSON, where `route` planned the message; the team makes it else."""

    focus: list[str]
    """Catalogue ids that the last turn was about."""

    pending: list[dict[str, Any]]
    """`agents.teams.outcomes.Pending` as JSON: calls that turns left undone, which a later one may make."""

    waits_for: list[str]
    """Ids of the approvals that the turn waits for."""

    ending: Ending
    """How the turn ended."""

    question: str
    """What the turn asks, standing alone: the message, with the question before it where it only makes sense so."""

    answer: str
    citations: list[dict[str, Any]]
    """`agents.events.Citation` as JSON."""

    tool_calls: list[dict[str, Any]]
    """id, name, arguments, result and status of each tool call."""

    notices: list[dict[str, str]]
    """kind and message of each thing that the user must know about the answer."""

    streamed: bool
    """Whether the answer was emitted while it was made."""


class RetrievalState(TypedDict, total=False):
    """State of the retrieval subgraph; shares `question` and the answer's fields with the supervisor."""

    messages: Annotated[list[AnyMessage], add_messages]
    question: str
    route: dict[str, Any]
    passages: list[dict[str, Any]]
    """`memory.documents.passages.Passage` as JSON, best first."""

    found: Found
    answer: str
    citations: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    notices: list[dict[str, str]]
    streamed: bool


def last_question(messages: list[AnyMessage], before: int = 0) -> str:
    """Text of the user's last message, or of the one that came `before` messages earlier; empty when there is none."""
    asked = [message for message in messages if message.type == "human"]
    return str(asked[-1 - before].text) if len(asked) > before else ""
