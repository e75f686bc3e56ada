"""Each face that a tool has, called as its framework calls it; what comes out is told in one way."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
from fastapi import FastAPI
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR
from pydantic import BaseModel

from agents.teams.crew_tools import crew_tools
from edge.kernel import errors
from edge.kernel.errors import ChargehandError
from memory.ledger import Ledger
from memory.ledger.tenants import ApiKey, Principal
from server.app import add_error_handlers
from server.authentication import AuthenticationMiddleware, caller_of
from server.cli.session import Session
from server.hub import Components
from server.mcp.server import APPROVAL, make_server
from server.outcomes import outcome_of
from server.tools_http import tool_routes
from tests.fakes.offline import offline_settings
from tests.fakes.works import Works
from tools.calling.context import ToolContext
from tools.spec import ToolSpec

__all__ = ["FACES", "Asked", "Said", "issue_key"]


@dataclass(frozen=True)
class Asked:
    """One call, to be made through some face."""

    works: Works
    spec: ToolSpec
    caller: ToolContext
    arguments: Mapping[str, Any]
    approval: str | None = None

    @property
    def context(self) -> ToolContext:
        return replace(self.caller, approval_id=self.approval)


@dataclass(frozen=True)
class Said:
    """What came of it.

    Attributes:
        code: as `server.outcomes`, or "done".
        text: the error's, with its advice.
        result: as JSON.
    """

    code: str
    text: str = ""
    result: Any = None
    approval: str = ""


def _failed(error: Exception) -> Said:
    text = str(error) if isinstance(error, ChargehandError) else ""
    return Said(outcome_of(error).code, text, approval=getattr(error, "approval_id", ""))


def _told(error: Mapping[str, Any]) -> Said:
    text = "" if error["code"] == "internal" else f"{error['message']} {error['advice']}".strip()
    return Said(error["code"], text, approval=error.get("approval_id", ""))


def _done(result: Any) -> Said:
    return Said("done", result=result)


async def specification(asked: Asked) -> Said:
    return _done((await asked.spec.call(asked.context, asked.arguments)).model_dump(mode="json"))


def _crew_said(result: Any) -> Said:
    from crewai.tools.tool_failure import ToolFailure

    if isinstance(result, ToolFailure):
        return Said(outcome_of(getattr(errors, str(result.code))("")).code, result.message)
    return _done(result.model_dump(mode="json"))


def _crew_tool(asked: Asked) -> Any:
    async def call(spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        return await spec.call(asked.context, arguments)

    (made,) = crew_tools([asked.spec], call, asyncio.get_running_loop())
    return made


async def crewai(asked: Asked) -> Said:
    made = _crew_tool(asked)
    return _crew_said(await made.arun(**asked.arguments))


async def crewai_blocking(asked: Asked) -> Said:
    made = _crew_tool(asked)
    return _crew_said(await asyncio.to_thread(made.run, **asked.arguments))


async def http(asked: Asked) -> Said:
    app = FastAPI()
    add_error_handlers(app)
    app.include_router(tool_routes({asked.spec.name: asked.spec}, caller_of))
    guarded = AuthenticationMiddleware(app, asked.works.ledger, None, lambda: asked.works.now)
    headers = {"Authorization": f"Bearer {issue_key(asked.works.ledger, asked.caller, asked.works)}"}
    if asked.approval:
        headers["Chargehand-Approval"] = asked.approval
    transport = httpx.ASGITransport(guarded, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        response = await client.post(f"/v1/tools/{asked.spec.name}", json=dict(asked.arguments), headers=headers)
    if response.status_code == 200:
        return _done(response.json())
    said = _told(response.json()["error"])
    assert response.status_code == next(row.status for row in _rows() if row.code == said.code)
    return said


def _rows() -> list[Any]:
    listed = [getattr(errors, name) for name in errors.__all__]
    return [outcome_of(kind.__new__(kind)) for kind in listed if isinstance(kind, type)]


async def _mcp(asked: Asked, mode: str) -> Said:
    server = make_server({asked.spec.name: asked.spec}, lambda _: asked.caller)
    meta: Any = {APPROVAL: asked.approval} if asked.approval else None
    async with Client(server, mode=mode) as client:
        try:
            result = await client.call_tool(asked.spec.name, dict(asked.arguments), meta=meta)
        except MCPError as error:
            return Said("internal" if error.error.code == INTERNAL_ERROR else error.error.message)
    texts = [json.loads(content.text) for content in result.content]  # pyright: ignore[reportAttributeAccessIssue]
    if result.is_error:
        return _told(texts[0]["error"])
    for_devices = any(scope.startswith("edge:") for scope in asked.spec.scopes)  # what they get is not said twice
    assert texts == ([] if for_devices else [result.structured_content])
    return _done(result.structured_content)


async def mcp_2026(asked: Asked) -> Said:
    return await _mcp(asked, "2026-07-28")


async def mcp_2025(asked: Asked) -> Said:
    return await _mcp(asked, "legacy")


async def command_line(asked: Asked) -> Said:
    hub = Components(offline_settings())
    hub.ledger_tools = {asked.spec.name: asked.spec}
    session = Session(hub, asked.context)
    return _done(await asyncio.to_thread(session.call, asked.spec.name, asked.arguments))


def _caught(face: Callable[[Asked], Awaitable[Said]]) -> Callable[[Asked], Awaitable[Said]]:
    async def call(asked: Asked) -> Said:
        try:
            return await face(asked)
        except (ChargehandError, ZeroDivisionError) as error:
            return _failed(error)

    return call


FACES = {
    face.__name__: _caught(face)
    for face in (
        specification,
        crewai,
        crewai_blocking,
        http,
        mcp_2026,
        mcp_2025,
        command_line,
    )
}


def issue_key(ledger: Ledger, caller: ToolContext, works: Works) -> str:
    """A key of exactly the caller's rights, written past the tools, so that nothing of it is in the audit log."""
    key = f"chk_{caller.principal}_{len(caller.scopes)}"
    scopes = sorted(caller.scopes)
    with ledger.unit(caller.tenant) as unit:
        unit.principals.save(Principal(caller.principal, "person", scopes, True, works.now))
        unit.keys.save(
            ApiKey(key, caller.principal, hashlib.sha256(key.encode()).hexdigest(), scopes, works.now, None, None)
        )
    return key
