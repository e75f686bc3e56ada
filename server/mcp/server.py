"""The MCP server over a set of tools, for any transport; what it says of them comes from their specifications."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from mcp.server import Server
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound
from server.outcomes import INTERNAL, error_body
from server.tools_http import find_tool
from tools.spec import ToolContext, ToolSpec

_log = logging.getLogger(__name__)

IDEMPOTENCY_KEY = "chargehand/idempotency-key"
APPROVAL = "chargehand/approval"
"""Keys of a request's `_meta`: what the headers `Idempotency-Key` and `Chargehand-Approval` are over HTTP."""

_INSTRUCTIONS = (
    "Tools that change something may answer with the error `approval_needed` and an `approval_id`: nothing was done; "
    "make the same call again once somebody else has approved it. Never approve what you asked for yourself."
)

RequestContext = ServerRequestContext[Any, Any]


def make_server(tools: Mapping[str, ToolSpec], identify: Callable[[RequestContext], ToolContext]) -> Server[Any]:
    """A server that lists the tools which the caller may call, and calls them.

    Args:
        identify: who makes a request.
    """
    described = {name: _describe_tool(spec) for name, spec in tools.items()}

    async def list_tools(context: RequestContext, params: PaginatedRequestParams | None) -> ListToolsResult:
        scopes = identify(context).scopes
        return ListToolsResult(tools=[described[name] for name, spec in tools.items() if spec.scopes <= scopes])

    async def call_tool(context: RequestContext, params: CallToolRequestParams) -> CallToolResult:
        try:
            spec = find_tool(tools, params.name)
        except NotFound as error:
            raise MCPError(INVALID_PARAMS, str(error)) from error
        try:
            return _show_result(spec, await spec.call(_caller(context, identify(context)), params.arguments or {}))
        except ChargehandError as error:
            return show_error(error)
        except Exception as error:
            _log.exception("%s failed", spec.name)
            raise MCPError(INTERNAL_ERROR, INTERNAL["message"]) from error

    return Server(
        "chargehand",
        title="Chargehand",
        version=version("chargehand"),
        instructions=_INSTRUCTIONS,
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="private")},
        get_tool_input_schema=lambda name: described[name].input_schema if name in described else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _caller(context: RequestContext, caller: ToolContext) -> ToolContext:
    """The caller, with what the request's `_meta` says. Raises InvalidInput: it is no text."""
    meta: Mapping[str, Any] = context.meta or {}
    given = {name: meta.get(name) for name in (IDEMPOTENCY_KEY, APPROVAL)}
    for name, value in given.items():
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= 200):
            raise InvalidInput(f"{name} is not a text of 1 to 200 characters.", "Correct it in `_meta`.")
    return replace(caller, idempotency_key=given[IDEMPOTENCY_KEY], approval_id=given[APPROVAL])


def _describe_tool(spec: ToolSpec) -> Tool:
    """The tool as `tools/list` describes it."""
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


def _show_result(spec: ToolSpec, result: BaseModel) -> CallToolResult:
    """The result as structured content, and as text for clients that know only that.

    What only devices call is not said twice: they read structured content, and have thin lines.
    """
    content = result.model_dump(mode="json")
    for_devices = any(scope.startswith("edge:") for scope in spec.scopes)
    text = "" if for_devices else json.dumps(content, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)] if text else [], structured_content=content)


def show_error(error: ChargehandError) -> CallToolResult:
    """The error as JSON, the same as over HTTP.

    It is text: clients that check structured content against the tool's output schema do so for errors, too.
    """
    text = json.dumps({"error": error_body(error)}, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


async def serve_stdio(tools: Mapping[str, ToolSpec], identify: Callable[[RequestContext], ToolContext]) -> None:
    """Serve over stdin and stdout until the client closes stdin. Whatever else the process prints goes to stderr.

    Args:
        identify: who calls; asked at each request.
    """
    from mcp.server.stdio import stdio_server

    server = make_server(tools, identify)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
