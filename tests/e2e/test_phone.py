"""A phone of 390 by 844: what can be tapped, and what scrolls and says so."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat import OpenPage, ask
from tests.fakes.scripted_hub import ScriptedHub, requested

pytestmark = pytest.mark.e2e

# What a finger cannot hit: a button smaller than it, or one with something else in front of its middle.
MISSED = """() => [...document.querySelectorAll(".bar button, .composer button, .approval button, .actions button, .chip")]
  .filter((button) => button.checkVisibility())
  .map((button) => {
    const box = button.getBoundingClientRect();
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const seen = box.y >= 0 && box.bottom <= innerHeight;
    return { name: button.id || button.textContent, box, covered: seen && !button.contains(hit) };
  })
  .filter(({ box, covered }) => box.width < 40 || box.height < 40 || covered)
  .map(({ name, box, covered }) => [name, box.width, box.height, covered])"""


@pytest.fixture
def phone(scripted: ScriptedHub, open_page: OpenPage) -> Page:
    scripted.approvals.append(requested())
    page = open_page(scripted.url, viewport={"width": 390, "height": 844})
    expect(page.locator("#approvals")).to_be_visible()
    return page


def test_every_button_can_be_tapped(phone: Page) -> None:
    assert phone.evaluate(MISSED) == []
    ask(phone, "WAITING-EN")
    ask(phone, "WHICH")
    assert phone.evaluate(MISSED) == []


def test_each_button_of_the_head_does_what_it_is_for(phone: Page) -> None:
    for button, opened in (("#documents", "#panel"), ("#approvals", "#panel"), ("#caller", "#sign-in")):
        phone.locator(button).click()
        expect(phone.locator(opened)).to_be_visible()
        phone.keyboard.press("Escape")
        expect(phone.locator(opened)).to_be_hidden()
    expect(phone.get_by_role("button", name="2 documents")).to_be_visible()
    expect(phone.get_by_role("button", name="1 approval")).to_be_visible()


def test_a_wide_and_long_table_scrolls_and_says_where_more_is(phone: Page) -> None:
    table = ask(phone, "LONG").locator(".table-scroll")

    expect(table).to_have_attribute("data-more", "right down")
    assert "transparent" in table.evaluate("(box) => getComputedStyle(box).maskImage").replace(
        "rgba(0, 0, 0, 0)", "transparent"
    )
    assert table.evaluate("(box) => box.clientHeight <= innerHeight * 0.7")
    table.evaluate("(box) => box.scrollTo(box.scrollWidth, 100)")
    expect(table).to_have_attribute("data-more", "left up down")
    table.evaluate("(box) => box.scrollTo(box.scrollWidth, box.scrollHeight)")
    expect(table).to_have_attribute("data-more", "left up")


def test_a_long_list_scrolls_and_says_where_more_is(phone: Page) -> None:
    box = ask(phone, "LONG").locator(".list-scroll")

    expect(box.get_by_role("listitem")).to_have_count(80)
    expect(box).to_have_attribute("data-more", "down")
    box.evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
    expect(box).to_have_attribute("data-more", "up")


def test_many_approvals_scroll_in_the_panel(scripted: ScriptedHub, open_page: OpenPage) -> None:
    scripted.approvals += [requested(f"ap-{number}") for number in range(1, 31)]
    page = open_page(scripted.url, viewport={"width": 390, "height": 844})
    page.locator("#approvals").click()

    page.locator("#panel .approval").last.scroll_into_view_if_needed()
    expect(page.locator("#panel .approval").last).to_be_in_viewport()
