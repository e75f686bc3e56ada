"""A tool, its result and its error as MCP's types; all of it comes from the specification."""

import json

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations
from pydantic import BaseModel

from edge.kernel.errors import ChargehandError
from server.telling import tell
from tools.spec import ToolSpec

__all__ = ["describe_tool", "show_error", "show_result"]


def describe_tool(spec: ToolSpec) -> Tool:
    """The tool as `tools/list` tells of it."""
    return Tool(
        name=spec.name,
        title=spec.name.replace("_", " ").capitalize(),
        description=spec.description,
        input_schema=spec.arguments.model_json_schema(),
        output_schema=spec.result.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            read_only_hint=spec.effect == "read",
            destructive_hint=spec.effect == "destructive",
            idempotent_hint=spec.effect == "read" or spec.idempotent,
            open_world_hint=False,
        ),
    )


def show_result(spec: ToolSpec, result: BaseModel) -> CallToolResult:
    """The result as structured content, and as text for clients that know only that.

    What only devices call is not said twice: they read structured content, and have thin lines.
    """
    content = result.model_dump(mode="json")
    for_devices = any(scope.startswith("edge:") for scope in spec.scopes)
    text = "" if for_devices else json.dumps(content, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)] if text else [], structured_content=content)


def show_error(error: ChargehandError) -> CallToolResult:
    """The error as JSON, as HTTP tells it.

    It is text: clients that check structured content against the tool's output schema do so for errors, too.
    """
    text = json.dumps({"error": tell(error)}, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
