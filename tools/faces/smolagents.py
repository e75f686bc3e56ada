"""The tools as smolagents', for agents on devices and in notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast

from edge.kernel.errors import Unavailable
from tools.faces.blocking import call_blocking
from tools.spec import ToolContext, ToolSpec

__all__ = ["smolagents_tools"]

_TYPES = frozenset({"string", "boolean", "integer", "number", "array", "object", "null"})


def smolagents_tools(specs: Iterable[ToolSpec], caller: ToolContext) -> list[Any]:
    """The tools for one caller, as `smolagents.Tool`. They give the result as a dict and raise `ChargehandError`.

    Every error that a tool raises is shown to the model: smolagents knows no other way.

    Raises:
        Unavailable: smolagents is not installed.
    """
    tool_type = _tool_type()
    return [tool_type(spec, caller) for spec in specs]


@cache
def _tool_type() -> Any:
    """Define the class when smolagents is first needed."""
    try:
        tool_type: Any = import_module("smolagents").Tool
    except ImportError as error:
        raise Unavailable("smolagents is not installed.", "Install chargehand[edge].") from error

    class SpecTool(tool_type):
        skip_forward_signature_validation = True  # the arguments are described by `inputs`

        def __init__(self, spec: ToolSpec, caller: ToolContext) -> None:
            self.name = spec.name
            self.description = spec.description
            self.inputs = _inputs(spec.arguments.model_json_schema())
            self.output_type = "object"
            self.output_schema = spec.result.model_json_schema(mode="serialization")
            self._spec = spec
            self._caller = caller
            super().__init__()

        def forward(self, **arguments: Any) -> dict[str, Any]:
            return call_blocking(self._spec, self._caller, arguments).model_dump(mode="json")

    return SpecTool


def _inputs(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """One entry an argument, each with a type and a description, as smolagents wants them."""
    required = schema.get("required", ())
    return {
        name: _input(name, part) | ({} if name in required else {"nullable": True})
        for name, part in schema.get("properties", {}).items()
    }


def _input(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    choices = cast("list[Mapping[str, Any]]", part.get("anyOf", [part]))
    types = {_type_of(choice) for choice in choices} - {"null"}
    described = {"type": types.pop() if len(types) == 1 else "any", "description": part.get("description") or name}
    values = next((choice["enum"] for choice in choices if "enum" in choice), None)
    return described | ({"enum": values} if values is not None else {})


def _type_of(part: Mapping[str, Any]) -> str:
    kind = part.get("type", "object" if "$ref" in part else "any")
    return kind if kind in _TYPES else "any"
