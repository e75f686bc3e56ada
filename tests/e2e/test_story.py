"""The whole story as one conversation in the page: two people, the bundled model, real traffic."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from server.demos.factory.faulty import faulty_server
from server.demos.hub import Hub, start_hub
from tests.e2e.chat import OpenPage, ask, sign_in
from tests.fakes.story import hire, play
from tools.serving.providers import BUNDLED, bundled_version

pytestmark = pytest.mark.e2e


@dataclass
class OnThePage:
    """One thread on one page; whoever speaks signs in first."""

    page: Page
    hub: Hub
    who: str = ""
    shots: int = 0

    def say(self, who: str, text: str) -> str:
        self._become(who)
        said = ask(self.page, text).inner_text()
        self._shoot()
        return said

    def approve(self, who: str, approval: str) -> str:
        self._become(who)
        card = self.page.locator(f'#transcript [data-approval="{approval}"]')
        if who == "bob":
            card.get_by_role("button", name="Approve").click()
            expect(card).to_have_count(0)
            return ""
        expect(card.get_by_role("button", name="Approve")).to_be_disabled()
        self._shoot()
        return card.locator(".approval-hindrance").inner_text()

    def _become(self, who: str) -> None:
        if who == self.who:
            return
        sign_in(self.page, self.hub.keys[who], who)
        self.who = who

    def _shoot(self) -> None:
        """A picture of each turn, where somebody wants to look at them."""
        folder = os.environ.get("CHARGEHAND_SHOTS")
        if folder:
            self.shots += 1
            self.page.screenshot(path=str(Path(folder) / f"story-{self.shots:02}.png"))


@pytest.mark.timeout(900)
def test_one_conversation_in_the_page_takes_a_version_into_service_and_a_bad_one_back(open_page: OpenPage, ready: Path):
    if bundled_version() is None:
        pytest.skip("the extra chargehand[local] is not installed")
    with (
        faulty_server(BUNDLED) as faulty,
        start_hub(ready, {"CHARGEHAND_MODEL": "none", "CHARGEHAND_OPENAI_BASE_URL": faulty}) as hub,
    ):
        hire(hub)
        page = open_page(str(hub.http.base_url))
        play(OnThePage(page, hub), hub)
        page.locator("#approvals").wait_for(state="hidden")
