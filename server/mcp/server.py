"""The MCP server over a set of tools, for any transport."""

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
)

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound
from server.mcp.presentation import describe_tool, show_error, show_result
from server.telling import INTERNAL
from server.tools_http import find_tool
from tools.spec import ToolContext, ToolSpec

__all__ = ["APPROVAL", "IDEMPOTENCY_KEY", "RequestContext", "make_server"]

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
    described = {name: describe_tool(spec) for name, spec in tools.items()}

    async def list_tools(context: RequestContext, params: PaginatedRequestParams | None) -> ListToolsResult:
        scopes = identify(context).scopes
        return ListToolsResult(tools=[described[name] for name, spec in tools.items() if spec.scopes <= scopes])

    async def call_tool(context: RequestContext, params: CallToolRequestParams) -> CallToolResult:
        try:
            spec = find_tool(tools, params.name)
        except NotFound as error:
            raise MCPError(INVALID_PARAMS, str(error)) from error
        try:
            return show_result(spec, await spec.call(_caller(context, identify(context)), params.arguments or {}))
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
