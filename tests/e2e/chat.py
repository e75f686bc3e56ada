"""What a user does on the chat page."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

__all__ = ["OpenPage", "answers", "ask", "last_answer", "send", "sign_in"]

OpenPage = Callable[..., Page]
"""Opens an address in a fresh browser context; keyword arguments go to the context."""


def send(page: Page, question: str) -> None:
    """Ask, and do not wait for the answer."""
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")


def answers(page: Page) -> Locator:
    return page.get_by_role("article", name="Chargehand")


def last_answer(page: Page) -> Locator:
    return answers(page).last


def ask(page: Page, question: str) -> Locator:
    """Ask, and wait until the answer is complete."""
    before = answers(page).count()
    send(page, question)
    expect(answers(page)).to_have_count(before + 1)
    answer = last_answer(page)
    expect(answer).to_have_attribute("aria-busy", "false", timeout=60_000)
    return answer


def sign_in(page: Page, key: str, principal: str) -> None:
    """Let the page act as somebody else."""
    page.locator("#caller").click()
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#caller")).to_contain_text(principal)
    expect(page.locator("#sign-in")).not_to_be_visible()
