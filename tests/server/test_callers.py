"""Who a request is from, over every kind of route of a hub that serves this machine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on
from tests.fakes.faces import issue_key
from tests.fakes.hubs import HubClient, serve_hub
from tests.fakes.works import ANN, Works
from tools.spec import Books, bind


@pytest.fixture
def works(store: KnowledgeStore) -> Works:
    made = Works(store.ledger)
    made.now = Books(store.ledger).clock()
    return made


@pytest.fixture
def hub(store: KnowledgeStore, works: Works) -> Iterator[HubClient]:
    dependencies = dependencies_on(store)
    tools = {spec.name: spec for spec in bind(dependencies.tools.values(), Books(store.ledger))}
    with serve_hub(replace(dependencies, tools=tools)) as client:
        yield client


def bearer(works: Works, *scopes: str, tenant: str = "default") -> dict[str, str]:
    caller = replace(ANN, principal="zoe", scopes=frozenset(scopes), tenant=tenant)
    return {"Authorization": f"Bearer {issue_key(works.ledger, caller, works)}"}


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_without_a_key_it_is_the_person_at_this_machine(hub: HubClient) -> None:
    tools = hub.http.get("/v1/tools").json()["tools"]
    assert {"knowledge_search", "roster_list"} <= {tool["name"] for tool in tools}
    (licence,) = [tool for tool in tools if tool["name"] == "licence_lookup"]
    assert (licence["effect"], licence["idempotent"], licence["scopes"]) == ("read", True, ["licences:read"])
    assert licence["arguments"]["required"] == ["model"]
    assert licence["result"]["type"] == "object"
    found = hub.http.post("/v1/tools/licence_lookup", json={"model": "phi-4-mini"})
    assert found.status_code == 200
    assert hub.http.post("/v1/tools/roster_list").status_code == 200, "no arguments need no body"


def test_a_key_shows_and_allows_what_its_scopes_do(hub: HubClient, works: Works) -> None:
    headers = bearer(works, "roster:read")
    names = {tool["name"] for tool in hub.http.get("/v1/tools", headers=headers).json()["tools"]}
    assert "roster_list" in names
    assert "licence_lookup" not in names
    assert hub.http.post("/v1/tools/roster_list", json={}, headers=headers).status_code == 200
    refused = hub.http.post("/v1/tools/licence_lookup", json={"model": "phi-4-mini"}, headers=headers)
    assert error_of(refused) == (403, "not_allowed")


@pytest.mark.parametrize("header", ["Bearer chk_nobody_s", "Bearer", "Bearer nonsense", "Basic YTpi", ""])
@pytest.mark.parametrize("path", ["/v1/tools", "/v1/threads", "/v1/status", "/openapi.json", "/mcp"])
def test_a_header_that_proves_nothing_is_refused(path: str, header: str, hub: HubClient) -> None:
    response = hub.http.get(path, headers={"Authorization": header})
    assert error_of(response) == (401, "not_allowed")
    assert response.headers["www-authenticate"] == "Bearer"
    assert "content-security-policy" in response.headers


def test_a_revoked_key_is_good_for_nothing_at_once(hub: HubClient, works: Works) -> None:
    headers = bearer(works, "roster:read")
    assert hub.http.get("/v1/tools", headers=headers).status_code == 200
    with works.ledger.unit("default") as unit:
        (key,) = unit.keys.all()
        unit.keys.save(replace(key, revoked_at=works.now))
    assert hub.http.get("/v1/tools", headers=headers).status_code == 401


def test_the_chat_is_for_the_person_at_this_machine(hub: HubClient, works: Works) -> None:
    headers = bearer(works, *ANN.scopes)
    for path in ("/v1/threads", "/v1/documents", "/v1/status"):
        assert error_of(hub.http.get(path, headers=headers)) == (403, "not_allowed")
        assert hub.http.get(path).status_code == 200


def test_the_gateway_takes_the_keys_that_openai_s_clients_make_up_and_ours_seriously(
    hub: HubClient, works: Works
) -> None:
    assert hub.http.get("/v1/models", headers={"Authorization": "Bearer sk-none"}).status_code == 200
    assert hub.http.get("/v1/models", headers={"Authorization": "Bearer chk_nobody_s"}).status_code == 401
    assert hub.http.get("/v1/models", headers=bearer(works, "models:use")).status_code == 200
    response = hub.http.get("/v1/models", headers=bearer(works, "roster:read", "licences:read"))
    assert response.status_code == 403
    assert "models:use" in response.json()["error"]["message"]


def test_an_unknown_tool_comes_with_the_nearest_names(hub: HubClient) -> None:
    response = hub.http.post("/v1/tools/roster_lst", json={})
    assert error_of(response) == (404, "not_found")
    assert response.json()["error"]["nearest"][0] == "roster_list"


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'"x"'])
def test_arguments_are_a_json_object(body: bytes, hub: HubClient) -> None:
    response = hub.http.post("/v1/tools/roster_list", content=body, headers={"Content-Type": "application/json"})
    assert error_of(response) == (422, "invalid_input")
