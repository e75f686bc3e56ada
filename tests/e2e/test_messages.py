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
    scripted_page.get_by_role("button", name="Show the source text").click()
    expect(mark).to_be_in_viewport()
    assert mark.evaluate("(mark) => mark.textContent") == quote
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

    answer.get_by_role("button", name="复制").click()

    expect(answer.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("SE30 的**工作温度**为 -20 °C 至 60 °C [1]。\n\n[1] SE30 边缘网关快速指南, 环境")
    assert copied.endswith("(manuals/se30-quick-guide-zh.md)")


def test_chinese_text_is_marked_as_such(scripted_page: Page) -> None:
    answer = ask(scripted_page, "温度是多少？")

    expect(scripted_page.locator(".question-text")).to_have_attribute("lang", "zh")
    expect(answer.locator(".prose")).to_have_attribute("lang", "zh")


def test_a_confidence_of_nothing_is_not_shown_but_what_decided(scripted_page: Page) -> None:
    badge = ask(scripted_page, "WHICH").locator(".route summary")

    expect(badge.locator(".confidence")).to_have_count(0)
    expect(badge).to_contain_text("nothing alone, so it was asked back")


def test_a_key_stands_in_a_block_of_its_own_that_copies_it_alone(scripted: ScriptedHub, open_page: OpenPage) -> None:
    page = open_page(scripted.url, permissions=["clipboard-read", "clipboard-write"])
    answer = ask(page, "KEY")

    answer.locator(".code-block").get_by_role("button", name="Copy").click()

    expect(answer.locator(".copy-block")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "chk_1a2b3c4d_secretsecretsecretsecret"


def test_a_stop_that_comes_when_all_is_said_leaves_a_complete_answer(blank: Page) -> None:
    status = """async (last) => {
      const { applyEvent, runningTurn } = await import("/assets/turns.js");
      const turn = runningTurn("r1");
      applyEvent(turn, { type: "STEP_STARTED", stepName: "respond" });
      applyEvent(turn, { type: "TEXT_MESSAGE_CONTENT", delta: "All of it." });
      if (last) applyEvent(turn, { type: "STEP_FINISHED", stepName: "respond" });
      applyEvent(turn, { type: "RUN_FINISHED", outcome: { type: "cancelled" } });
      return turn.status;
    }"""
    assert [blank.evaluate(status, last) for last in (True, False)] == ["complete", "cancelled"]


@pytest.mark.parametrize(
    ("source", "quote", "marked", "around"),
    [
        ("# Fan\n\nTurn it **off** first. Wait.\n", "Turn it **off** first.", "Turn it off first.", "p"),
        ("1. Open it.\n2. Pull the tray.\n3. Close it.\n", "2. Pull the tray.", "Pull the tray.", "li"),
        ("| Part | Limit |\n| --- | --- |\n| fan | 45 °C |\n", "| fan | 45 °C |", "fan45 °C", "td"),
        ("## Cooling\n\nText.\n", "## Cooling", "Cooling", "h3"),
        ("Run:\n\n```sh\nls -l\n```\n", "```sh\nls -l\n```", "ls -l", "code"),
        ("One.\n\nTwo.\n\nThree.\n", "One.\n\nTwo.", "One.Two.", "p"),
    ],
)
def test_a_rendered_document_marks_the_passage(blank: Page, source: str, quote: str, marked: str, around: str) -> None:
    found = blank.evaluate(
        """async ([source, quote]) => {
          const { markPassage, renderDocument } = await import("/assets/rendered.js");
          const at = source.indexOf(quote);
          const prose = renderDocument([source.slice(0, at), quote, source.slice(at + quote.length)]);
          const marks = markPassage(prose);
          return [marks.map((mark) => mark.textContent).join(""), marks[0].parentElement.localName, prose.textContent];
        }""",
        [source, quote],
    )
    assert found[:2] == [marked, around]
    assert not {"\ue000", "\ue001", "#", "|", "`"} & set(found[2])


def test_documents_open_rendered_and_a_home_without_any_says_so(scripted: ScriptedHub, open_page: OpenPage) -> None:
    page = open_page(scripted.url)
    page.locator("#documents").click()
    page.locator("#panel .source").first.click()
    expect(page.locator(".document-text.rendered h2")).to_have_text("SE30 edge gateway 🛠️")

    scripted.empty = True
    bare = open_page(scripted.url)
    expect(bare.locator("#welcome")).to_contain_text("Nothing was ingested yet")
    expect(bare.locator("#welcome code")).to_have_text("chargehand ingest PATH")
    expect(bare.locator(".example .about")).to_have_text(["Models", "Help"])
