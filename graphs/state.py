"""The typed state of a conversation and of one retrieval; all of it is JSON, so that checkpoints are readable."""

from typing import Annotated, Any, Literal

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue, UntrackedValue
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from agents.events import Ending
from agents.grounding.relevance import Found
from edge.kernel.errors import InvalidInput
from graphs.steps import told_outside


def take_messages(kept: Any, added: Any) -> Any:
    """As LangGraph's `add_messages`. Raises InvalidInput: what is added are no messages."""
    try:
        return add_messages(kept, added)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        refusal = InvalidInput("These are no messages.", 'Give {"role": "user", "content": TEXT}, or `text`.')
        raise told_outside(refusal) from error


class TurnInput(TypedDict, total=False):
    """What begins a turn: a new message of the user, or just its text."""

    messages: Annotated[list[AnyMessage], take_messages]
    text: Annotated[str, EphemeralValue]


class TurnOutput(TypedDict, total=False):
    """What a turn gives; the fields are those of the state."""

    messages: Annotated[list[AnyMessage], take_messages]
    route: dict[str, Any]
    answer: str
    citations: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    notices: list[dict[str, str]]
    ending: Ending
    waits_for: list[str]


class RetrievalInput(TypedDict, total=False):
    """What the retrieval subgraph is asked: a question, or a conversation that ends with one."""

    messages: Annotated[list[AnyMessage], take_messages]
    question: str


class AnswerState(TypedDict, total=False):
    """What the supervisor and the retrieval subgraph share.

    `messages` lasts as long as the thread; `route` is the last turn's until the new one is taken; the other fields
    belong to the current turn and are reset by `understanding`.
    """

    messages: Annotated[list[AnyMessage], take_messages]
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

    text: Annotated[str, EphemeralValue]
    """A message of the input that has not been added to `messages` yet; nothing of it is left for another run."""

    look: dict[str, Any]
    """What the documents have on the message: question, found, evidence and heading; see `Look`."""

    preferences: dict[str, Any]
    """`memory.memories.Preferences` as JSON: what the caller told before that is heeded."""

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

    waits_at: Literal["", "approval", "question"]
    """The node at which the run is interrupted once the turn has been answered; empty where it ends."""

    ending: Ending
    """How the turn ended."""


class TeamState(TurnState, total=False):
    """State of a team's subgraph. What its tools gave is typed, or an error, and as large as it is: it lasts as long as
    the turn, and no checkpoint has it.
    """

    outcomes: Annotated[Any, UntrackedValue]
    """An `agents.teams.outcomes.Outcome` for each call."""

    known: Annotated[Any, UntrackedValue]
    """`agents.understanding.entities.KnownEntities`, as they were before the tools were called."""

    thought: Annotated[Any, UntrackedValue]
    """`agents.teams.crew.Deliberation`, where the crew came to one."""


class RetrievalState(AnswerState, total=False):
    """State of the retrieval subgraph."""

    passages: list[dict[str, Any]]
    """`memory.documents.passages.Passage` as JSON, best first."""

    found: Found
    drafts: bool
    """Whether a model words the answer."""
