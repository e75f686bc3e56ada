"""Crews that deliberate: agents, their read tools and tasks from YAML, run by CrewAI on the hub's own model.

CrewAI is imported (3 to 8 s) by the first crew that thinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from agents.models.resolve import ResolvedModel
from agents.models.streaming import stream_text
from agents.teams.report import render_report
from agents.teams.verification import keep_supported
from edge.kernel.errors import ChargehandError, Conflict, InvalidInput, NotFound
from memory.yaml_text import parse_yaml
from tools.spec import ToolSpec

if TYPE_CHECKING:
    from crewai import BaseLLM
    from crewai.tools import BaseTool


CREWS = frozenset({"deployment", "governance"})
"""Teams that have a crew."""

_FIRST_TOKEN_S, _NEXT_TOKEN_S, _MOST_TOKENS = 60.0, 20.0, 300
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_MESSAGES: Mapping[str, type[BaseMessage]] = {"system": SystemMessage, "assistant": AIMessage}
_LONGEST_QUESTION, _MOST_EVIDENCE = 2000, 6000
"""Characters of the question and of the evidence that a crew is shown."""
_MOST_STEPS = 4
"""Answers of the model in which an agent has to come to its end."""


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
        looked_up: results of the tools that the crew called; they are evidence, too.
    """

    finding: str
    dropped: int
    looked_up: tuple[BaseModel, ...] = ()


async def deliberate(
    model: ResolvedModel,
    team: str,
    question: str,
    evidence: str,
    language: str,
    tools: Sequence[ToolSpec] = (),
    call: Call | None = None,
) -> Deliberation:
    """What a team's crew finds in the evidence, and in what it looks up, verified.

    Args:
        evidence: the rendered results of the tools.
        language: "en" or "zh".
        tools: that the caller may call; each agent gets those of them that only read and that are named for it.
        call: calls them.

    Raises:
        DependencyError: the model failed.
    """
    reads = {spec.name: spec for spec in tools if spec.effect == "read"} if call else {}
    assignment = _Assignment(model, team, question, evidence, language, reads, call)
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
    tools: Mapping[str, ToolSpec]
    call: Call | None
    looked_up: list[BaseModel] = field(default_factory=list[BaseModel])

    def run_crew(self, loop: asyncio.AbstractEventLoop) -> str:
        """What the crew's last task says about the evidence; blocks its thread while model and tools run on `loop`."""
        from crewai import Agent, Crew, Process, Task

        agents, tasks = crew_configuration(self.team)
        llm = _language_model(self.model, loop)
        crew_agents: dict[str, Agent] = {}
        for name, spec in agents.items():
            persona, named = {key: spec[key] for key in ("role", "goal", "backstory")}, spec["tools"]
            tools = crew_tools([self.tools[tool] for tool in named if tool in self.tools], self._look_up, loop)
            crew_agents[name] = Agent(
                **persona,
                llm=llm,
                tools=tools,
                allow_delegation=False,
                max_iter=_MOST_STEPS,
                max_retry_limit=0,
                verbose=False,
            )
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
        inputs = {
            "question": self.question[:_LONGEST_QUESTION],
            "evidence": self.evidence[:_MOST_EVIDENCE],
            "language": _LANGUAGES[self.language],
        }
        return str(crew.kickoff(inputs=inputs))

    async def _look_up(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        assert self.call is not None  # noqa: S101 # nosec B101: without it no agent has a tool
        result = await self.call(spec, arguments)
        self.looked_up.append(result)
        return result

    def verified(self, said: str) -> Deliberation:
        """Of what the crew said, what the evidence and what it looked up carry."""
        evidence = "\n\n".join([self.evidence, render_report(self.looked_up, self.language)])
        return Deliberation(*keep_supported(said, evidence), tuple(self.looked_up))


@cache
def _flow_type() -> Any:
    """Define the Flow when CrewAI is first needed: importing it is what costs."""
    from crewai.flow.flow import Flow, listen, start

    class CrewFlow(Flow[BaseModel]):
        """think -> verify."""

        _skip_auto_memory: bool = PrivateAttr(default=True)  # each Flow would open a LanceDB of its own

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
            return self.assignment.verified(said)

    return CrewFlow


def _language_model(model: ResolvedModel, loop: asyncio.AbstractEventLoop) -> BaseLLM:
    """CrewAI's door to the hub's model."""
    from crewai import BaseLLM

    class HubModel(BaseLLM):
        """Blocks its thread while the model answers on the hub's event loop."""

        def call(self, messages: Any, *args: Any, **options: Any) -> str:
            return asyncio.run_coroutine_threadsafe(_answer(model, messages), loop).result()

        def get_input_tokens_count(self, messages: Any, *args: Any, **options: Any) -> int:
            """CrewAI's own estimate, four characters a token, without a warning at each call."""
            return len(str(messages)) // 4

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


MODEL_CORRECTABLE = (InvalidInput, NotFound, Conflict)
"""Other arguments may help. No argument gives a right, an approval, a passed gate or a service that answers."""


Call = Callable[[ToolSpec, Mapping[str, Any]], Awaitable[BaseModel]]
"""Calls a tool in somebody's name, and may tell of it."""


def crew_tools(specs: Iterable[ToolSpec], call: Call, loop: asyncio.AbstractEventLoop) -> list[BaseTool]:
    """The tools for agents in a thread beside `loop`, on which they are called.

    They give the typed result; what a model can correct is CrewAI's `ToolFailure`. Every other `ChargehandError` is
    raised. CrewAI's own agents show those to the model as well.
    """
    tool_type = _tool_type()
    return [
        tool_type(
            name=spec.name,
            description=spec.description,
            args_schema=_arguments_type(spec),
            result_schema=spec.result,
            cache_function=_never_cached,
            spec=spec,
            call=call,
            loop=loop,
        )
        for spec in specs
    ]


def _never_cached(arguments: Any = None, result: Any = None) -> bool:
    """The ledger may have changed since; and a change that is asked for twice is not one that was done."""
    return False


def _arguments_type(spec: ToolSpec) -> type[BaseModel]:
    """Takes anything, and describes itself as the arguments of the tool do."""

    class Arguments(BaseModel):
        model_config = ConfigDict(extra="allow", title=spec.arguments.__name__)

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return spec.arguments.model_json_schema(*args, **kwargs)

    return Arguments


@cache
def _tool_type() -> Any:
    """Define the class when CrewAI is first needed: importing it is what costs."""
    from crewai.tools import BaseTool
    from crewai.tools.tool_failure import ToolFailure

    def failure(error: ChargehandError) -> ToolFailure:
        return ToolFailure(message=str(error), code=type(error).__name__, retryable=error.retryable)

    class SpecTool(BaseTool):
        spec: ToolSpec = Field(exclude=True)
        call: Any = Field(exclude=True)
        loop: Any = Field(exclude=True)

        def _run(self, **arguments: Any) -> BaseModel | ToolFailure:
            try:
                return asyncio.run_coroutine_threadsafe(self.call(self.spec, arguments), self.loop).result()
            except MODEL_CORRECTABLE as error:
                return failure(error)

        async def _arun(self, **arguments: Any) -> BaseModel | ToolFailure:
            try:
                return await self.call(self.spec, arguments)
            except MODEL_CORRECTABLE as error:
                return failure(error)

    return SpecTool
