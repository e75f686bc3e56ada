"""The application as a whole: the page, its API description, and errors that nobody expected."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agents.models.reference import ModelReference
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
    for name in ("main.js", "vendor/markdown-it.js"):
        script = hub.http.get(f"/assets/{name}")
        assert script.status_code == 200
        assert "javascript" in script.headers["content-type"]


def test_the_library_that_the_page_carries_is_served_with_its_licences(hub: HubClient):
    banner = hub.http.get("/assets/vendor/markdown-it.js").text.splitlines()[0]
    version = re.search(r"markdown-it (\S+)", banner)
    licences = hub.http.get("/assets/vendor/LICENSE.txt").text
    assert version is not None
    assert f"== markdown-it {version[1]} (MIT) ==" in licences
    assert all(f"== {name}-" in licences for name in ("entities", "linkify-it", "mdurl", "punycode.js", "uc.micro"))


def test_the_api_describes_itself(hub: HubClient):
    paths = hub.http.get("/openapi.json").json()["paths"]
    assert {"/v1/runs", "/v1/threads/{thread_id}", "/v1/documents", "/v1/status"} <= set(paths)


class Unprintable(ModelReference):
    def __str__(self) -> str:
        raise ZeroDivisionError("secret")


def test_an_unexpected_error_is_logged_and_shown_without_its_details(
    store: KnowledgeStore, caplog: pytest.LogCaptureFixture
):
    dependencies = dependencies_on(store)
    broken = replace(dependencies.model, reference=Unprintable("none"))
    with serve_hub(replace(dependencies, model=broken)) as hub:
        assert hub.http.get("/v1/documents").status_code == 200
        response = hub.http.get("/v1/status")
    assert response.status_code == 500
    error = response.json()["error"]
    assert error["code"] == "internal"
    assert "secret" not in response.text
    assert "GET /v1/status failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
