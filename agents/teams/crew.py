"""The crews that deliberate: agents and tasks from YAML, run by CrewAI on the hub's own model. They have no tools."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.models.resolve import ResolvedModel
from agents.models.streaming import stream_text
from memory.yaml_text import parse_yaml

if TYPE_CHECKING:
    from crewai import BaseLLM

__all__ = ["CREWS", "crew_configuration", "deliberate"]

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


async def deliberate(model: ResolvedModel, team: str, question: str, evidence: str, language: str) -> str:
    """What the crew's last task says about the evidence; nobody has verified it yet.

    Raises:
        DependencyError: the model failed.
    """
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread(_deliberate, model, team, question, evidence[:_MOST_EVIDENCE], language, loop)


def _deliberate(
    model: ResolvedModel, team: str, question: str, evidence: str, language: str, loop: asyncio.AbstractEventLoop
) -> str:
    from crewai import Agent, Crew, Process, Task

    agents, tasks = crew_configuration(team)
    llm = _language_model(model, loop)
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
    inputs = {"question": question[:2000], "evidence": evidence, "language": _LANGUAGES[language]}
    return str(crew.kickoff(inputs=inputs))


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
