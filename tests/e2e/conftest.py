"""A browser, a real hub and a scripted one.

The tests need Chromium (`CHARGEHAND_CHROMIUM`, or on the PATH) and skip without it.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.e2e.chat import OpenPage
from tests.e2e.real_hub import RealHub, running_hub
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.scripted_hub import ScriptedHub

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def scripted() -> Iterator[ScriptedHub]:
    with_script = ScriptedHub().start()
    yield with_script
    with_script.stop()


@pytest.fixture
def proxied(scripted: ScriptedHub) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(int(scripted.url.rsplit(":", 1)[1]))
    yield proxy
    proxy.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    named = os.environ.get("CHARGEHAND_CHROMIUM")
    found = named or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium: install it, or name it in CHARGEHAND_CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=BROWSER_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages; at the end of the test none of them may have met an error or a breach of the content policy."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The browser itself reports every refused or failed request this way; the page shows those to the user.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    contexts: list[BrowserContext] = []

    def open_address(url: str, **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))  # pyright: ignore[reportArgumentType]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: OpenPage, hub: RealHub) -> Page:
    """The chat page of the real hub."""
    return open_page(hub.url)


@pytest.fixture
def scripted_page(open_page: OpenPage, scripted: ScriptedHub) -> Page:
    return open_page(scripted.url)


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    """A page that only lends its browser to the modules."""
    served = ScriptedHub().start()
    page = browser.new_page()
    page.goto(served.url)
    yield page
    page.close()
    served.stop()
