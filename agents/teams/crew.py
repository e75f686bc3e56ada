"""The crews that deliberate: agents and tasks from YAML, run by CrewAI on the hub's own model. They have no tools.

CrewAI is imported (3 to 8 s) by the first crew that thinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, PrivateAttr

from agents.models.resolve import ResolvedModel
from agents.models.streaming import stream_text
from agents.teams.verification import keep_supported
from memory.yaml_text import parse_yaml

if TYPE_CHECKING:
    from crewai import BaseLLM

__all__ = ["CREWS", "Deliberation", "crew_configuration", "deliberate"]

CREWS = frozenset({"deployment", "governance"})
"""Teams that have a crew."""

_FIRST_TOKEN_S, _NEXT_TOKEN_S, _MOST_TOKENS = 60.0, 20.0, 300
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_MESSAGES: Mapping[str, type[BaseMessage]] = {"system": SystemMessage, "assistant": AIMessage}
_MOST_EVIDENCE = 6000
"""Characters of evidence that a crew is shown."""


@cache
def crew_configuration(team: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """`agents.yaml` and `tasks.yaml` of a team."""
    folder = files("agents.teams").joinpath(team)
    agents, tasks = (parse_yaml(folder.joinpath(name).read_bytes()) for name in ("agents.yaml", "tasks.yaml"))
    return cast("dict[str, Any]", agents), cast("dict[str, Any]", tasks)


@dataclass(frozen=True, slots=True)
class Deliberation:
    """What a crew found.

    Attributes:
        finding: the sentences that the evidence carries; may be empty.
        dropped: how many sentences it does not carry.
    """

    finding: str
    dropped: int


async def deliberate(model: ResolvedModel, team: str, question: str, evidence: str, language: str) -> Deliberation:
    """What a team's crew finds in the evidence, verified.

    Args:
        evidence: the rendered results of the tools.
        language: "en" or "zh".

    Raises:
        WorldError: the model failed.
    """
    assignment = _Assignment(model, team, question[:2000], evidence, _LANGUAGES[language])
    flow_type = await asyncio.to_thread(_flow_type)
    flow = flow_type(suppress_flow_events=True, tracing=False)
    return cast("Deliberation", await flow.take_on(assignment))


@dataclass(frozen=True, slots=True)
class _Assignment:
    model: ResolvedModel
    team: str
    question: str
    evidence: str
    language: str

    def run_crew(self, loop: asyncio.AbstractEventLoop) -> str:
        """What the crew's last task says about the evidence; blocks its thread while the model answers on `loop`."""
        from crewai import Agent, Crew, Process, Task

        agents, tasks = crew_configuration(self.team)
        llm = _language_model(self.model, loop)
        crew_agents = {
            name: Agent(**spec, llm=llm, allow_delegation=False, max_iter=2, max_retry_limit=0, verbose=False)
            for name, spec in agents.items()
        }
        crew_tasks: list[Task] = []
        for spec in tasks.values():
            task = Task(
                description=spec["description"],
                expected_output=spec["expected_output"],
                agent=crew_agents[spec["agent"]],
                context=list(crew_tasks),
            )
            crew_tasks.append(task)
        crew = Crew(agents=list(crew_agents.values()), tasks=crew_tasks, process=Process.sequential, verbose=False)
        inputs = {"question": self.question, "evidence": self.evidence[:_MOST_EVIDENCE], "language": self.language}
        return str(crew.kickoff(inputs=inputs))


@cache
def _flow_type() -> Any:
    """Define the Flow when CrewAI is first needed: importing it is what costs."""
    from crewai.flow.flow import Flow, listen, start

    class CrewFlow(Flow[BaseModel]):
        """think -> verify."""

        _assignment: _Assignment | None = PrivateAttr(default=None)

        async def take_on(self, assignment: _Assignment) -> Deliberation:
            self._assignment = assignment
            return cast("Deliberation", await self.kickoff_async())

        @property
        def assignment(self) -> _Assignment:
            assert self._assignment is not None  # noqa: S101 # nosec B101: take_on is the only way in
            return self._assignment

        @start()
        async def think(self) -> str:
            return await asyncio.to_thread(self.assignment.run_crew, asyncio.get_running_loop())

        @listen(think)
        def verify(self, said: str) -> Deliberation:
            return Deliberation(*keep_supported(said, self.assignment.evidence))

    return CrewFlow


def _language_model(model: ResolvedModel, loop: asyncio.AbstractEventLoop) -> BaseLLM:
    """CrewAI's door to the hub's model."""
    from crewai import BaseLLM

    class HubModel(BaseLLM):
        """Blocks its thread while the model answers on the hub's event loop."""

        def call(self, messages: Any, *args: Any, **options: Any) -> str:
            return asyncio.run_coroutine_threadsafe(_answer(model, messages), loop).result()

        def supports_function_calling(self) -> bool:
            return False

    return HubModel(model=str(model.reference))


async def _answer(model: ResolvedModel, messages: str | list[dict[str, Any]]) -> str:
    said = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    worded = [_MESSAGES.get(str(one["role"]), HumanMessage)(str(one["content"])) for one in said]
    deltas = stream_text(
        model, worded, first_token_s=_FIRST_TOKEN_S, next_token_s=_NEXT_TOKEN_S, max_tokens=_MOST_TOKENS
    )
    return "".join([delta async for delta in deltas])
