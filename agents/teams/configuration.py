"""A team's crew as its YAML has it: who (`agents.yaml`), what each does, and how they work together (`tasks.yaml`)."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from memory.yaml_text import parse_yaml

Kind = Literal["sequential", "hierarchical", "peer_review", "vote", "load_shared"]
PROPOSE = "propose_change"
"""The tool by which an agent proposes a change; it never makes it."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentConfiguration(_Strict):
    """One agent.

    Attributes:
        tools: that only read, and `propose_change`.
        delegates: whether it may hand work to the others, and ask them.
        model: which of the crew's models answers for it, counted from 0; where there are fewer, the last.
    """

    role: str
    goal: str
    backstory: str
    tools: tuple[str, ...] = ()
    delegates: bool = False
    model: Annotated[int, Field(ge=0)] = 0


class TaskConfiguration(_Strict):
    """One task.

    Attributes:
        description: with {question}, {evidence}, {before} (what came of the tasks before) and {language}.
        stand_in: the agent that takes it over when its own failed.
    """

    agent: str
    description: str
    stand_in: str | None = None


class Process(_Strict):
    """How a crew works.

    Attributes:
        kind: sequential: one task after the other. hierarchical: `manager` hands the one task out. peer_review: the
            first task drafts, the second reviews, the first is done again with what was objected. vote: three tasks
            answer apart, the majority counts, `last` settles a tie. load_shared: the tasks run at the same time, each
            on the model that has least to do, and `last` brings them together.
        after: tools of whose results it is about; none is for all others.
        last: the task at the end of a vote without majority, or of shared work.
        manager: the agent that leads.
        rounds: of a peer review, at most.
    """

    kind: Kind
    after: frozenset[str] = frozenset()
    tasks: Annotated[tuple[str, ...], Field(min_length=1)]
    last: str | None = None
    manager: str | None = None
    rounds: Annotated[int, Field(ge=1, le=3)] = 2

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = {"vote": 3, "peer_review": 2, "hierarchical": 1}.get(self.kind)
        if needed is not None and len(self.tasks) != needed:
            raise ValueError(f"{self.kind} is of {needed} tasks, not {len(self.tasks)}")
        if self.kind in {"vote", "load_shared"} and self.last is None:
            raise ValueError(f"{self.kind} needs a last task")
        if self.kind == "hierarchical" and self.manager is None:
            raise ValueError("hierarchical needs a manager")
        return self


class CrewConfiguration(_Strict):
    """A whole crew; its processes in the order in which they are tried."""

    agents: Annotated[dict[str, AgentConfiguration], Field(min_length=2, max_length=4)]
    tasks: dict[str, TaskConfiguration]
    processes: Annotated[dict[str, Process], Field(min_length=1)]

    @model_validator(mode="after")
    def _knows_what_it_names(self) -> Self:
        agents = {task.agent for task in self.tasks.values()} | {task.stand_in for task in self.tasks.values()}
        agents |= {process.manager for process in self.processes.values()}
        tasks = {name for process in self.processes.values() for name in (*process.tasks, process.last)}
        unknown = (agents - self.agents.keys() - {None}) | (tasks - self.tasks.keys() - {None})
        if unknown:
            raise ValueError(f"nothing is called {', '.join(sorted(map(str, unknown)))}")
        return self

    def process_for(self, tools: Iterable[str]) -> Process:
        """The first process that is about a result of one of these tools, else the one for all others."""
        there = set(tools)
        fitting = [one for one in self.processes.values() if one.after & there]
        return (fitting or [one for one in self.processes.values() if not one.after] or [*self.processes.values()])[0]


@cache
def crew_configuration(team: str) -> CrewConfiguration:
    """The crew of a team."""
    folder = files("agents.teams").joinpath(team)
    agents, work = (
        cast("Mapping[str, Any]", parse_yaml(folder.joinpath(f"{name}.yaml").read_bytes()))
        for name in ("agents", "tasks")
    )
    return CrewConfiguration.model_validate({"agents": agents, **work})
