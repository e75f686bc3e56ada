"""The tool specification: an operation is written once as a typed function and is the same behind every face.

A face (LangGraph, CrewAI, HTTP, the command line) is thin and calls only `ToolSpec.call`, which authorises the
principal, validates the arguments and runs the function within its time limit.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from memory.errors import InvalidInput, NotAllowed, OutOfTime

__all__ = ["LOCAL_ENGINEER", "Effect", "ToolContext", "ToolSpec", "tool"]

Effect = Literal["read", "write", "destructive"]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls, for which tenant, with which rights."""

    principal: str
    tenant: str
    scopes: frozenset[str]


LOCAL_ENGINEER = ToolContext(
    "local", "default", frozenset({"documents:read", "roster:read", "licences:read", "evaluations:read"})
)
"""The person at a hub that only this machine can reach."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One operation.

    Attributes:
        name: snake_case, unique.
        description: first paragraph of the function's docstring, for people and models.
        arguments: pydantic model of the arguments.
        result: pydantic model of the result.
        scopes: all of them are needed.
        effect: "read" changes nothing, "write" can be undone, "destructive" cannot.
        timeout_s: longest run, seconds.
        run: the typed function, plain or async.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    scopes: frozenset[str]
    effect: Effect
    timeout_s: float
    run: Callable[..., Any]

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> BaseModel:
        """Authorise, validate, run.

        Raises:
            InvalidInput: an argument is missing, unknown or does not fit; the message names it.
            NotAllowed: the principal lacks a scope.
            OutOfTime: the function took longer than `timeout_s`.
        """
        missing = self.scopes - context.scopes
        if missing:
            raise NotAllowed(
                f"{context.principal} may not call {self.name}: it needs {', '.join(sorted(missing))}.",
                "Ask an administrator for the scope.",
            )
        checked = self.check(arguments)
        values = {name: getattr(checked, name) for name in type(checked).model_fields}
        limit = asyncio.timeout(self.timeout_s)
        try:
            async with limit:
                if inspect.iscoroutinefunction(self.run):
                    return await self.run(context, **values)
                return await asyncio.to_thread(self.run, context, **values)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise OutOfTime(f"{self.name} took longer than {self.timeout_s:g} s.", "Try again.") from error

    def check(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The validated arguments. Raises InvalidInput: as `call`."""
        try:
            return self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(str(part) for part in entry['loc']) or 'arguments'}: {entry['msg'].lower()}"
                for entry in error.errors()
            )
            raise InvalidInput(f"{self.name} cannot be called so: {wrong}.", "Correct the arguments.") from error


def tool(
    function: Callable[..., Any], *, scopes: set[str], effect: Effect = "read", timeout_s: float = 30.0
) -> ToolSpec:
    """Make a tool of a typed function whose first parameter is the `ToolContext`.

    Args:
        function: its name, docstring, annotations (with `Annotated[..., Field(...)]`) and defaults say everything;
            it returns a pydantic model.

    Raises:
        TypeError: the function has no docstring or no context, a parameter lacks an annotation or cannot be named, or
            the result is not a pydantic model.
    """
    hints = get_type_hints(function, include_extras=True)
    result = hints.get("return")
    if not (isinstance(result, type) and issubclass(result, BaseModel)):
        raise TypeError(f"{function.__name__} must return a pydantic model")
    context, *parameters = inspect.signature(function).parameters.values() or (None,)
    if context is None or hints.get(context.name) is not ToolContext:
        raise TypeError(f"{function.__name__}: the first parameter must be the ToolContext")
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name not in hints or parameter.kind not in _NAMED:
            raise TypeError(f"{function.__name__}: parameter {parameter.name} lacks an annotation or a name")
        fields[parameter.name] = (
            hints[parameter.name],
            ... if parameter.default is parameter.empty else parameter.default,
        )
    title = "".join(part.capitalize() for part in function.__name__.split("_"))
    arguments = create_model(f"{title}Arguments", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
    description = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not description:
        raise TypeError(f"{function.__name__} lacks a docstring")
    return ToolSpec(function.__name__, description, arguments, result, frozenset(scopes), effect, timeout_s, function)
