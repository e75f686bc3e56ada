"""The typed state of a conversation and of one retrieval; all of it is JSON, so that checkpoints are readable."""

from typing import Annotated, Any

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from agents.events import Ending
from agents.grounding.relevance import Found


class AnswerState(TypedDict, total=False):
    """What the supervisor and the retrieval subgraph share.

    `messages` lasts as long as the thread; `route` is the last turn's until the new one is taken; the other fields
    belong to the current turn and are reset by `route`.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    route: dict[str, Any]
    """`agents.understanding.route.Route` as JSON."""

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


class TurnState(AnswerState, total=False):
    """State of the supervisor. `frame` and `pending` last as long as the thread, the other fields are the turn's."""

    interpretation: dict[str, Any]
    """`agents.understanding.interpretation.Interpretation` as JSON."""

    frame: dict[str, Any]
    """`agents.understanding.frame.Frame` as JSON: what the last turn left."""

    lead: str
    """What was answered before the documents were asked, where a message wants both."""

    pending: list[dict[str, Any]]
    """`agents.teams.outcomes.Pending` as JSON: calls that wait for approvals, which a later turn may make."""

    waits_for: list[str]
    """Ids of the approvals that the turn waits for."""

    ending: Ending
    """How the turn ended."""


class RetrievalState(AnswerState, total=False):
    """State of the retrieval subgraph."""

    passages: list[dict[str, Any]]
    """`memory.documents.passages.Passage` as JSON, best first."""

    found: Found


def last_question(messages: list[AnyMessage], before: int = 0) -> str:
    """Text of the user's last message, or of the one that came `before` messages earlier; empty when there is none."""
    asked = [message for message in messages if message.type == "human"]
    return str(asked[-1 - before].text) if len(asked) > before else ""
