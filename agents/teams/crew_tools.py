"""The tools as CrewAI's, for agents of a crew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.errors import ChargehandError, Conflict, InvalidInput, NotFound
from tools.spec import ToolSpec

if TYPE_CHECKING:
    from crewai.tools import BaseTool

__all__ = ["crew_tools"]

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
