"""The page without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat import answers, ask, last_answer

pytestmark = pytest.mark.e2e


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Move the focus with the keyboard until it is on what `selector` names."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached with {key}")


def test_the_keyboard_alone_is_enough(scripted_page: Page) -> None:
    page = scripted_page
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(page.locator(".question-text")).to_have_text("first line\nsecond line", use_inner_text=True)
    expect(last_answer(page)).to_have_attribute("aria-busy", "false")

    tab_to(page, ".cite", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("mark")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator(".cite:focus")).to_have_count(1)

    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("Control+Alt+n")
    expect(page.locator("#welcome")).to_be_visible()
    page.keyboard.type("温度")
    page.keyboard.press("Enter")
    expect(last_answer(page).locator(".prose")).to_contain_text("工作温度")

    tab_to(page, "#threads li:last-child a", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".question-text")).to_contain_text("first line")
    tab_to(page, "#threads li:last-child button", "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, "#confirm-go")
    page.keyboard.press("Enter")
    expect(page.locator("#threads li")).to_have_count(1)
    expect(page.locator("#question")).to_be_focused()


def test_the_focus_is_always_visible(scripted_page: Page) -> None:
    ask(scripted_page, "Which models?")
    scripted_page.evaluate("document.activeElement.blur()")
    seen = set[str]()
    for _ in range(30):
        scripted_page.keyboard.press("Tab")
        name, outlined = scripted_page.evaluate(
            """() => {
              const element = document.activeElement;
              const ringed = [element, element.closest(".composer")].filter(Boolean);
              const width = (each) => parseFloat(getComputedStyle(each).outlineWidth);
              const style = (each) => getComputedStyle(each).outlineStyle;
              const ring = ringed.some((each) => style(each) !== "none" && width(each) > 0);
              return [element.id || element.className || element.tagName, ring || element === document.body];
            }"""
        )
        assert outlined, name
        seen.add(name)
    assert len(seen) > 8


def test_the_up_arrow_recalls_the_last_question(scripted_page: Page) -> None:
    ask(scripted_page, "温度")
    box = scripted_page.locator("#question")

    box.press("ArrowUp")
    expect(box).to_have_value("温度")
    box.fill("something")
    box.press("ArrowUp")
    expect(box).to_have_value("something")


def test_enter_belongs_to_the_input_method_while_it_composes(scripted_page: Page) -> None:
    box = scripted_page.locator("#question")
    box.fill("温")
    box.evaluate(
        """(box) => box.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true}))"""
    )

    expect(box).to_have_value("温")
    expect(answers(scripted_page)).to_have_count(0)


def test_question_mark_lists_the_shortcuts(scripted_page: Page) -> None:
    scripted_page.keyboard.type("?")
    expect(scripted_page.locator("#question")).to_have_value("?")
    scripted_page.locator("#title").click()

    scripted_page.keyboard.type("?")
    expect(scripted_page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    scripted_page.keyboard.press("Escape")
    expect(scripted_page.get_by_role("dialog")).to_have_count(0)
    scripted_page.keyboard.press("Control+k")
    expect(scripted_page.locator("#question")).to_be_focused()


@pytest.mark.parametrize(
    ("size_bytes", "note", "may_send"),
    [
        (60 * 1024, "", True),
        (60 * 1024 + 3, "60.0 of 64 kB", True),
        (64 * 1024, "64.0 of 64", True),
        (65_539, "Too long", False),
    ],
)
def test_the_question_box_counts_bytes(scripted_page: Page, size_bytes: int, note: str, may_send: bool) -> None:
    chinese, rest = divmod(size_bytes, 3)
    scripted_page.locator("#question").fill("温" * chinese + "x" * rest)

    size = scripted_page.locator("#composer-size")
    expect(size).to_contain_text(note) if note else expect(size).to_be_empty()
    expect(scripted_page.get_by_role("button", name="Send")).to_be_enabled(enabled=may_send)
    if not may_send:
        scripted_page.locator("#question").press("Enter")
        expect(answers(scripted_page)).to_have_count(0)


def test_the_question_box_grows_with_its_text(scripted_page: Page) -> None:
    box = scripted_page.locator("#question")
    low = box.evaluate("(box) => box.clientHeight")

    box.fill("one\ntwo\nthree\nfour")

    assert box.evaluate("(box) => box.clientHeight") > 3 * 24 > low
    box.fill("")
    assert box.evaluate("(box) => box.clientHeight") == low


def test_an_example_asks_its_question(scripted_page: Page) -> None:
    scripted_page.get_by_role("button", name="Which models can this hub serve now?").click()

    expect(last_answer(scripted_page).locator(".tool")).to_have_count(2)
    expect(scripted_page.locator("#welcome")).to_be_hidden()
