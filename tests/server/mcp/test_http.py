"""The MCP route behind a real server: what comes over the wire."""

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from memory.ledger import open_ledger
from server.mcp.http import open_mcp
from tests.fakes.conformance_server import fixture_tools
from tools.spec import LOCAL_ENGINEER, ToolRuntime

TOOL = "test_simple_text"
REVISION = "2026-07-28"
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": TOOL,
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}


@pytest.fixture(params=["h11", "httptools"])
async def port(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[int]:
    """Of a server with each of uvicorn's parsers: they leave different blanks in the values of fields."""
    pytest.importorskip(request.param)
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    tools = fixture_tools(ToolRuntime(ledger))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_mcp(tools, lambda _: LOCAL_ENGINEER) as route:
            app.router.routes.append(route)
            yield

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(Starlette(lifespan=lifespan), http=request.param, log_level="error"))
    serving = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving
    ledger.close()


def call(port: int, name: str) -> tuple[int, dict[str, Any]]:
    """Call the tool, with this after the colon of `Mcp-Name`."""
    body = json.dumps(CALL).encode()
    fields = {
        "Host": f" 127.0.0.1:{port}",
        "Content-Type": " application/json",
        "Content-Length": f" {len(body)}",
        "Accept": " application/json, text/event-stream",
        "MCP-Protocol-Version": f" {REVISION} ",
        "Mcp-Method": "\ttools/call\t",
        "Mcp-Name": name,
        "Connection": " close",
    }
    head = "".join(f"{field}:{value}\r\n" for field, value in fields.items())
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + body)
        response = http.client.HTTPResponse(wire)
        response.begin()
        return response.status, json.loads(response.read())


async def test_blanks_around_a_routing_header_are_not_part_of_it(port: int) -> None:
    for blanks in ("{}", " {}", "\t{}", "{} ", "  {}\t ", " \t {} \t "):
        status, answer = await asyncio.to_thread(call, port, blanks.format(TOOL))
        assert (status, "error" in answer) == (200, False), (blanks, answer)
    for other in (" json_schema_2020_12_tool", " test simple_text", " ", ""):
        status, answer = await asyncio.to_thread(call, port, other)
        assert (status, "mcp-name" in answer["error"]["message"]) == (400, True), other
