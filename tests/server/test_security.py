"""Who may reach the hub: this machine, hosts that were named, and only pages that it served itself."""

import asyncio
import http.client
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import InvalidInput, NotAllowed
from memory.store import KnowledgeStore
from server.security import KnownHosts, is_loopback, require_guarded
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.faces import issue_key
from tests.fakes.hubs import HubClient, body_of, serve_hub
from tests.fakes.understandings import ScriptedUnderstanding, helps
from tests.fakes.works import ANN, Works, open_works

ROUTES = [
    ("GET", "/"),
    ("GET", "/assets/main.js"),
    ("GET", "/openapi.json"),
    ("GET", "/v1/status"),
    ("GET", "/v1/threads"),
    ("GET", "/v1/threads/t1"),
    ("DELETE", "/v1/threads/t1"),
    ("POST", "/v1/threads/t1/fork"),
    ("POST", "/v1/runs"),
    ("GET", "/v1/runs/r1/events"),
    ("POST", "/v1/runs/r1/cancel"),
    ("GET", "/v1/documents"),
    ("GET", "/v1/tools"),
    ("POST", "/v1/tools/roster_list"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("GET", "/v1/nothing"),
]


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    opened = open_works(tmp_path)
    yield opened
    opened.ledger.close()


@pytest.fixture(scope="module")
def hub(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubClient]:
    """One hub for all tests here; a run "r1" in its thread "t1" has ended."""
    store = copy_store(sample_store, tmp_path_factory.mktemp("guarded") / "home")
    with serve_hub(dependencies_on(store, ScriptedUnderstanding(otherwise=helps()))) as client:
        client.run("help", "t1", "r1")
        yield client
    store.close()


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.168.1.7:8080"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:8080"},
    ],
    ids=lambda headers: " ".join(f"{name} {value}" for name, value in headers.items()),
)
def test_foreign_hosts_and_pages_are_refused_everywhere(
    hub: HubClient, method: str, path: str, headers: dict[str, str]
):
    response = hub.http.request(method, path, headers=headers, json=body_of("help", "t2") if method == "POST" else None)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "not_allowed"


def test_what_was_refused_was_not_done(hub: HubClient):
    assert [thread["id"] for thread in hub.http.get("/v1/threads").json()["threads"]] == ["t1"]


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] == "GET"])
def test_every_answer_carries_the_policy(hub: HubClient, method: str, path: str):
    headers = hub.http.request(method, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_hubs_own_page_may_use_it(hub: HubClient):
    url = hub.http.base_url
    origin = f"http://{url.host}:{url.port}"
    assert hub.http.get("/v1/status", headers={"Origin": origin}).status_code == 200
    run = hub.http.post("/v1/runs", headers={"Origin": origin}, json=body_of("help", "t3"))
    assert run.status_code == 200
    hub.http.delete("/v1/threads/t3")


def test_a_request_without_a_host_is_refused(hub: HubClient):
    connection = http.client.HTTPConnection(str(hub.http.base_url.host), hub.http.base_url.port, timeout=10)
    connection.putrequest("GET", "/v1/status", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status in {400, 403}
    connection.close()


def answered(host: str, origin: str | None = None, names: frozenset[str] = frozenset()) -> int:
    """The status that the guard lets through, or gives itself, for one request."""
    statuses: list[int] = []

    async def welcome(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin is not None else [])
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    asyncio.run(KnownHosts(welcome, names)(scope, receive, send))
    (status,) = statuses
    return status


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "127.8.9.1:80", "localhost", "LocalHost:1", "[::1]", "[::1]:8080"]
)
def test_every_name_of_this_machine_is_let_in(host: str):
    assert answered(host) == 200
    assert answered(host, f"http://{host}") == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":8080",
        "0.0.0.0",
        "[::]",
        "[::2]:8080",
        "[::1",
        "::1]",
        "example.com",
        "127.0.0.1@evil.example",
        "[zz]",
        "2130706433x",
    ],
)
def test_every_other_host_is_refused_however_odd(host: str):
    assert answered(host) == 403


@pytest.mark.parametrize(
    "origin", ["", "null", "http://[::1", "file://", "http://127.0.0.1", "http://127.0.0.1:8081", "javascript:alert(1)"]
)
def test_every_other_origin_is_refused_however_odd(origin: str):
    assert answered("127.0.0.1:8080", origin) == 403


@pytest.mark.parametrize("host", ["hub.example.com", "hub.example.com:8080", "HUB.example.com", "10.0.0.5:80"])
def test_a_host_that_was_named_is_let_in_with_its_own_pages_alone(host: str):
    names = frozenset({"hub.example.com", "10.0.0.5"})
    assert answered(host, names=names) == 200
    assert answered(host, f"https://{host}", names) == 200
    assert answered(host, "https://evil.example", names) == 403
    assert answered(f"x{host}", names=names) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_keys(host: str, works: Works):
    assert is_loopback(host)
    require_guarded(host, frozenset(), works.ledger, works.now)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "hub.example.com", "", "127.0.0.1.example"])
def test_other_machines_need_a_key_that_is_good_and_a_name(host: str, works: Works):
    named = frozenset({"hub.example.com"})

    def refused() -> bool:
        try:
            require_guarded(host, named, works.ledger, works.now)
        except NotAllowed as error:
            return "no API keys yet" in error.message
        return False

    assert refused()
    works.register_tenant("globex")
    issue_key(works.ledger, replace(ANN, tenant="globex"), works)
    assert not refused()
    with pytest.raises(InvalidInput, match="Nobody could reach"):
        require_guarded(host, frozenset(), works.ledger, works.now)
    with works.ledger.unit("globex") as unit:
        (key,) = unit.keys.all()
        unit.keys.save(replace(key, expires_at=works.now))
    assert refused()
    with works.ledger.unit("globex") as unit:
        unit.keys.save(replace(key, revoked_at=works.now))
    assert refused()
