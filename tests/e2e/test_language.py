"""What stands around an answer speaks its language."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat import ask, last_answer
from tests.fakes.scripted_hub import ScriptedHub

pytestmark = pytest.mark.e2e

_ENGLISH_CHROME = re.compile(r"\b(Sources|Copy|Fork|knowledge|documents|Decided|Reason|Language|Steps|Routed)\b")


@pytest.mark.parametrize("reload", [False, True])
def test_nothing_around_a_chinese_answer_is_english(scripted_page: Page, reload: bool) -> None:
    ask(scripted_page, "SE30 的工作温度？")
    if reload:
        scripted_page.reload()
    answer = last_answer(scripted_page)
    answer.locator(".route summary").click()

    said = answer.inner_text().replace("Passage 1 answers it; no operation fits better.", "")
    assert _ENGLISH_CHROME.findall(said) == []
    expect(answer.locator(".sources h2")).to_have_text("来源")
    expect(answer.locator(".cite").first).to_have_attribute("aria-label", re.compile("^来源 1："))
    expect(answer.get_by_role("button", name="分支：从这里在新对话中继续")).to_be_visible()


def test_an_english_answer_in_the_same_thread_stays_english(scripted_page: Page) -> None:
    ask(scripted_page, "SE30 的工作温度？")
    answer = ask(scripted_page, "throttling")

    expect(answer.locator(".sources h2")).to_have_text("Sources")
    expect(answer.get_by_role("button", name="Copy the answer")).to_have_count(0)
    expect(answer.locator(".actions")).to_contain_text("Fork")


def test_a_failure_is_told_in_the_language_of_the_question(scripted: ScriptedHub, scripted_page: Page) -> None:
    scripted.refusals.append((507, {"code": "storage_failed", "message": "磁盘已满。", "advice": ""}))

    refused = ask(scripted_page, "温度是多少")

    expect(refused.get_by_role("button", name="重试")).to_be_visible()
