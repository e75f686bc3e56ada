"""The tools as LangChain's, for its agents and for LangGraph's tool nodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from tools.faces.blocking import call_blocking
from tools.faces.mending import MENDABLE
from tools.spec import ToolContext, ToolSpec

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool
    from pydantic import BaseModel

__all__ = ["langchain_tools"]


def langchain_tools(specs: Iterable[ToolSpec], caller: ToolContext) -> list[StructuredTool]:
    """The tools for one caller. A result is JSON for the model, and the typed result is the message's artifact.

    What a model may mend becomes a message of status "error"; every other `ChargehandError` is raised.
    """
    return [_langchain_tool(spec, caller) for spec in specs]


def _langchain_tool(spec: ToolSpec, caller: ToolContext) -> StructuredTool:
    from langchain_core.tools import ToolException

    def call(arguments: dict[str, Any]) -> tuple[str, BaseModel]:
        try:
            return _told(call_blocking(spec, caller, arguments))
        except MENDABLE as error:
            raise ToolException(str(error)) from error

    async def acall(arguments: dict[str, Any]) -> tuple[str, BaseModel]:
        try:
            return _told(await spec.call(caller, arguments))
        except MENDABLE as error:
            raise ToolException(str(error)) from error

    return _tool_type()(
        name=spec.name,
        description=spec.description,
        args_schema=spec.arguments.model_json_schema(),
        func=call,
        coroutine=acall,
        response_format="content_and_artifact",
        handle_tool_error=True,
        metadata={"effect": spec.effect},
    )


def _told(result: BaseModel) -> tuple[str, BaseModel]:
    return result.model_dump_json(), result


@cache
def _tool_type() -> type[StructuredTool]:
    """Define the class when LangChain is first needed."""
    from langchain_core.tools import StructuredTool

    class SpecTool(StructuredTool):
        """Hands the arguments on as one mapping, so that none is taken for a parameter of LangChain's own."""

        def _parse_input(self, tool_input: str | dict[str, Any], tool_call_id: str | None) -> str | dict[str, Any]:
            parsed = super()._parse_input(tool_input, tool_call_id)
            return {"arguments": parsed} if isinstance(parsed, dict) else parsed

    return SpecTool
