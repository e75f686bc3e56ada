"""Threads in the side bar of the real hub."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.chat import answers, ask
from tests.e2e.real_hub import RealHub

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]  # The first test also ingests and starts the hub.

FIRST = "May we ship qwen2.5-3b in a product?"
SECOND = "SE30 的工作温度范围是多少？"


def thread_links(page: Page) -> Locator:
    return page.locator("#threads a")


def current(page: Page) -> Locator:
    return page.locator("#threads a[aria-current=page]")


def test_a_new_thread_heads_the_list(page: Page, hub: RealHub) -> None:
    before = len(hub.get("/v1/threads")["threads"])
    ask(page, FIRST)
    page.get_by_role("button", name="New thread", exact=True).click()
    expect(page.locator("#welcome")).to_be_visible()
    expect(current(page)).to_have_count(0)

    ask(page, SECOND)

    expect(thread_links(page)).to_have_count(before + 2)
    expect(thread_links(page).first).to_have_attribute("aria-current", "page")


def test_back_and_forward_go_from_thread_to_thread(page: Page) -> None:
    ask(page, FIRST)
    page.get_by_role("button", name="New thread", exact=True).click()
    ask(page, SECOND)

    thread_links(page).nth(1).click()
    expect(page.locator(".question-text")).to_have_text(FIRST)
    page.go_back()
    expect(page.locator(".question-text")).to_have_text(SECOND)
    page.go_forward()
    expect(page.locator(".question-text")).to_have_text(FIRST)


def test_a_thread_is_deleted_after_a_question(page: Page) -> None:
    ask(page, FIRST)
    address = current(page).get_attribute("href")
    row = page.locator("#threads li", has=page.locator("a[aria-current=page]"))
    row.hover()
    row.get_by_role("button").click()
    page.get_by_role("button", name="Keep it").click()
    expect(current(page)).to_have_count(1)

    row.hover()
    row.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.locator(f'#threads a[href="{address}"]')).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    page.reload()
    expect(page.locator("#documents")).to_be_visible()
    expect(page.locator(f'#threads a[href="{address}"]')).to_have_count(0)


def test_a_fork_keeps_what_came_before_it(page: Page) -> None:
    ask(page, FIRST)
    ask(page, SECOND)
    old = page.url

    answers(page).first.get_by_role("button", name="Fork").click()

    expect(answers(page)).to_have_count(1)
    assert page.url != old
    expect(page.locator(".question-text")).to_have_text(FIRST)
    ask(page, SECOND)
    page.goto(old)
    expect(answers(page)).to_have_count(2)


def test_an_unknown_thread_is_told(page: Page) -> None:
    page.goto(f"{page.url.split('#')[0]}#no-such-thread")

    expect(page.locator(".failure")).to_be_visible()
    page.get_by_role("button", name="New thread", exact=True).click()
    expect(page.locator(".failure")).to_have_count(0)
