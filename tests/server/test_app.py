"""The application as a whole: the page, its API description, and errors that nobody expected."""

from collections.abc import Iterator

import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on
from tests.fakes.hubs import HubClient, serve_hub


@pytest.fixture
def hub(store: KnowledgeStore) -> Iterator[HubClient]:
    with serve_hub(dependencies_on(store)) as client:
        yield client


def test_the_chat_page_and_its_assets_are_served(hub: HubClient):
    page = hub.http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    script = hub.http.get("/assets/main.js")
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]


def test_the_api_describes_itself(hub: HubClient):
    paths = hub.http.get("/openapi.json").json()["paths"]
    assert {"/v1/runs", "/v1/threads/{thread_id}", "/v1/documents", "/v1/status"} <= set(paths)


def test_an_unexpected_error_is_logged_and_shown_without_its_details(
    hub: HubClient, store: KnowledgeStore, caplog: pytest.LogCaptureFixture
):
    store.ledger.database.engine.dispose()
    (store.home.root / "ledger.sqlite").write_bytes(b"this was a database, once" * 4096)
    response = hub.http.get("/v1/documents")
    assert response.status_code == 500
    error = response.json()["error"]
    assert error["code"] == "internal"
    assert "database" not in error["message"]
    assert "GET /v1/documents failed" in caplog.text
