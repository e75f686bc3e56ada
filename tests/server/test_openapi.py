"""The OpenAPI description tells the truth: errors, statuses, security; and what HTTP asks of methods."""

from collections.abc import Iterator
from typing import Any

import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on
from tests.fakes.hubs import HubClient, serve_hub


@pytest.fixture
def hub(store: KnowledgeStore) -> Iterator[HubClient]:
    with serve_hub(dependencies_on(store)) as client:
        yield client


def test_every_operation_tells_its_errors_and_who_may(hub: HubClient) -> None:
    described = hub.http.get("/openapi.json").json()
    assert "HTTPValidationError" not in str(described)
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            open_to_all = path.startswith(("/health", "/.well-known/"))
            assert operation["security"] == ([] if open_to_all else [{"key": []}, {}]), (method, path)
            assert open_to_all or {"401", "403", "404", "429", "500", "503"} <= operation["responses"].keys()


def errors_of(hub: HubClient, method: str, path: str) -> dict[str, Any]:
    return hub.http.get("/openapi.json").json()["paths"][path][method]["responses"]


def test_bodies_that_do_not_fit_have_the_status_that_is_told(hub: HubClient) -> None:
    assert "422" in errors_of(hub, "post", "/v1/runs")
    assert hub.http.post("/v1/runs", json={}).status_code == 422
    assert "400" in errors_of(hub, "post", "/v1/chat/completions")
    assert "422" not in errors_of(hub, "post", "/v1/chat/completions")
    assert hub.http.post("/v1/chat/completions", json={}).status_code == 400


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/threads/t", "DELETE, GET"), ("/v1/runs", "POST"), ("/v1/tools/roster_list", "POST"), ("/health", "GET")],
)
def test_a_method_that_is_not_allowed_names_those_that_are(hub: HubClient, path: str, allowed: str) -> None:
    answer = hub.http.request("PATCH", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["error"]["code"] == "invalid_input"


def test_health_needs_no_key_and_no_name(hub: HubClient) -> None:
    for path, status in (("/health", "live"), ("/health/live", "live"), ("/health/ready", "ready")):
        answer = hub.http.get(path, headers={"host": "10.0.0.7", "authorization": "Bearer wrong"})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert hub.http.get("/v1/status", headers={"host": "10.0.0.7"}).status_code == 403


def test_a_hub_that_cannot_work_is_not_ready(hub: HubClient, store: KnowledgeStore) -> None:
    mark = store.home.vectors.with_suffix(".writing")
    mark.touch()
    answer = hub.http.get("/health/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["index"])
    mark.unlink()
    assert hub.http.get("/health/ready").status_code == 200
