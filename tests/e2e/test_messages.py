"""The parts of a message: route, tools, notices, citations, copying."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat import OpenPage, ask, last_answer
from tests.fakes.scripted_answers import DOCUMENTS, LONG_QUERY
from tests.fakes.scripted_hub import ScriptedHub

pytestmark = pytest.mark.e2e


def test_the_route_badge_opens_to_its_reasons(scripted_page: Page) -> None:
    badge = ask(scripted_page, "Which models?").locator(".route")

    expect(badge.locator("summary")).to_contain_text("deployment58%operation")
    badge.locator("summary").click()
    for fact in (
        "an operation",
        "Passage 1 answers it",
        "list_models, device_state",
        "English",
        "interpret › deployment",
    ):
        expect(badge.locator("dl")).to_contain_text(fact)


def test_tool_calls_are_cards(scripted_page: Page) -> None:
    answer = ask(scripted_page, "Which models?")
    done, failed = answer.locator(".tool").all()

    expect(done.locator("summary")).to_contain_text("list_models")
    expect(done.locator("summary")).to_contain_text("done")
    expect(failed.locator("summary")).to_contain_text("failed")
    expect(done.locator("pre").first).to_be_hidden()
    done.locator("summary").click()
    shown = [json.loads(text) for text in done.locator("pre").all_inner_texts()]
    assert shown == [{"task": "chat", "query": LONG_QUERY}, {"models": ["phi4-mini"]}]


@pytest.mark.parametrize("reload", [False, True])
def test_notices_are_visible(scripted_page: Page, reload: bool) -> None:
    ask(scripted_page, "DEGRADED")
    if reload:
        scripted_page.reload()

    notices = last_answer(scripted_page).locator(".notice")
    expect(notices).to_have_count(2)
    expect(notices.first).to_contain_text("Two sentences were not in the evidence.")


def test_a_number_without_a_source_stays_text(scripted_page: Page) -> None:
    answer = ask(scripted_page, "DEGRADED")

    expect(answer.locator(".cite")).to_have_count(1)
    expect(answer.locator(".prose")).to_contain_text("Not a citation: [7].")


def test_the_passage_is_highlighted_past_characters_of_two_units(scripted_page: Page) -> None:
    answer = ask(scripted_page, "throttling")

    answer.locator(".source").first.click()

    mark = scripted_page.locator("mark")
    expect(mark).to_be_in_viewport()
    quote = "The gateway throttles when the inlet air exceeds 45 °C. 🌡️ Keep 50 mm free on both sides."
    assert mark.evaluate("(mark) => mark.textContent") == quote
    expect(scripted_page.locator(".panel .callout")).to_have_count(0)
    assert scripted_page.locator(".document-text").evaluate("(text) => text.textContent") == DOCUMENTS[0].text


def test_the_panel_steps_through_the_sources_and_gives_the_focus_back(scripted_page: Page) -> None:
    answer = ask(scripted_page, "throttling")
    answer.locator(".cite").first.click()
    expect(scripted_page.locator("#close-panel")).to_be_focused()

    scripted_page.get_by_role("button", name="Next source").click()
    expect(scripted_page.locator("mark")).to_contain_text("Check screw 3")
    expect(scripted_page.get_by_role("button", name="Next source")).to_be_disabled()
    scripted_page.keyboard.press("Escape")

    expect(scripted_page.locator("#panel")).to_be_hidden()
    expect(answer.locator(".cite").first).to_be_focused()


@pytest.mark.parametrize(
    ("text", "marked", "moved"),
    [
        ("An 🧰 earlier sentence. The limit is 45 °C.", "The limit is 45 °C.", True),
        ("Something else altogether.", "", True),
        ("Ab🔧 The limit is 45 °C. More.", "The limit is 45 °C.", False),
    ],
)
def test_a_passage_is_found_again_in_a_changed_document(
    scripted_page: Page, text: str, marked: str, moved: bool
) -> None:
    found = scripted_page.evaluate(
        """async ([text, citation]) => (await import("/assets/passage.js")).findPassage(text, citation)""",
        [text, {"start": 4, "end": 23, "quote": "The limit is 45 °C."}],
    )

    assert found["parts"][1] == marked
    assert "".join(found["parts"]) == text
    assert found["moved"] is moved


def test_copy_takes_the_markdown_and_its_sources(scripted: ScriptedHub, open_page: OpenPage) -> None:
    page = open_page(scripted.url, permissions=["clipboard-read", "clipboard-write"])
    answer = ask(page, "温度")

    answer.get_by_role("button", name="Copy").click()

    expect(answer.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("SE30 的**工作温度**为 -20 °C 至 60 °C [1]。\n\n[1] SE30 边缘网关快速指南, 环境")
    assert copied.endswith("(manuals/se30-quick-guide-zh.md)")


def test_chinese_text_is_marked_as_such(scripted_page: Page) -> None:
    answer = ask(scripted_page, "温度是多少？")

    expect(scripted_page.locator(".question-text")).to_have_attribute("lang", "zh")
    expect(answer.locator(".prose")).to_have_attribute("lang", "zh")
