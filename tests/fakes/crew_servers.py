"""An OpenAI-compatible server that answers for the agents of a crew, each by its role."""

import json
import re
import threading
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from agents.models.resolve import ResolvedModel, resolve_model
from tests.fakes.model_servers import Behaviour, Handler, Received, openai_pieces, serve
from tests.fakes.offline import offline_settings
from tests.fakes.serving import serving_of

__all__ = ["DOWN", "SLOW", "CrewServer", "acts", "crew_models", "finds", "serve_crew"]

DOWN = "503"
"""Instead of an answer: the server refuses."""
SLOW = "slow"
"""Instead of an answer: none for ten seconds."""
_ROLE = re.compile(r"You are (?P<role>[^.]+)\.")


@dataclass(frozen=True)
class Asked:
    """One request: for which agent, of which model, with what."""

    role: str
    model: str
    text: str


@dataclass
class CrewServer:
    """A running server, and what it was asked."""

    url: str
    answers: Mapping[str, Sequence[str]]
    asked: list[Asked] = field(default_factory=list[Asked])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def roles(self) -> list[str]:
        return [one.role for one in self.asked]

    def models_of(self, role: str) -> set[str]:
        return {one.model for one in self.asked if one.role == role}

    def answer_to(self, asked: Asked) -> str:
        with self._lock:
            answers = self.answers.get(f"{asked.role} on {asked.model}") or self.answers[asked.role]
            number = sum(one.role == asked.role for one in self.asked)
            self.asked.append(asked)
        return answers[min(number, len(answers) - 1)]


@contextmanager
def serve_crew(answers: Mapping[str, Sequence[str]]) -> Generator[CrewServer]:
    """Answers by the agent's role ("Auditor", or "Auditor on left-3b"), one a request; the last one again and again."""
    found: list[CrewServer] = []

    def answer(handler: Handler, request: Received) -> None:
        body: Mapping[str, Any] = request.body if isinstance(request.body, Mapping) else json.loads(request.body)
        text = "\n\n".join(message["content"] for message in body["messages"])
        role = _ROLE.search(text)
        said = found[0].answer_to(Asked(role["role"] if role else "", body["model"], text))
        if said == SLOW:
            time.sleep(10)
        if said == DOWN:
            handler.send_json(int(DOWN), {"error": {"message": "the server is out of memory"}})
            return
        handler.send_chat(lambda _: openai_pieces(Behaviour(words=[said])), "text/event-stream")

    with serve(answer) as server:
        found.append(CrewServer(server.url, answers))
        yield found[0]


@asynccontextmanager
async def crew_models(server: CrewServer, *names: str) -> AsyncGenerator[list[ResolvedModel]]:
    """Models of these names, which the server answers for, over a gateway as the hub has it."""
    settings = [
        offline_settings(model=f"openai:{name}", openai_base_url=f"{server.url}/v1") for name in names or ("one-3b",)
    ]
    async with serving_of(settings[0]) as serving:
        yield [resolve_model(one, {}).over(serving) for one in settings]  # pyright: ignore[reportArgumentType]  # a fake


def finds(*reasons: str, verdict: tuple[str, str] | None = None, facts: Sequence[str] = ()) -> str:
    """A final answer with this finding."""
    given: dict[str, Any] = {"facts": list(facts), "reasons": list(reasons)}
    if verdict:
        given["verdict"] = {"answer": verdict[0], "evidence": verdict[1]}
    return f"Thought: I know the final answer.\nFinal Answer: {json.dumps(given, ensure_ascii=False)}"


def acts(tool: str, /, **arguments: Any) -> str:
    """A call of a tool."""
    return f"Thought: I look it up.\nAction: {tool}\nAction Input: {json.dumps(arguments)}"
