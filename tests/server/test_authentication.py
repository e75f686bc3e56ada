"""Who a request is from, over every kind of route of a hub that serves this machine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on
from tests.fakes.faces import issue_key
from tests.fakes.hubs import HubClient, body_of, serve_hub
from tests.fakes.works import ANN, Works
from tools.spec import ToolRuntime, bind


@pytest.fixture
def works(store: KnowledgeStore) -> Works:
    made = Works(store.ledger)
    made.now = ToolRuntime(store.ledger).clock()
    return made


@pytest.fixture
def hub(store: KnowledgeStore, works: Works) -> Iterator[HubClient]:
    dependencies = dependencies_on(store)
    tools = {spec.name: spec for spec in bind(dependencies.tools.values(), ToolRuntime(store.ledger))}
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
    assert response.headers["www-authenticate"].startswith("Bearer resource_metadata=")
    assert "content-security-policy" in response.headers


def test_a_revoked_key_is_good_for_nothing_at_once(hub: HubClient, works: Works) -> None:
    headers = bearer(works, "roster:read")
    assert hub.http.get("/v1/tools", headers=headers).status_code == 200
    with works.ledger.unit("default") as unit:
        (key,) = unit.keys.all()
        unit.keys.save(replace(key, revoked_at=works.now))
    assert hub.http.get("/v1/tools", headers=headers).status_code == 401


CHAT = ("chat:use", "documents:read", "licences:read")


def talk(hub: HubClient, headers: dict[str, str], message: str, thread: str) -> Any:
    return hub.http.post("/v1/runs", json=body_of(message, thread), headers=headers)


def test_a_turn_is_taken_as_whoever_holds_the_key(hub: HubClient, works: Works) -> None:
    headers = bearer(works, *CHAT)
    assert hub.http.get("/v1/status", headers=headers).json()["caller"] == {
        "principal": "zoe",
        "tenant": "default",
        "scopes": sorted(CHAT),
    }
    assert talk(hub, headers, "May we ship qwen2.5-3b in a product?", "t1").status_code == 200
    assert hub.thread("t1")["messages"][1]["principal"] == "zoe"
    talk(hub, {}, "May we ship phi-4-mini in a product?", "t1")
    assert [message["principal"] for message in hub.thread("t1")["messages"]] == [None, "zoe", None, "local"]


def test_a_turn_may_do_what_its_caller_may_and_no_more(hub: HubClient, works: Works) -> None:
    headers = bearer(works, "chat:use")
    told = talk(hub, headers, "At what temperature does the SE30 throttle?", "t1").text
    assert "zoe may not call knowledge_search: it needs documents:read" in told
    assert "85 °C" not in told


def test_who_may_not_use_the_chat_reads_none_of_it(hub: HubClient, works: Works) -> None:
    talk(hub, {}, "May we ship phi-4-mini in a product?", "t1")
    headers = bearer(works, "licences:read")
    for path in ("/v1/threads", "/v1/threads/t1", "/v1/documents"):
        assert error_of(hub.http.get(path, headers=headers)) == (403, "not_allowed")
    assert error_of(talk(hub, headers, "hello", "t9")) == (403, "not_allowed")
    assert hub.http.get("/v1/status", headers=headers).status_code == 200


def test_another_tenant_sees_neither_threads_nor_runs_nor_documents(hub: HubClient, works: Works) -> None:
    works.register_tenant("acme")
    headers = bearer(works, *CHAT, tenant="acme")
    run_id, _ = hub.begin("May we ship phi-4-mini in a product?", "t1", "RUN_STARTED")
    assert error_of(hub.http.get(f"/v1/runs/{run_id}/events", headers=headers)) == (404, "not_found")
    assert error_of(hub.http.post(f"/v1/runs/{run_id}/cancel", headers=headers)) == (404, "not_found")
    hub.follow(run_id)
    assert hub.http.get("/v1/threads", headers=headers).json() == {"threads": []}
    assert error_of(hub.http.get("/v1/threads/t1", headers=headers)) == (404, "not_found")
    assert error_of(hub.http.delete("/v1/threads/t1", headers=headers)) == (404, "not_found")
    assert hub.http.get("/v1/documents", headers=headers).json() == {"documents": []}
    assert "not_found" in talk(hub, headers, "and now?", "t1").text
    assert len(hub.thread("t1")["messages"]) == 2


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
