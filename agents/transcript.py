"""What has happened in a turn so far, gathered from its events."""

from dataclasses import asdict, dataclass, field
from typing import Any

from agents.events import AnswerDelta, Ended, Ending, Notice, RouteTaken, Sources, ToolFinished, ToolStarted, TurnEvent

__all__ = ["Transcript"]


@dataclass(slots=True)
class Transcript:
    """Grows with each event that it is shown.

    Attributes:
        said: the answer so far.
        route: where the message went; None while nobody has decided.
        tools: call id -> id, name, arguments, and, once it has ended, result and status.
        citations: `agents.events.Citation` as JSON.
        notices: kind and message of each.
        ending: how it ended; approvals are the ids that it waits for.
    """

    said: str = ""
    route: dict[str, Any] | None = None
    tools: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    citations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notices: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    ending: Ending = "done"
    approvals: tuple[str, ...] = ()

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
            case Ended(ending, approvals):
                self.ending, self.approvals = ending, approvals
            case _:
                return
