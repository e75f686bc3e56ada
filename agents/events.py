"""What happens during a turn, as it happens; `server/chat/agui.py` turns it into AG-UI events."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Ending = Literal["done", "asked", "waiting_for_approval", "gate_refused", "refused", "failed"]
"""How a turn ended. asked: with a question back. refused: the order was not acceptable as it was said, or from whom it
came. failed: it was, and could not be done."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement stands.

    Attributes:
        number: 1-based; the mark in the text is `[number]`.
        document_id: key of the document.
        document: its name, a path relative to what was ingested.
        title: its title.
        heading: heading path joined with " > "; may be empty.
        start: first character of the quote, 0-based offset into the document's text, in code points.
        end: one past the last character.
        quote: exactly the document's text from `start` to `end`.
    """

    number: int
    document_id: str
    document: str
    title: str
    heading: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A node of the graph began."""

    step: str
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A node of the graph ended."""

    step: str
    kind: Literal["step_finished"] = "step_finished"


@dataclass(frozen=True, slots=True)
class RouteTaken:
    """The router decided; `route` is `agents.understanding.route.Route` as JSON."""

    route: dict[str, Any]
    kind: Literal["route"] = "route"


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool was called with validated arguments."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    kind: Literal["tool_started"] = "tool_started"


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool returned; `result` is JSON-ready. A failed call has the error's message in it."""

    call_id: str
    result: Any
    failed: bool = False
    kind: Literal["tool_finished"] = "tool_finished"


@dataclass(frozen=True, slots=True)
class DraftDelta:
    """More of a model's draft, which nobody has checked yet."""

    text: str
    kind: Literal["draft"] = "draft"


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """More of the checked answer."""

    text: str
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the answer that the user must know: what is missing from it and why."""

    topic: Literal["partial", "dropped", "model_failed"]
    message: str
    kind: Literal["notice"] = "notice"


@dataclass(frozen=True, slots=True)
class Sources:
    """The citations of the answer, complete."""

    citations: tuple[Citation, ...]
    kind: Literal["sources"] = "sources"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the turn ended, where it is not simply done.

    Attributes:
        approvals: ids that it waits for.
        proposed: calls that a "yes" makes, each with tool, arguments and the order in words.
        choices: names among which the answer to a question back may choose.
    """

    ending: Ending
    approvals: tuple[str, ...] = ()
    proposed: tuple[dict[str, Any], ...] = ()
    choices: tuple[str, ...] = ()
    kind: Literal["ended"] = "ended"


TurnEvent = (
    StepStarted
    | StepFinished
    | RouteTaken
    | ToolStarted
    | ToolFinished
    | DraftDelta
    | AnswerDelta
    | Notice
    | Sources
    | Ended
)
Emit = Callable[[TurnEvent], None]


LAST_STEP = "respond"
"""The step of a turn that says what is left to say."""


@dataclass(slots=True)
class Transcript:
    """What has happened in a turn so far; grows with each event that it is shown.

    Attributes:
        said: the answer so far.
        route: where the message went; None while nobody has decided.
        tools: call id -> id, name, arguments, and, once it has ended, result and status.
        citations: `Citation` as JSON.
        notices: kind and message of each.
        ending: how it ended; approvals are the ids that it waits for, proposed the calls that a "yes" makes.
        choices: names among which the answer to a question back may choose.
        whole: the last step is done: nothing of the answer is missing.
    """

    said: str = ""
    route: dict[str, Any] | None = None
    tools: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    citations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notices: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    ending: Ending = "done"
    approvals: tuple[str, ...] = ()
    proposed: tuple[dict[str, Any], ...] = ()
    choices: tuple[str, ...] = ()
    whole: bool = False

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """The calls that have ended, in the order in which they began."""
        return [call for call in self.tools.values() if "status" in call]

    def show(self, event: TurnEvent) -> None:
        """Take an event in."""
        match event:
            case AnswerDelta(text):
                self.said += text
            case RouteTaken(route):
                self.route = route
            case ToolStarted(call_id, name, arguments):
                self.tools[call_id] = {"id": call_id, "name": name, "arguments": arguments}
            case ToolFinished(call_id, result, failed):
                self.tools[call_id] |= {"result": result, "status": "failed" if failed else "done"}
            case Sources(citations):
                self.citations = [asdict(citation) for citation in citations]
            case Notice(topic, message):
                self.notices.append({"kind": topic, "message": message})
            case Ended(ending, approvals, proposed, choices):
                self.ending, self.approvals, self.proposed, self.choices = ending, approvals, proposed, choices
            case StepFinished(step):
                self.whole = self.whole or step == LAST_STEP
            case _:
                return
