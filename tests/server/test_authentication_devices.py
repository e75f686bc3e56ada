"""Devices at the hub's door: they sign each request, over every route and both revisions of MCP."""

import hashlib
import json
import random
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from edge.kernel.protocol.artifacts import LONGEST_RANGE, ArtifactRange, unpack_range
from memory.store import KnowledgeStore
from server.authentication import LARGEST_DEVICE_BODY
from tests.fakes.dependencies import dependencies_on
from tests.fakes.fleet_devices import FakeDevice, FleetWorks, open_fleet
from tests.fakes.hubs import HubClient, serve_hub
from tests.fakes.works import ANN, Works
from tools.spec import ToolRuntime, bind

httpx2 = pytest.importorskip("httpx2")


class Signed(httpx2.Auth):
    """Signs each request of a device."""

    requires_request_body = True

    def __init__(self, device: FakeDevice) -> None:
        self._device = device

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        body = await request.aread()
        request.headers["Authorization"] = self._device.authorization(body)
        yield request


@pytest.fixture
def fleet(store: KnowledgeStore) -> FleetWorks:
    works = Works(store.ledger)
    works.now = ToolRuntime(store.ledger).clock()
    return open_fleet(works, store.home.root)


@pytest.fixture
def hub(store: KnowledgeStore, fleet: FleetWorks) -> Iterator[HubClient]:
    dependencies = dependencies_on(store)
    tools = {**dependencies.tools, **fleet.works.tools}
    bound = {spec.name: spec for spec in bind(tools.values(), ToolRuntime(store.ledger))}
    with serve_hub(replace(dependencies, tools=bound)) as client:
        yield client


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def enrol(hub: HubClient, fleet: FleetWorks, name: str = "press-1") -> FakeDevice:
    """Over HTTP, with the token as the bearer."""
    device, token = FakeDevice(fleet, name), await fleet.token()
    headers = {"Authorization": f"Bearer {token}"}
    response = hub.http.post("/v1/tools/edge_enroll", json=device.enrolling(token), headers=headers)
    assert response.status_code == 200, response.text
    assert error_of(hub.http.post("/v1/tools/edge_sync", json={}, headers=headers)) == (403, "not_allowed")
    assert error_of(hub.http.post("/v1/tools/device_list", json={}, headers=headers)) == (403, "not_allowed")
    device.enrolment = replace_enrolment(response.json())
    return device


def replace_enrolment(told: dict[str, Any]) -> Any:
    from edge.kernel.protocol.messages import Enrolled

    return Enrolled.model_validate(told)


def post(hub: HubClient, device: FakeDevice, path: str, content: bytes, **headers: str) -> Any:
    given = {"Content-Type": "application/json", "Authorization": device.authorization(content), **headers}
    return hub.http.post(path, content=content, headers=given)


async def test_a_device_enrols_and_syncs_over_http(hub: HubClient, fleet: FleetWorks) -> None:
    device = await enrol(hub, fleet)
    device.record("note", n=1)
    content = json.dumps(device.request()).encode()
    response = post(hub, device, "/v1/tools/edge_sync", content)
    assert response.status_code == 200, response.text
    assert response.json()["cursor"] == 1
    assert post(hub, device, "/v1/tools/edge_sync", content).json()["cursor"] == 1, "a replay changes nothing"
    listed: Any = await fleet.call("device_list")
    assert listed.devices[0].events == 1


async def test_a_request_that_was_altered_or_is_another_s_is_refused(hub: HubClient, fleet: FleetWorks) -> None:
    device, other = await enrol(hub, fleet, "press-1"), await enrol(hub, fleet, "press-2")
    content = json.dumps(device.request()).encode()
    signed = device.authorization(content)
    scheme, who, signature = signed.split(" ")
    for authorization, body in (
        (signed, content + b" "),
        (f"{scheme} default/press-2 {signature}", content),
        (f"{scheme} globex/press-1 {signature}", content),
        (f"{scheme} {who}", content),
        (scheme, content),
        (f"Bearer {signature}", content),
        (replace(other, name="press-1").authorization(content), content),
    ):
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        for path in ("/v1/tools/edge_sync", "/mcp"):
            assert error_of(hub.http.post(path, content=body, headers=headers)) == (401, "not_allowed"), authorization
    with fleet.works.ledger.view("default") as unit:
        assert unit.uplinks.all()[0].seen_at is None


async def test_who_is_turned_away_is_written_down_once_an_hour(
    hub: HubClient, fleet: FleetWorks, caplog: pytest.LogCaptureFixture
) -> None:
    device, other = await enrol(hub, fleet, "press-1"), await enrol(hub, fleet, "press-2")
    expired = await fleet.token(hours=1e-9)
    claims = [
        replace(other, name="press-1").authorization(b"{}"),
        device.authorization(b"something else"),
        f"Bearer {expired}",
        "Device default/press-9 AAAA",
        "Device",
        "Bearer che_0_made-up",
    ]
    for authorization in claims * 2:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        assert error_of(hub.http.post("/v1/tools/edge_sync", content=b"{}", headers=headers))[0] == 401
    with fleet.works.ledger.view("default") as unit:
        noted = [entry for entry in unit.audit.entries(50) if entry.tool == "edge_door"]
    told = [(entry.principal, entry.detail) for entry in noted]
    assert [principal.partition(":")[0] for principal, _ in told] == ["enrolment", "unproved"]
    assert told[1] == ("unproved:press-1", "The device's signature is not valid. Enrol the device.")
    assert len([one for one in caplog.messages if "not known here" in one]) == 1


async def test_a_device_may_sync_and_fetch_and_nothing_else(hub: HubClient, fleet: FleetWorks) -> None:
    device = await enrol(hub, fleet)
    headers = {"Authorization": device.authorization(b"")}
    tools = hub.http.get("/v1/tools", headers=headers).json()["tools"]
    assert {tool["name"] for tool in tools} == {"edge_sync", "edge_artifact"}
    for path in ("/v1/threads", "/v1/documents", "/v1/models", "/v1/status"):
        assert hub.http.get(path, headers=headers).status_code == 403, path
    for name in ("device_list", "device_show", "edge_enroll", "roster_list", "knowledge_search"):
        assert error_of(post(hub, device, f"/v1/tools/{name}", b"{}")) in {(403, "not_allowed"), (422, "invalid_input")}
    await fleet.call("device_revoke", device="press-1", reason="stolen")
    assert hub.http.get("/v1/tools", headers=headers).status_code == 401


async def test_a_body_that_is_too_large_is_refused_before_it_is_looked_at(hub: HubClient, fleet: FleetWorks) -> None:
    device = await enrol(hub, fleet)
    response = post(hub, device, "/v1/tools/edge_sync", b"x" * (LARGEST_DEVICE_BODY + 1))
    assert error_of(response) == (422, "invalid_input")


@pytest.mark.parametrize("token", ["che_", "che_none_0", "che_a_b_c"])
def test_a_token_that_is_none_of_ours_lets_nobody_in(token: str, hub: HubClient) -> None:
    for path in ("/v1/tools/edge_enroll", "/mcp", "/v1/chat/completions"):
        response = hub.http.post(path, json={}, headers={"Authorization": f"Bearer {token}"})
        assert error_of(response) == (401, "not_allowed")


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_a_device_enrols_syncs_and_fetches_over_mcp(mode: str, hub: HubClient, fleet: FleetWorks) -> None:
    url, token, device = (
        f"{hub.http.base_url}/mcp".replace("//mcp", "/mcp"),
        await fleet.token(),
        FakeDevice(fleet, "p"),
    )
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        enrolled = await client.call_tool("edge_enroll", device.enrolling(token))
        assert not enrolled.is_error
        device.enrolment = replace_enrolment(enrolled.structured_content or {})
    content = b"weights" * 1000
    digest = await assign(fleet, content)
    async with (
        httpx2.AsyncClient(auth=Signed(device)) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        assert {tool.name for tool in (await client.list_tools()).tools} == {"edge_sync", "edge_artifact"}
        device.record("note", n=1)
        synced = await client.call_tool("edge_sync", device.request(packed=True))
        assert not synced.is_error, synced
        assert (synced.structured_content or {})["cursor"] == 1
        part = await client.call_tool("edge_artifact", {"digest": digest, "offset": 7, "length": 7})
        assert (part.structured_content or {})["total_bytes"] == len(content)
        refused = await client.call_tool("edge_artifact", {"digest": "sha256:" + "0" * 64})
        assert refused.is_error
        other = await client.call_tool("device_list", {})
        assert other.is_error


async def test_contents_come_as_long_as_they_are(hub: HubClient, fleet: FleetWorks) -> None:
    """What base64 adds to them within MCP, the packing of the answer takes away again."""
    device = await enrol(hub, fleet)
    content = random.Random(7).randbytes(LONGEST_RANGE)
    digest = await assign(fleet, content)
    answers: list[Any] = []

    async def note(response: Any) -> None:
        answers.append(response)

    async with (
        httpx2.AsyncClient(auth=Signed(device), event_hooks={"response": [note]}) as http,
        Client(streamable_http_client(f"{hub.http.base_url}/mcp", http_client=http), mode="2026-07-28") as client,
    ):
        part = await client.session.call_tool("edge_artifact", {"digest": digest})
    assert unpack_range(ArtifactRange.model_validate(part.structured_content)) == content
    assert sum(one.num_bytes_downloaded for one in answers) < 1.06 * len(content)


async def assign(fleet: FleetWorks, content: bytes) -> str:
    import io

    from tools.registry.artifacts import keep

    with fleet.works.ledger.unit("default") as unit:
        kept = keep(unit, fleet.contents, io.BytesIO(content), "application/octet-stream", fleet.works.now)
    await fleet.call("device_pack_assign", caller=ANN, name="manual", digest=kept.digest)
    assert kept.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    return kept.digest
