"""A run from the page's side: streaming, stopping, reconnecting, failing, retrying."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat import OpenPage, answers, ask, last_answer, send
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.scripted_hub import ScriptedHub

pytestmark = pytest.mark.e2e

ANSWER = re.compile(r"^The gateway throttles when the inlet air exceeds 45 °C 1\. Check these first:")


def test_a_streaming_answer_shows_its_steps_and_draft(scripted: ScriptedHub, scripted_page: Page) -> None:
    send(scripted_page, "PAUSED")
    answer = last_answer(scripted_page)

    expect(answer.locator(".prose")).to_have_text("The gateway throttles when the i")
    expect(answer.locator(".steps .done")).to_have_count(3)
    expect(answer.locator(".steps .now")).to_contain_text("Writing the answer")
    expect(answer.locator(".draft summary")).to_have_text("draft, being checked")
    expect(answer.locator(".draft-words")).to_be_visible()

    scripted.release()
    expect(answer.locator(".prose")).to_have_text(ANSWER)
    expect(answer.locator(".steps")).to_be_hidden()
    expect(answer.locator(".draft")).not_to_have_attribute("open", "")
    expect(answer.locator(".draft summary")).to_contain_text("before it was checked")


def test_stop_cancels_the_run(scripted: ScriptedHub, scripted_page: Page) -> None:
    send(scripted_page, "PAUSED")
    expect(last_answer(scripted_page).locator(".prose")).not_to_be_empty()

    scripted_page.get_by_role("button", name="Stop").click()

    expect(last_answer(scripted_page)).to_have_attribute("data-status", "cancelled")
    expect(last_answer(scripted_page).locator(".stopped")).to_be_visible()
    assert [run.cancelled for run in scripted.runs.values()] == [True]
    expect(scripted_page.locator("#question")).to_be_focused()
    expect(scripted_page.locator("#threads .spinner")).to_have_count(0)


def test_a_second_question_waits_for_the_first(scripted: ScriptedHub, scripted_page: Page) -> None:
    send(scripted_page, "PAUSED")
    expect(scripted_page.get_by_role("button", name="Stop")).to_be_visible()
    send(scripted_page, "and another")

    expect(scripted_page.locator("#question")).to_have_value("and another")
    scripted.release()
    expect(last_answer(scripted_page)).to_have_attribute("aria-busy", "false")
    scripted_page.locator("#question").press("Enter")
    expect(answers(scripted_page)).to_have_count(2)


def test_a_reload_takes_up_the_running_answer(scripted: ScriptedHub, scripted_page: Page) -> None:
    send(scripted_page, "PAUSED")
    expect(last_answer(scripted_page).locator(".prose")).not_to_be_empty()

    scripted_page.reload()

    expect(last_answer(scripted_page).locator(".prose")).to_have_text("The gateway throttles when the i")
    expect(scripted_page.get_by_role("button", name="Stop")).to_be_visible()
    scripted.release()
    expect(last_answer(scripted_page).locator(".prose")).to_have_text(ANSWER)
    expect(answers(scripted_page)).to_have_count(1)


def test_leaving_a_thread_lets_its_run_go_on(scripted: ScriptedHub, scripted_page: Page) -> None:
    send(scripted_page, "PAUSED")
    expect(last_answer(scripted_page).locator(".prose")).not_to_be_empty()

    scripted_page.get_by_role("button", name="New thread", exact=True).click()
    ask(scripted_page, "温度")
    expect(scripted_page.locator("#threads .spinner")).to_have_count(1)
    scripted_page.locator("#threads a", has_text="PAUSED").click()

    scripted.release()
    expect(last_answer(scripted_page).locator(".prose")).to_have_text(ANSWER)


@pytest.mark.parametrize("cuts", [[1], [12], [50], [45, 3, 2], [1, 1, 1, 1]])
def test_a_dropped_stream_is_taken_up_where_it_broke(
    proxied: CuttingProxy, open_page: OpenPage, scripted: ScriptedHub, cuts: list[int]
) -> None:
    page = open_page(proxied.url)
    whole = ask(page, "first, undisturbed")
    text, draft = whole.locator(".answer-text").inner_text(), whole.locator(".draft-words").text_content() or ""
    proxied.cuts += cuts

    again = ask(page, "second, cut")

    assert proxied.cuts == []
    expect(again).to_have_attribute("data-status", "complete")
    expect(again.locator(".answer-text")).to_have_text(text, use_inner_text=True)
    expect(again.locator(".draft-words")).to_have_text(draft)
    assert len(scripted.runs) == 2


def test_a_lost_connection_is_told_and_mended(
    proxied: CuttingProxy, open_page: OpenPage, scripted: ScriptedHub
) -> None:
    page = open_page(proxied.url)
    send(page, "PAUSED")
    expect(last_answer(page).locator(".prose")).not_to_be_empty()

    proxied.refusing = True
    proxied.cut_all()
    expect(last_answer(page).locator(".waiting")).to_have_text("Connection lost, reconnecting…")
    proxied.refusing = False

    expect(last_answer(page).locator(".waiting")).to_be_hidden()
    scripted.release()
    expect(last_answer(page).locator(".prose")).to_have_text(ANSWER)


def test_an_unreachable_hub_is_told_and_can_be_retried(proxied: CuttingProxy, open_page: OpenPage) -> None:
    page = open_page(proxied.url)
    expect(page.locator("#documents")).to_be_visible()
    proxied.refusing = True
    proxied.cut_all()

    send(page, "Is anybody there?")

    failure = last_answer(page).locator(".failure")
    expect(failure).to_contain_text("The hub cannot be reached.")
    expect(failure).to_contain_text("chargehand up")
    expect(page.locator("#model")).to_have_text("Hub not reached")
    proxied.refusing = False
    failure.get_by_role("button", name="Try again").click()
    expect(last_answer(page).locator(".prose")).to_have_text(ANSWER)
    expect(page.locator(".question-text")).to_have_count(1)
    expect(page.locator("#banner")).to_be_hidden()


def test_a_page_without_its_hub_recovers_by_itself(proxied: CuttingProxy, open_page: OpenPage) -> None:
    page = open_page(proxied.url)
    ask(page, "温度")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    proxied.refusing = True
    proxied.cut_all()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#banner")).to_contain_text("cannot be reached")

    proxied.refusing = False

    expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
    expect(page.locator("#documents")).to_be_visible()


def test_a_failed_run_shows_why_and_can_be_retried(scripted_page: Page) -> None:
    answer = ask(scripted_page, "FAIL")

    expect(answer.locator(".failure")).to_contain_text("The model ran out of memory.")
    expect(answer.locator(".spinner")).to_have_count(0)
    answer.get_by_role("button", name="Try again").click()
    expect(answers(scripted_page)).to_have_count(2)
    expect(last_answer(scripted_page).locator(".failure")).to_be_visible()


def test_a_refused_question_shows_the_advice_and_can_be_retried(scripted: ScriptedHub, scripted_page: Page) -> None:
    error = {"code": "storage_failed", "message": "The disk is full.", "advice": "Free some space."}
    scripted.refusals.append((507, error))

    refused = ask(scripted_page, "温度")

    expect(refused.locator(".failure")).to_contain_text("The disk is full. Free some space.")
    refused.get_by_role("button", name="重试").click()
    expect(last_answer(scripted_page).locator(".prose")).to_contain_text("工作温度")
    expect(answers(scripted_page)).to_have_count(1)


def test_a_busy_thread_gives_the_question_back(scripted: ScriptedHub, open_page: OpenPage) -> None:
    one = open_page(scripted.url)
    ask(one, "温度")
    other = open_page(one.url)
    expect(answers(other)).to_have_count(1)
    send(one, "PAUSED")
    expect(last_answer(one).locator(".prose")).not_to_be_empty()

    send(other, "at the same time")

    expect(other.locator("#banner")).to_contain_text("This thread is busy.")
    expect(other.locator("#question")).to_have_value("at the same time")
    scripted.release()
    expect(last_answer(other).locator(".prose")).to_have_text(ANSWER)


def test_a_hub_that_forgot_the_run_leaves_a_way_on(
    proxied: CuttingProxy, open_page: OpenPage, scripted: ScriptedHub
) -> None:
    page = open_page(proxied.url)
    send(page, "PAUSED")
    expect(last_answer(page).locator(".prose")).not_to_be_empty()

    scripted.runs.clear()
    next(iter(scripted.threads.values())).run_id = None
    proxied.cut_all()

    expect(last_answer(page).locator(".failure")).to_contain_text("This question got no answer.")
    scripted.release()
    last_answer(page).get_by_role("button", name="Try again").click()
    expect(last_answer(page).locator(".prose")).to_have_text(ANSWER)
