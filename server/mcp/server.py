"""The MCP server over a set of tools, for any transport; what it says of them comes from their specifications."""

import json
import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
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
    CompleteRequestParams,
    CompleteResult,
    Completion,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel

from edge.kernel.errors import ApprovalNeeded, ChargehandError, InvalidInput, NotFound
from server.mcp.ask import ASK, Answered
from server.mcp.elicitation import (
    asked_back,
    asked_for_approval,
    asked_for_missing,
    can_ask,
    declined,
    reply_of,
    with_answers,
)
from server.mcp.profiles import Profile, is_for_devices, is_in, page_of, profile_of, slim_schema
from server.mcp.prompts import PROMPTS, describe_prompt, filled_prompt
from server.mcp.resources import DOCUMENT_TEMPLATE, HubResources
from server.outcomes import INTERNAL, error_body
from server.tools_http import find_tool
from tools.spec import ToolContext, ToolSpec

_log = logging.getLogger(__name__)

IDEMPOTENCY_KEY = "chargehand/idempotency-key"
APPROVAL = "chargehand/approval"
"""Keys of a request's `_meta`: what the headers `Idempotency-Key` and `Chargehand-Approval` are over HTTP."""

_INSTRUCTIONS = (
    "`ask` answers questions and takes orders in plain words; the other tools are what it calls. Lists come in pages. "
    "Tools that change something may answer with the error `approval_needed` and an `approval_id`: nothing was done; "
    "make the same call again once somebody else has approved it. Never approve what you asked for yourself."
)

RequestContext = ServerRequestContext[Any, Any]


def make_server(
    tools: Mapping[str, ToolSpec],
    identify: Callable[[RequestContext], ToolContext],
    resources: HubResources | None = None,
    profile: Callable[[RequestContext], Profile | None] = lambda _: None,
) -> Server[Any]:
    """A server that lists the tools which the caller may call, and calls them.

    Args:
        identify: who makes a request.
        profile: which of the tools its client wants; None leaves that to who the caller is.
    """
    described = {name: _describe_tool(spec) for name, spec in tools.items()}
    sizes = {name: len(one.model_dump_json(by_alias=True, exclude_none=True)) for name, one in described.items()}

    async def list_tools(context: RequestContext, params: PaginatedRequestParams | None) -> ListToolsResult:
        scopes = identify(context).scopes
        with _as_protocol_errors():
            wanted = profile(context) or profile_of(scopes)
            names = [name for name, spec in tools.items() if spec.scopes <= scopes and is_in(wanted, spec)]
            page, following = page_of(names, params.cursor if params else None, sizes.__getitem__)
        return ListToolsResult(tools=[described[name] for name in page], next_cursor=following)

    async def call_tool(context: RequestContext, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        with _as_protocol_errors():
            spec, wanted = find_tool(tools, params.name), profile(context)
            if wanted is not None and not is_in(wanted, spec):
                raise NotFound(f"The profile {wanted} has no tool {spec.name!r}.", "Choose another profile.")
        try:
            return await _call(context, _caller(context, identify(context)), spec, params)
        except ChargehandError as error:
            return show_error(error)
        except Exception as error:
            _log.exception("%s failed", spec.name)
            raise MCPError(INTERNAL_ERROR, INTERNAL["message"]) from error

    async def list_prompts(context: RequestContext, params: PaginatedRequestParams | None) -> ListPromptsResult:
        return ListPromptsResult(prompts=[describe_prompt(prompt) for prompt in PROMPTS])

    async def get_prompt(context: RequestContext, params: GetPromptRequestParams) -> GetPromptResult:
        with _as_protocol_errors():
            return filled_prompt(params.name, params.arguments or {})

    return Server(
        "chargehand",
        title="Chargehand",
        version=version("chargehand"),
        instructions=_INSTRUCTIONS,
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="private")},
        get_tool_input_schema=lambda name: described[name].input_schema if name in described else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        **(_resource_handlers(resources, identify) if resources is not None else {}),
    )


def _resource_handlers(resources: HubResources, identify: Callable[[RequestContext], ToolContext]) -> dict[str, Any]:
    """The handlers of resources and completions, by the names that the server takes them under."""

    async def list_resources(context: RequestContext, params: PaginatedRequestParams | None) -> ListResourcesResult:
        found = await resources.listed(identify(context))
        with _as_protocol_errors():
            page, following = page_of(found, params.cursor if params else None, lambda one: len(one.model_dump_json()))
        return ListResourcesResult(resources=list(page), next_cursor=following)

    async def list_templates(
        context: RequestContext, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=[DOCUMENT_TEMPLATE])

    async def read_resource(context: RequestContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        with _as_protocol_errors():
            return ReadResourceResult(contents=[await resources.read(identify(context), str(params.uri))])

    async def complete(context: RequestContext, params: CompleteRequestParams) -> CompleteResult:
        argument = params.argument
        values = await resources.completions(identify(context), argument.name, argument.value)
        return CompleteResult(completion=Completion(values=values, total=len(values), has_more=False))

    return {
        "on_list_resources": list_resources,
        "on_list_resource_templates": list_templates,
        "on_read_resource": read_resource,
        "on_completion": complete,
    }


async def _call(
    context: RequestContext, caller: ToolContext, spec: ToolSpec, params: CallToolRequestParams
) -> CallToolResult | InputRequiredResult:
    """The result of a call, or what the person at the client is asked first. Raises as `ToolSpec.call`."""
    asks, responses = can_ask(context), params.input_responses
    arguments = with_answers(params.arguments or {}, responses)
    if asks and spec.scopes <= caller.scopes and (missing := asked_for_missing(spec, arguments)):
        return missing
    if spec.name == ASK and (reply := reply_of(responses)) is not None and params.request_state:
        arguments = {"message": reply, "thread": params.request_state}
    elif spec.name == ASK and declined(responses):
        raise InvalidInput("The question back was not answered.", "Ask again in other words.")
    try:
        result = await spec.call(caller, arguments)
    except ApprovalNeeded as needed:
        question = asked_for_approval(needed, responses) if asks else None
        if question is None:
            raise
        return question
    if asks and isinstance(result, Answered) and (question := asked_back(result, responses)):
        return question
    return _show_result(spec, result)


@contextmanager
def _as_protocol_errors() -> Generator[None]:
    """What is wrong with a request itself, and not with the call of a tool, is an error of the protocol."""
    try:
        yield
    except ChargehandError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from error


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
        input_schema=slim_schema(spec.arguments.model_json_schema()),
        output_schema=slim_schema(spec.result.model_json_schema(mode="serialization")),
        annotations=ToolAnnotations(
            read_only_hint=spec.effect == "read" and spec.name != ASK,
            destructive_hint=spec.effect == "destructive",
            idempotent_hint=(spec.effect == "read" and spec.name != ASK) or spec.idempotent,
            open_world_hint=False,
        ),
    )


def _show_result(spec: ToolSpec, result: BaseModel) -> CallToolResult:
    """The result as structured content, and as text for clients that know only that.

    What only devices call is not said twice: they read structured content, and have thin lines.
    """
    content = result.model_dump(mode="json")
    text = "" if is_for_devices(spec) else json.dumps(content, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)] if text else [], structured_content=content)


def show_error(error: ChargehandError) -> CallToolResult:
    """The error as JSON, the same as over HTTP.

    It is text: clients that check structured content against the tool's output schema do so for errors, too.
    """
    text = json.dumps({"error": error_body(error)}, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


async def serve_stdio(
    tools: Mapping[str, ToolSpec],
    identify: Callable[[RequestContext], ToolContext],
    resources: HubResources | None = None,
    profile: Profile | None = None,
) -> None:
    """Serve over stdin and stdout until the client closes stdin. Whatever else the process prints goes to stderr.

    Args:
        identify: who calls; asked at each request.
        profile: as of `make_server`, for all requests.
    """
    from mcp.server.stdio import stdio_server

    server = make_server(tools, identify, resources, lambda _: profile)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
