"""Themes, contrast and narrow screens."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat import OpenPage, ask
from tests.fakes.scripted_hub import ScriptedHub

pytestmark = pytest.mark.e2e

# WCAG 2.2, 1.4.3: text against what is painted behind it, for every visible piece of text.
LOW_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      layers.unshift(rgba(getComputedStyle(each).backgroundColor));
    }
    return layers.reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const linear = (value) => (value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    if (element.closest(":disabled, .visually-hidden, .skip, noscript")) continue;
    const under = behind(element);
    const text = luminance(over(rgba(getComputedStyle(element).color), under));
    const [light, dark] = [text, luminance(under)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) low.push([ratio.toFixed(2), element.className, walker.currentNode.data.slice(0, 40)]);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(scripted: ScriptedHub, open_page: OpenPage, scheme: str) -> None:
    page = open_page(scripted.url, color_scheme=scheme)
    assert page.evaluate(LOW_CONTRAST) == []
    for question in ("throttling", "Which models?", "DEGRADED", "FAIL"):
        ask(page, question)
    page.locator(".route").last.click()
    page.locator(".tool").first.click()
    page.locator(".draft summary").first.click()
    page.locator(".source").first.click()
    expect(page.locator("mark")).to_be_visible()

    assert page.evaluate(LOW_CONTRAST) == []


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_theme_follows_the_system_until_it_is_switched(
    scripted: ScriptedHub, open_page: OpenPage, scheme: str, other: str
) -> None:
    page = open_page(scripted.url, color_scheme=scheme)
    theme = page.locator("html")
    expect(theme).to_have_attribute("data-theme", scheme)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name=f"Switch to the {other} theme").click()
    page.reload()

    expect(theme).to_have_attribute("data-theme", other)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper
    page.get_by_role("button", name=f"Switch to the {scheme} theme").click()
    page.emulate_media(color_scheme=other)  # pyright: ignore[reportArgumentType]
    expect(theme).to_have_attribute("data-theme", other)


STICKING_OUT = """() => ["#main", "#panel"].flatMap((place) => {
  const { right } = document.querySelector(place).getBoundingClientRect();
  return [...document.querySelectorAll(`${place} *`)]
    .filter((each) => each.getBoundingClientRect().right > right + 1 && !each.closest("pre, .table-scroll"))
    .map((each) => each.className || each.tagName);
})"""


@pytest.mark.parametrize("width", [380, 768, 1024, 1600])
def test_nothing_sticks_out(scripted: ScriptedHub, open_page: OpenPage, width: int) -> None:
    page = open_page(scripted.url, viewport={"width": width, "height": 720})
    for question in ("throttling " + "averylongword" * 30, "Which models?", "FAIL"):
        ask(page, question)
    page.locator(".tool").first.click()
    assert page.evaluate(STICKING_OUT) == []

    page.locator(".source").first.click()
    expect(page.locator("mark")).to_be_visible()
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_narrow_screen_has_its_threads_in_a_drawer(scripted: ScriptedHub, open_page: OpenPage) -> None:
    page = open_page(scripted.url, viewport={"width": 380, "height": 720})
    ask(page, "温度")
    expect(page.locator("#sidebar")).to_be_hidden()

    page.get_by_role("button", name="Show the list of threads").click()
    expect(page.locator("#sidebar")).to_be_visible()
    assert page.locator("#main").evaluate("(main) => main.inert")
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).to_be_hidden()
    expect(page.get_by_role("button", name="Show the list of threads")).to_be_focused()

    page.get_by_role("button", name="Show the list of threads").click()
    page.get_by_role("button", name="New thread", exact=True).click()
    expect(page.locator("#sidebar")).to_be_hidden()
    expect(page.locator("#welcome")).to_be_visible()


def test_a_narrow_screen_is_covered_by_the_panel(scripted: ScriptedHub, open_page: OpenPage) -> None:
    page = open_page(scripted.url, viewport={"width": 380, "height": 720})
    answer = ask(page, "throttling")

    answer.locator(".source").first.click()

    expect(page.locator("mark")).to_be_in_viewport()
    assert page.locator("#panel").bounding_box() == {"x": 0, "y": 0, "width": 380, "height": 720}
    page.get_by_role("button", name="Close the panel").click()
    expect(answer.locator(".source").first).to_be_focused()


def test_screen_readers_hear_the_end_of_an_answer_not_each_word(scripted_page: Page) -> None:
    ask(scripted_page, "throttling")

    expect(scripted_page.locator("#announcer")).to_have_text("Answer ready, 2 sources")
    expect(scripted_page.get_by_role("log")).to_have_attribute("aria-live", "off")
