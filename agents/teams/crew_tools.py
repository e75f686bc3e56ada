"""Tools in the hands of a crew's agents: those of the hub that only read, and one that proposes a change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from agents.teams.configuration import PROPOSE
from agents.understanding.interpretation import PlannedCall
from edge.kernel.canonical import digest_of
from edge.kernel.errors import Cancelled, ChargehandError, Conflict, InvalidInput, NotFound
from edge.kernel.names import nearest_names
from tools.spec import ToolContext, ToolSpec, tool

if TYPE_CHECKING:
    from crewai.tools import BaseTool

MODEL_CORRECTABLE = (InvalidInput, NotFound, Conflict)
"""Other arguments may help. No argument gives a right, an approval, a passed gate or a service that answers."""

Call = Callable[[ToolSpec, Mapping[str, Any]], Awaitable[BaseModel]]
"""Calls a tool in somebody's name, and may tell of it."""

_LOOK_AGAIN_S = 1.0
_Result = TypeVar("_Result")

Show = Callable[[BaseModel], str]
"""A result as an agent is shown it."""


class Proposal(BaseModel):
    """A change that was proposed; nothing is done."""

    tool: str
    arguments: dict[str, Any]
    why: str
    note: str = "Recorded as a proposal. Nothing was changed; a person decides."


def proposal_tool(tools: Mapping[str, ToolSpec], proposed: Callable[[PlannedCall], None]) -> ToolSpec:
    """The tool by which an agent proposes a change. It validates and records; it never calls.

    Args:
        tools: that the caller may call, by name.
        proposed: is told of each proposal.
    """

    def propose_change(
        context: ToolContext,
        tool: Annotated[str, Field(max_length=100, description="the tool that would make the change")],
        arguments: Annotated[dict[str, Any], Field(description="what it would be called with")],
        why: Annotated[str, Field(max_length=500, description="the reason, in a sentence")] = "",
    ) -> Proposal:
        """Propose a change to the person who asked, who decides. Nothing is changed by it."""
        changes = {name: spec for name, spec in tools.items() if spec.effect != "read"}
        spec = changes.get(tool)
        if spec is None:
            advice = f"It may be one of {', '.join(sorted(changes))[:600]}." if changes else "Propose nothing."
            raise NotFound(f"There is no change called {tool}.", advice, nearest_names(tool, changes))
        checked = spec.check(arguments).model_dump(mode="json", exclude_unset=True)
        proposed(PlannedCall(tool, checked))
        return Proposal(tool=tool, arguments=checked, why=why)

    made = _tool_of(propose_change)
    runtime = next((spec.runtime for spec in tools.values() if spec.runtime is not None), None)
    return replace(made, name=PROPOSE, runtime=runtime)


def _tool_of(function: Callable[..., Any]) -> ToolSpec:
    return tool(function, scopes=set())


async def audit_look_up(
    spec: ToolSpec, context: ToolContext, arguments: Mapping[str, Any], team: str, why: str
) -> None:
    """Append to the audit log that a crew called a tool that only reads; the tool itself leaves no entry of it.

    Args:
        why: the error's message where it failed; empty where it did not.
    """
    if spec.runtime is None:
        return
    try:
        digest = digest_of(dict(arguments))
    except (TypeError, ValueError):  # a model may give anything
        digest = digest_of(repr(arguments))
    detail = f"by the {team} crew{f': {why}' if why else ''}"
    outcome = "failed" if why else "done"
    await asyncio.to_thread(spec.runtime.note, context, spec.name, spec.effect, digest, outcome, detail)


def crew_tools(
    specs: Iterable[ToolSpec], call: Call, loop: asyncio.AbstractEventLoop, show: Show | None = None
) -> list[BaseTool]:
    """The tools for agents in a thread beside `loop`, on which they are called.

    They give the typed result; what a model can correct is CrewAI's `ToolFailure`. Every other `ChargehandError` is
    raised. CrewAI's own agents show those to the model as well.

    Args:
        show: words a result for the agent; CrewAI's own wording without it.
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
            show=show,
        )
        for spec in specs
    ]


def blocking(work: Coroutine[Any, Any, _Result], loop: asyncio.AbstractEventLoop) -> _Result:
    """What comes of work on `loop`, for a thread beside it; a loop that is closed meanwhile leaves no thread behind.

    Raises:
        Cancelled: the loop was closed.
    """
    if loop.is_closed():
        work.close()
        raise Cancelled("The hub stopped.")
    future = asyncio.run_coroutine_threadsafe(work, loop)
    while True:
        try:
            return future.result(_LOOK_AGAIN_S)
        except TimeoutError:
            if future.done():
                raise
            if loop.is_closed():
                raise Cancelled("The hub stopped.") from None


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
        show: Any = Field(exclude=True)

        def _run(self, **arguments: Any) -> BaseModel | ToolFailure:
            try:
                return blocking(self.call(self.spec, arguments), self.loop)
            except MODEL_CORRECTABLE as error:
                return failure(error)

        async def _arun(self, **arguments: Any) -> BaseModel | ToolFailure:
            try:
                return await self.call(self.spec, arguments)
            except MODEL_CORRECTABLE as error:
                return failure(error)

        def format_output_for_agent(self, raw_result: Any) -> str:
            if self.show is not None and isinstance(raw_result, BaseModel) and not isinstance(raw_result, ToolFailure):
                return self.show(raw_result)
            return super().format_output_for_agent(raw_result)

    return SpecTool
