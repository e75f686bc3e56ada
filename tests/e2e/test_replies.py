"""Answering the assistant by a button: "Yes" and "No" to what it proposes, and the choices of its questions."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.chat import answers, ask, last_answer

pytestmark = pytest.mark.e2e


def sent(page: Page) -> Locator:
    return page.locator(".question-text").last


@pytest.mark.parametrize("reload", [False, True])
def test_a_proposal_shows_its_orders_and_yes_is_sent_as_a_message(scripted_page: Page, reload: bool) -> None:
    ask(scripted_page, "PROPOSED-EN")
    if reload:
        scripted_page.reload()
    proposal = last_answer(scripted_page).get_by_role("region", name="To be done")

    expect(proposal.get_by_role("listitem")).to_have_text(["retire crew@1", "pause the rollout on support"])
    proposal.get_by_role("button", name="Yes").click()

    expect(sent(scripted_page)).to_have_text("Yes")
    expect(answers(scripted_page)).to_have_count(2)


def test_once_another_message_was_sent_nothing_of_it_can_be_pressed(scripted_page: Page) -> None:
    ask(scripted_page, "PROPOSED-EN")
    proposal = answers(scripted_page).first.locator(".proposal")
    expect(proposal.get_by_role("button", name="No")).to_be_enabled()

    ask(scripted_page, "something else")

    for button in proposal.get_by_role("button").all():
        expect(button).to_be_disabled()


def test_a_chinese_proposal_is_answered_in_chinese(scripted_page: Page) -> None:
    proposal = ask(scripted_page, "PROPOSED-ZH").get_by_role("region", name="待确认")

    expect(proposal).to_have_attribute("lang", "zh")
    expect(proposal.get_by_role("button")).to_have_text(["是", "不要"])
    proposal.get_by_role("button", name="不要").click()

    expect(sent(scripted_page)).to_have_text("不要")


def test_the_choices_of_a_question_are_reached_and_sent_by_the_keyboard(scripted_page: Page) -> None:
    ask(scripted_page, "ASKED")
    chips = answers(scripted_page).first.get_by_role("group", name="Choices").get_by_role("button")
    expect(chips).to_have_text(["support", "returns", "gateways"])

    chips.first.focus()
    scripted_page.keyboard.press("Tab")
    expect(chips.nth(1)).to_be_focused()
    scripted_page.keyboard.press("Enter")

    expect(sent(scripted_page)).to_have_text("returns")
    expect(scripted_page.locator("#question")).to_be_focused()
    expect(chips.first).to_be_disabled()


def test_an_answer_that_asks_nothing_has_no_buttons_to_reply_with(scripted_page: Page) -> None:
    expect(ask(scripted_page, "温度").locator(".replies")).to_be_hidden()


def test_a_proposal_that_the_answer_tells_shows_its_buttons_alone(scripted_page: Page) -> None:
    answer = ask(scripted_page, "PROPOSED-TOLD")
    proposal = answer.get_by_role("region", name="To be done")

    expect(proposal.get_by_role("button")).to_have_text(["Yes", "No"])
    expect(proposal.get_by_role("listitem")).to_have_count(0)
    assert answer.inner_text().count("retire crew@1") == 1


def test_which_of_two_is_meant_is_answered_by_a_click(scripted_page: Page) -> None:
    answer = ask(scripted_page, "WHICH")
    expect(answer.get_by_role("group", name="Choices").get_by_role("button")).to_have_count(2)

    answer.get_by_role("button", name="pause the rollout on support").click()

    expect(sent(scripted_page)).to_have_text("pause the rollout on support")
