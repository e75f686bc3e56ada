"""Questions to the real hub: routed, streamed, cited."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from memory.store import KnowledgeStore
from tests.e2e.chat import OpenPage, ask, last_answer, send
from tests.e2e.real_hub import RealHub
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.hubs import HubClient, serve_hub
from tests.fakes.understandings import ScriptedUnderstanding, helps

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]  # The first test also ingests and starts the hub.

ENGLISH = "What is the operating temperature range of the SE30?"
CHINESE = "SE30 的工作温度范围是多少？"
HEAT = "At what temperature does the SE30 throttle?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "


@pytest.fixture
def talkative(sample_store: KnowledgeStore, tmp_path: Path) -> Iterator[HubClient]:
    """A hub whose model says a sentence that the documents carry, then talks on until it is stopped."""
    chat = ScriptedChat(pieces=[CARRIED, "At 95 °C it shuts down. ", *["It "] * 6000], next_token_s=0.05, said=[])
    store = copy_store(sample_store, tmp_path / "home")
    understanding = ScriptedUnderstanding({"help": helps()})
    with serve_hub(dependencies_on(store, understanding, scripted_model(chat))) as client:
        yield client
    store.close()


def stored_answer(hub: RealHub, page: Page) -> dict[str, Any]:
    """The last message of the open thread, as the hub keeps it."""
    return hub.get(f"/v1/threads/{page.evaluate('location.hash.slice(1)')}")["messages"][-1]


@pytest.mark.parametrize("question", [ENGLISH, CHINESE])
def test_an_answer_is_routed_and_cited(page: Page, hub: RealHub, question: str) -> None:
    answer = ask(page, question)

    expect(answer).to_have_attribute("data-status", "complete")
    route = stored_answer(hub, page)["route"]
    expect(answer.locator(".intent")).to_have_text("文档" if question == CHINESE else "knowledge")
    expect(answer.locator(".confidence")).to_have_text(f"{round(route['confidence'] * 100)}%")
    expect(answer.locator(".prose .cite").first).to_be_enabled()
    expect(answer.locator(".source")).to_have_count(len(stored_answer(hub, page)["citations"]))


@pytest.mark.parametrize("question", [ENGLISH, CHINESE])
def test_a_citation_opens_the_cited_text(page: Page, hub: RealHub, question: str) -> None:
    answer = ask(page, question)
    number = int(answer.locator(".prose .cite").first.inner_text())

    answer.locator(".prose .cite").first.click()

    citations = stored_answer(hub, page)["citations"]
    cited = next(each for each in citations if each["number"] == number)
    text = hub.get(f"/v1/documents/{cited['document_id']}")["text"]
    expect(page.locator("#passage")).to_be_in_viewport()
    source = "显示源文本" if question == CHINESE else "Show the source text"
    page.get_by_role("button", name=source).click()
    assert page.locator(".document-text").evaluate("(region) => region.textContent") == text
    assert page.locator("mark").evaluate("(mark) => mark.textContent") == text[cited["start"] : cited["end"]]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_examples_are_of_the_documents_of_the_home_which_answer_them(page: Page, hub: RealHub, place: int) -> None:
    titles = {document["title"] for document in hub.get("/v1/documents")["documents"]}
    example = page.locator(".example").nth(place)
    about = example.locator(".about").inner_text()
    assert about in titles

    example.click()

    expect(last_answer(page)).to_have_attribute("data-status", "complete", timeout=60_000)
    expect(last_answer(page)).to_have_attribute("aria-busy", "false")
    assert about in {citation["title"] for citation in stored_answer(hub, page)["citations"]}


def test_the_last_example_needs_no_document(page: Page) -> None:
    page.locator(".example", has_text="Which models can this hub serve now?").click()

    expect(last_answer(page).locator(".intent")).to_have_text("deployment")
    expect(last_answer(page).locator(".prose")).not_to_be_empty()


def test_the_head_tells_the_model_and_the_documents(page: Page, hub: RealHub) -> None:
    status = hub.get("/v1/status")

    expect(page.locator("#model")).to_have_text(status["model"]["name"])
    expect(page.locator("#documents")).to_contain_text(str(status["documents"]))
    page.locator("#documents").click()
    expect(page.locator(".document-list li")).to_have_count(status["documents"])


def test_the_page_is_served_under_a_strict_content_policy(page: Page) -> None:
    response = page.request.get(page.url)

    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]


def test_a_reload_keeps_the_thread(page: Page) -> None:
    said = ask(page, ENGLISH).locator(".prose").inner_text()

    page.reload()

    expect(last_answer(page).locator(".prose")).to_have_text(said, use_inner_text=True)
    expect(page.locator("#title")).not_to_have_text("New thread")


@pytest.mark.parametrize("cuts", [[2], [18], [4, 3], [1, 1, 1]])
def test_a_dropped_connection_loses_and_doubles_nothing(hub: RealHub, open_page: OpenPage, cuts: list[int]) -> None:
    proxy = CuttingProxy(hub.port, cuts)
    try:
        page = open_page(proxy.url)
        answer = ask(page, ENGLISH)
        expect(answer).to_have_attribute("data-status", "complete")
        assert proxy.cuts == []
        streamed = answer.locator(".answer-text").inner_text()
        page.reload()
        expect(last_answer(page).locator(".answer-text")).to_have_text(streamed, use_inner_text=True)
    finally:
        proxy.stop()


def test_stopping_ends_the_run(talkative: HubClient, open_page: OpenPage) -> None:
    page = open_page(str(talkative.http.base_url))
    send(page, HEAT)
    answer = last_answer(page)
    expect(answer.locator(".prose")).to_contain_text("85 °C")

    page.get_by_role("button", name="Stop").click()

    expect(answer).to_have_attribute("data-status", "cancelled")
    expect(answer).to_have_attribute("aria-busy", "false")
    kept = talkative.thread(page.evaluate("location.hash.slice(1)"))["messages"][-1]
    assert (kept["status"], kept["content"].startswith(CARRIED.strip())) == ("cancelled", True)
    expect(ask(page, "help")).to_have_attribute("data-status", "complete")
