"""A typed function as what models, people and forms need to call it: a description, and a schema of its arguments."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

__all__ = ["FunctionSchema", "function_schema"]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class FunctionSchema:
    """What a function's name, docstring, annotations (with `Annotated[..., Field(...)]`) and defaults say.

    Attributes:
        description: first paragraph of the docstring.
        arguments: pydantic model; what it does not name is refused.
    """

    name: str
    description: str
    arguments: type[BaseModel]


def function_schema(function: Callable[..., Any], given: int = 0, *, defer_build: bool = False) -> FunctionSchema:
    """Read a function.

    Args:
        given: how many leading parameters are no arguments, since the caller of the tool does not name them.
        defer_build: the model is built when it is used first.

    Raises:
        TypeError: it has no docstring, or a parameter that lacks an annotation or cannot be named.
    """
    hints = get_type_hints(function, include_extras=True)
    description = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not description:
        raise TypeError(f"{function.__name__} lacks a docstring")
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[given:]:
        if name not in hints or parameter.kind not in _NAMED:
            raise TypeError(f"{function.__name__}: parameter {name} lacks an annotation or a name")
        fields[name] = (hints[name], ... if parameter.default is parameter.empty else parameter.default)
    title = "".join(part.capitalize() for part in function.__name__.split("_"))
    configuration = ConfigDict(extra="forbid", frozen=True, defer_build=defer_build)
    return FunctionSchema(
        function.__name__, description, create_model(f"{title}Arguments", __config__=configuration, **fields)
    )
