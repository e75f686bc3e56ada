"""The MCP server in real processes, asked by clients that others wrote: the SDK's, the inspector and the conformance suite."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Tool

from memory.store import KnowledgeStore
from tests.fakes.commands import CHARGEHAND, Up, environment, run_process, start_up
from tests.fakes.dependencies import copy_home

pytestmark = pytest.mark.integration

MODES = {"2026-07-28": "2026-07-28", "auto": "2026-07-28", "legacy": "2025-11-25"}
CONFORMANCE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
INSPECTOR = "@modelcontextprotocol/inspector@0"
SCENARIOS = {
    "2026-07-28": ("tools-list", "dns-rebinding-protection", "server-sse-multiple-streams"),
    "2025-11-25": ("server-initialize", "ping", "tools-list", "dns-rebinding-protection"),
}
"""What the suite can ask of any server; the rest asks for tools, prompts and resources of its own."""
_CALLS = ("tools-list", "tools-call-simple-text", "tools-call-error")
WITH_FIXTURES = {"2026-07-28": (*_CALLS, "json-schema-2020-12"), "2025-11-25": _CALLS}
"""What it can ask of our server where that has tools of the suite's names; see `tests/fakes/conformance_server.py`."""


@pytest.fixture(scope="module")
def home(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the sample documents."""
    return copy_home(sample_store, tmp_path_factory.mktemp("mcp") / "home")


@pytest.fixture(scope="module")
def hub(home: Path) -> Iterator[Up]:
    with start_up(home) as up:
        yield up


def key_of(home: Path, *scopes: str) -> str:
    """A new key for somebody who has just these scopes."""
    arguments = json.dumps({"principal": f"zoe-{uuid4().hex[:8]}", "scopes": scopes})
    return run_process(home, "tools", "call", "api_key_issue", arguments).json["key"]


def stdio(home: Path, **settings: str) -> StdioServerParameters:
    command, *arguments = CHARGEHAND
    return StdioServerParameters(
        command=command, args=[*arguments, "mcp"], env=environment(home, settings), cwd=str(home)
    )


async def all_tools(client: Client) -> list[Tool]:
    """Every page of the list; each is small enough for a model to be given."""
    found, cursor = list[Tool](), None
    while True:
        page = await client.list_tools(cursor=cursor)
        assert len(page.model_dump_json(by_alias=True, exclude_none=True)) <= 60_000
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return found


async def exchange(client: Client, name: str) -> dict[str, Any]:
    """List, read, make the same change twice, and be refused in the two ways there are."""
    tools = {tool.name: tool for tool in await all_tools(client)}
    assert tools["retire_version"].annotations is not None
    assert tools["retire_version"].annotations.destructive_hint
    assert tools["models_list"].output_schema is not None
    arguments, meta = {"name": name}, {"chargehand/idempotency-key": f"key of {name}"}
    first = await client.call_tool("register_model", arguments, meta=meta)  # pyright: ignore[reportArgumentType]
    again = await client.call_tool("register_model", arguments, meta=meta)  # pyright: ignore[reportArgumentType]
    assert first.structured_content == again.structured_content
    listed = await client.call_tool("models_list", {})
    assert name in [model["name"] for model in listed.structured_content["models"]]
    content = {"base": "smollm2-135m"}
    made = await client.call_tool(
        "register_version", {"model": name, "label": "1", "reference": "local:x", "content": content}
    )
    assert not made.is_error
    wrong = await client.call_tool("register_model", {"name": name, "tenant": "globex"})
    assert wrong.is_error
    needed = await client.call_tool("retire_version", {"version": f"{name}@1", "reason": "only a test"})
    assert needed.is_error
    (text,) = needed.content
    return json.loads(text.text)["error"]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdk_s_client_over_http(mode: str, hub: Up) -> None:
    async with Client(f"{hub.url}/mcp", mode=mode) as client:
        assert client.protocol_version == MODES[mode]
        error = await exchange(client, f"http-{mode}")
    assert error["code"] == "approval_needed"
    assert error["approval_id"].startswith("ap-")


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdk_s_client_over_stdio(mode: str, home: Path) -> None:
    async with Client(stdio(home), mode=mode) as client:
        assert client.protocol_version == MODES[mode]
        error = await exchange(client, f"stdio-{mode}")
    assert error["code"] == "approval_needed"


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_a_key_gives_its_rights_and_no_more(mode: str, hub: Up, home: Path) -> None:
    httpx2 = pytest.importorskip("httpx2")
    key = key_of(home, "roster:read")
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(f"{hub.url}/mcp", http_client=http), mode=mode) as client,
    ):
        names = {tool.name for tool in await all_tools(client)}
        assert "models_list" in names
        assert "register_model" not in names
        refused = await client.call_tool("register_model", {"name": "mine"})
    assert json.loads(refused.content[0].text)["error"]["code"] == "not_allowed"  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_key_counts_over_stdio_too(home: Path) -> None:
    async with Client(stdio(home, CHARGEHAND_API_KEY=key_of(home, "licences:read"))) as client:
        assert {"licence_lookup", "licence_list"} == {tool.name for tool in (await client.list_tools()).tools}


@pytest.mark.parametrize("key", ["chk_none_0", "chk_", "nonsense"])
def test_a_key_that_is_not_valid_is_refused_before_anything_is_read(key: str, hub: Up) -> None:
    response = httpx.post(f"{hub.url}/mcp", content=b"{", headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    assert response.status_code == 401
    scheme, _, said = response.headers["www-authenticate"].partition(" ")
    assert (scheme, said) == ("Bearer", f'resource_metadata="{hub.url}/.well-known/oauth-protected-resource/mcp"')
    told = httpx.get(said.split('"')[1], trust_env=False).json()
    assert told["resource"] == f"{hub.url}/mcp"
    assert "roster:read" in told["scopes_supported"]


def node_tool(package: str, folder: Path) -> Path:
    """Where npm put the programs of a package. Skips where there is none, or npm's registry does not answer."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    kept = Path(os.environ.get("CHARGEHAND_NODE_TOOLS", folder))
    bin_ = kept / "node_modules" / ".bin"
    if not bin_.is_dir():
        done = subprocess.run(
            ["npm", "install", "--silent", "--prefix", str(kept), "node@22", package],
            capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.skip(f"npm cannot install {package}: {done.stderr.strip()[-200:]}")
    return bin_


def run_node(bin_: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(bin_), os.environ["PATH"]])
    return subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize(("revision", "scenario"), [(one, name) for one, names in SCENARIOS.items() for name in names])
def test_the_conformance_suite(revision: str, scenario: str, hub: Up, tmp_path_factory: pytest.TempPathFactory) -> None:
    bin_ = node_tool(CONFORMANCE, tmp_path_factory.getbasetemp() / "conformance")
    done = run_node(
        bin_, "conformance", "server", "--url", f"{hub.url}/mcp", "--scenario", scenario, "--spec-version", revision
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "tests.fakes.conformance_server",
        str(tmp_path_factory.mktemp("fixtures")),
        str(port),
    ]
    server = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    try:
        for _ in range(600):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.parametrize(
    ("revision", "scenario"), [(one, name) for one, names in WITH_FIXTURES.items() for name in names]
)
def test_the_conformance_suite_with_its_own_tools(
    revision: str, scenario: str, fixture_server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bin_ = node_tool(CONFORMANCE, tmp_path_factory.getbasetemp() / "conformance")
    done = run_node(
        bin_, "conformance", "server", "--url", fixture_server, "--scenario", scenario, "--spec-version", revision
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_the_inspector(hub: Up, tmp_path_factory: pytest.TempPathFactory) -> None:
    bin_ = node_tool(INSPECTOR, tmp_path_factory.getbasetemp() / "inspector")
    asked = ("mcp-inspector", "--cli", f"{hub.url}/mcp", "--transport", "http", "--method")
    listed = run_node(bin_, *asked, "tools/list")
    assert listed.returncode == 0, listed.stderr
    assert "roster_list" in {tool["name"] for tool in json.loads(listed.stdout)["tools"]}
    called = run_node(bin_, *asked, "tools/call", "--tool-name", "tenants_list")
    assert json.loads(called.stdout)["structuredContent"]["tenants"][0]["id"] == "default"


@pytest.mark.skipif(sys.platform == "win32", reason="addresses of other machines")
def test_the_hub_listens_to_other_machines_once_there_are_keys(sample_store: KnowledgeStore, tmp_path: Path) -> None:
    tmp_path = copy_home(sample_store, tmp_path / "home")
    settings = {"CHARGEHAND_ALLOWED_HOSTS": "hub.example.com"}
    refused = run_process(tmp_path, "up", "--host", "0.0.0.0", "--port", "0", settings=settings)
    assert refused.code == 2
    assert "no API keys yet" in refused.err
    key = key_of(tmp_path, "roster:read")
    unnamed = run_process(tmp_path, "up", "--host", "0.0.0.0", "--port", "0")
    assert unnamed.code == 2
    assert "CHARGEHAND_ALLOWED_HOSTS" in unnamed.err
    with start_up(tmp_path, "--host", "0.0.0.0", "--port", "0", settings=settings) as up:
        url = up.url.replace("0.0.0.0", "127.0.0.1")
        named = {"Host": "hub.example.com"}

        def status(path: str, **headers: str) -> int:
            return httpx.get(url + path, headers={**named, **headers}, trust_env=False).status_code

        bearer = f"Bearer {key}"
        assert status("/v1/tools", Authorization=bearer) == 200
        assert status("/v1/tools", Authorization=bearer, Host="evil.example") == 403
        assert status("/v1/tools", Authorization=bearer, Origin="http://evil.example") == 403
        for path in ("/v1/tools", "/mcp", "/v1/models", "/v1/threads", "/openapi.json"):
            assert status(path) == 401, path
            assert status(path, Host="127.0.0.1") == 401, path  # a header proves nothing
        assert status("/v1/threads", Authorization=bearer) == 403
        assert status("/v1/documents", Authorization=bearer) == 403
        assert status("/") == 200
