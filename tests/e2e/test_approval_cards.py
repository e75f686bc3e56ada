"""The card of what waits: what it changes, who may decide it, and that nothing of it is told twice."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.chat import OpenPage, ask
from tests.fakes.scripted_hub import ScriptedHub, requested

pytestmark = pytest.mark.e2e


def card_under_an_answer(
    scripted: ScriptedHub, open_page: OpenPage, question: str = "WAITING-EN"
) -> tuple[Page, Locator]:
    page = open_page(scripted.url)
    card = ask(page, question).locator(".approval")
    expect(card).to_have_count(1)
    return page, card


def test_whoever_asked_cannot_press_anything_and_is_told_why(scripted: ScriptedHub, open_page: OpenPage) -> None:
    scripted.approvals.append(requested(requester="local"))
    page, card = card_under_an_answer(scripted, open_page)

    for button in card.get_by_role("button").all():
        expect(button).to_be_disabled()
    expect(card).to_contain_text("You asked for this, so somebody else has to decide")
    page.locator("#approvals").click()
    expect(page.locator("#panel").get_by_role("button", name="Approve")).to_be_disabled()


def test_whoever_lacks_the_right_is_told_so(scripted: ScriptedHub, open_page: OpenPage) -> None:
    scripted.scopes = ["approvals:read"]
    scripted.approvals.append(requested())
    _, card = card_under_an_answer(scripted, open_page)

    expect(card.get_by_role("button", name="Approve")).to_be_disabled()
    expect(card).to_contain_text("it needs the right approvals:decide, or a delegation")


def test_another_may_decide_and_sees_the_plan_and_what_it_changes(scripted: ScriptedHub, open_page: OpenPage) -> None:
    scripted.approvals.append(requested())
    page, card = card_under_an_answer(scripted, open_page)

    expect(card.get_by_role("button", name="Approve")).to_be_enabled()
    expect(card.locator(".approval-diff")).to_have_text("candidate→retired")
    expect(card.locator(".approval-plan")).to_contain_text("555555555555…")
    assert "5" * 13 not in card.inner_text()
    page.locator("#approvals").click()
    listed = page.locator("#panel .approval")
    expect(listed).to_contain_text("retire version")
    expect(listed).to_contain_text("it is old")
    expect(listed.locator(".approval-diff")).to_have_text("candidate→retired")


def test_what_the_answer_tells_the_card_under_it_does_not_tell_again(
    scripted: ScriptedHub, open_page: OpenPage
) -> None:
    scripted.approvals.append(requested())
    page, card = card_under_an_answer(scripted, open_page)

    expect(page.locator(".prose").last).to_contain_text("retire crew@1")
    expect(card.locator(".approval-asked")).to_have_count(0)
    expect(page.locator(".tool .tool-word")).to_have_text("waits for an approval")


def test_the_card_speaks_the_language_of_its_answer(scripted: ScriptedHub, open_page: OpenPage) -> None:
    scripted.approvals.append(requested(requester="local"))
    _, card = card_under_an_answer(scripted, open_page, "WAITING-ZH")

    expect(card).to_have_attribute("lang", "zh")
    expect(card.get_by_role("button")).to_have_text(["批准", "拒绝"])
    expect(card).to_contain_text("须由另一个人决定")


def test_where_two_have_to_agree_the_first_sees_that_another_is_missing(
    scripted: ScriptedHub, open_page: OpenPage
) -> None:
    scripted.approvals.append(requested() | {"needed": 2, "agreed": ["local"]})
    _, card = card_under_an_answer(scripted, open_page)

    expect(card).to_contain_text("1 of 2 have agreed: local")
    expect(card).to_contain_text("somebody else has to agree, too")
    expect(card.get_by_role("button", name="Approve")).to_be_disabled()
    expect(card.get_by_role("button", name="Reject")).to_be_enabled()
