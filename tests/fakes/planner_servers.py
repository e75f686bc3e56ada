"""An OpenAI-compatible server that plans as a capable model would: the plan of a message is written down."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.model_servers import Behaviour, FakeServer, Handler, Received, openai_pieces, serve

__all__ = ["NOTHING", "PlannerServer", "plan", "serve_planner"]

NOTHING: Mapping[str, Any] = {
    "mood": "talk", "calls": [], "between": [], "document_query": "", "help": False, "decline": True
}  # fmt: skip
"""The plan for a message that has none."""


@dataclass
class PlannerServer:
    """A running server. `plans` may be changed at any time; a plan that is a string is sent as it is.

    Attributes:
        delay_s: waits so long before it answers.
    """

    http: FakeServer
    plans: dict[str, Any] = field(default_factory=dict[str, Any])
    delay_s: float = 0.0

    @property
    def url(self) -> str:
        return f"{self.http.url}/v1"

    @property
    def asked(self) -> list[str]:
        """The messages that it was asked to plan for."""
        return [_message(one) for one in self.http.received]

    @property
    def instructions(self) -> str:
        """What the last request said before the message."""
        return next(one["content"] for one in _body(self.http.received[-1])["messages"] if one["role"] == "system")


def plan(*calls: tuple[str, Mapping[str, Any], Mapping[str, str]], mood: str = "order", **other: Any) -> dict[str, Any]:
    """A plan of these calls: tool, arguments, and the words of each argument."""
    listed = [{"tool": tool, "arguments": arguments, "words": words} for tool, arguments, words in calls]
    return {**NOTHING, "decline": False, "mood": mood, "calls": listed, **other}


@contextmanager
def serve_planner(plans: Mapping[str, Any] | None = None) -> Generator[PlannerServer]:
    """Answers each message by its plan; what crews and drafts ask is refused."""
    found: list[PlannerServer] = []

    def answer(handler: Handler, request: Received) -> None:
        server, message = found[0], _message(request)
        if "response_format" not in _body(request):
            handler.send_json(503, {"error": {"message": "it only plans"}})
            return
        planned = server.plans.get(message, NOTHING)
        said = planned if isinstance(planned, str) else json.dumps(planned, ensure_ascii=False)
        server.http.behaviour.first_delay_s = server.delay_s
        half = len(said) // 2
        pieces = Behaviour(words=[said[:half], said[half:]])
        handler.send_chat(lambda _: openai_pieces(pieces), "text/event-stream")

    with serve(answer) as http:
        found.append(PlannerServer(http, dict(plans or {})))
        yield found[0]


def _body(request: Received) -> Mapping[str, Any]:
    return request.body if isinstance(request.body, Mapping) else json.loads(request.body)


def _message(request: Received) -> str:
    return [one["content"] for one in _body(request)["messages"] if one["role"] == "user"][-1]
