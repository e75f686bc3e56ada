"""The hub's MCP server over the tools that the official conformance suite asks for by name.

    python -m tests.fakes.conformance_server HOME PORT

What the suite asks of prompts, resources, completion, pictures and sounds, sampling,
elicitation, logging and progress is not of this server, which offers tools that give structured results alone.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette

from edge.kernel.errors import InvalidInput
from memory.ledger import open_ledger
from server.mcp.http import open_mcp
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolRuntime, ToolSpec, bind, tool

__all__ = ["fixture_tools"]


class Said(BaseModel):
    text: str


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
"""Word for word what the suite looks for."""


class SchemaArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        return SCHEMA


def test_simple_text(context: ToolContext) -> Said:
    """Give a simple text."""
    return Said(text="This is a simple text response for testing.")


def test_error_handling(context: ToolContext) -> Said:
    """Fail on purpose."""
    raise InvalidInput("This tool intentionally returns an error for testing.", "Nothing can be done.")


def json_schema_2020_12_tool(context: ToolContext, name: str = "") -> Said:
    """Take arguments whose schema uses much of JSON Schema."""
    return Said(text=name)


def fixture_tools(books: ToolRuntime) -> dict[str, ToolSpec]:
    """The suite's tools that are calls with a structured result, by name."""
    reads = {"roster:read"}
    made = [
        tool(test_simple_text, scopes=reads),
        tool(test_error_handling, scopes=reads),
        replace(tool(json_schema_2020_12_tool, scopes=reads), arguments=SchemaArguments),
    ]
    return {spec.name: spec for spec in bind(made, books)}


def main() -> None:
    """Serve until the process is ended."""
    tools = fixture_tools(ToolRuntime(open_ledger(Path(sys.argv[1]) / "ledger.sqlite")))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_mcp(tools, lambda _: LOCAL_ENGINEER) as route:
            app.router.routes.append(route)
            yield

    uvicorn.run(Starlette(lifespan=lifespan), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
