"""The tools over HTTP: `GET /v1/tools`, `POST /v1/tools/{name}`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Request
from pydantic import BaseModel

from edge.kernel.errors import NotFound
from edge.kernel.names import nearest_names
from server.guarded_routes import guarded
from tools.spec import ToolContext, ToolSpec


class _Waiting(BaseModel):
    code: Literal["approval_needed"]
    message: str
    advice: str
    approval_id: str


class WaitsForApproval(BaseModel):
    """Nothing was done yet: somebody has to agree to `approval_id` first."""

    error: _Waiting


Key = Annotated[str | None, Header(min_length=1, max_length=200)]


def tool_routes(tools: Mapping[str, ToolSpec], identify: Callable[[Request], ToolContext]) -> APIRouter:
    """The routes over these tools.

    Args:
        identify: who makes a request.
    """

    async def permit(request: Request) -> None:
        name = request.path_params.get("name")
        if name is not None:
            await find_tool(tools, name).require_rights(identify(request))

    router = APIRouter(prefix="/v1/tools", tags=["tools"], route_class=guarded(permit))

    @router.get("")
    async def listed(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """List the tools that the caller may call, each with the JSON Schemas of its arguments and its result."""
        caller = identify(request)
        return {"tools": [describe(spec) for spec in tools.values() if spec.scopes <= caller.scopes]}

    @router.post("/{name}", responses={202: {"model": WaitsForApproval}})
    async def call(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        name: str,
        arguments: Annotated[dict[str, Any], Body(default_factory=dict)],
        idempotency_key: Key = None,
        chargehand_approval: Key = None,
    ) -> dict[str, Any]:
        """Call a tool; 202 when somebody has to approve first."""
        caller = replace(identify(request), idempotency_key=idempotency_key, approval_id=chargehand_approval)
        result = await find_tool(tools, name).call(caller, arguments)
        return result.model_dump(mode="json")

    return router


def find_tool(tools: Mapping[str, ToolSpec], name: str) -> ToolSpec:
    """The tool of that name. Raises NotFound: there is none."""
    if name not in tools:
        raise NotFound(f"There is no tool {name!r}.", nearest=nearest_names(name, list(tools)))
    return tools[name]


def describe(spec: ToolSpec) -> dict[str, Any]:
    """The tool for programs: what it does, what it needs, and the JSON Schemas of its arguments and its result."""
    return {
        "name": spec.name,
        "description": spec.description,
        "effect": spec.effect,
        "idempotent": spec.effect == "read" or spec.idempotent,
        "scopes": sorted(spec.scopes),
        "arguments": spec.arguments.model_json_schema(),
        "result": spec.result.model_json_schema(mode="serialization"),
    }
