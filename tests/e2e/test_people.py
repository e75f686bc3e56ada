"""Several people at one page: who acts, what waits for a second of them, and what is refused."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.chat import OpenPage, ask, send, sign_in
from tests.e2e.real_hub import RealHub

pytestmark = pytest.mark.e2e

ENGINEER = ["chat:use", "documents:read", "roster:read", "roster:write", "approvals:read", "gates:read", "gates:write"]
READER = ["chat:use", "documents:read", "roster:read"]
APPROVER = ["chat:use", "documents:read", "roster:read", "approvals:read", "approvals:decide"]


def call(hub: RealHub, tool: str, **arguments: Any) -> dict[str, Any]:
    """As the person at the hub's machine."""
    body = json.dumps(arguments).encode()
    request = Request(f"{hub.url}/v1/tools/{tool}", body, {"content-type": "application/json"})
    with urlopen(request, timeout=20) as response:
        return json.load(response)


def key_of(hub: RealHub, principal: str, scopes: Sequence[str]) -> str:
    return call(hub, "api_key_issue", principal=principal, scopes=list(scopes))["key"]


def card(page: Page) -> Locator:
    return page.locator("#transcript .approval")


@pytest.fixture(scope="module")
def bobs_key(hub: RealHub) -> str:
    """Of the first who may decide: only that one's key is made without somebody's agreement."""
    return key_of(hub, "bob", APPROVER)


@pytest.fixture(scope="module")
def versions(hub: RealHub) -> str:
    call(hub, "register_model", name="crew", based_on="smollm2-135m")
    for label in ("1", "2"):
        content = {"base": "smollm2-135m", "quantisation": "Q4_1", "adapter": label}
        call(hub, "register_version", model="crew", label=label, reference="local:smollm2-135m", content=content)
    return "crew"


def test_a_key_makes_the_page_act_as_its_holder_in_this_tab_alone(page: Page, open_page: OpenPage, hub: RealHub):
    key = key_of(hub, "fay", READER)
    expect(page.locator("#caller")).to_contain_text("local")
    sign_in(page, key, "fay")
    answer = ask(page, "What can you do?")
    expect(page.locator(".question-who")).to_have_text("fay")
    stored = hub.get(f"/v1/threads/{page.url.partition('#')[2]}")
    assert stored["messages"][1]["principal"] == "fay"
    assert key not in json.dumps(stored)
    page.reload()
    expect(page.locator("#caller")).to_contain_text("fay")
    expect(answer).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).join()").find("key") == -1
    page.locator("#caller").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#caller")).to_contain_text("local")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_wrong_key_is_refused_in_the_dialog_and_nothing_changes(page: Page):
    page.locator("#caller").click()
    page.get_by_label("API key").fill("chk_wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-error")).to_contain_text("The API key is not valid.")
    page.keyboard.press("Escape")
    expect(page.locator("#caller")).to_contain_text("local")
    assert page.evaluate("sessionStorage.length") == 0


def test_who_has_no_right_to_chat_is_told_so(page: Page, hub: RealHub):
    sign_in(page, key_of(hub, "vic", ["roster:read"]), "vic")
    send(page, "list the roster")
    expect(page.locator("#transcript")).to_contain_text("vic may not use the chat.")


def test_what_waits_is_refused_to_whoever_asked_and_approved_by_another_in_the_page(
    page: Page, hub: RealHub, versions: str, bobs_key: str
):
    ann, bob = key_of(hub, "ann", ENGINEER), bobs_key
    sign_in(page, ann, "ann")
    ask(page, "retire crew@1 because crew@2 replaced it")
    expect(card(page)).to_contain_text("Waiting for an approval")
    expect(card(page).get_by_role("button", name="Approve")).to_be_disabled()
    expect(card(page).get_by_role("button", name="Reject")).to_be_disabled()
    expect(card(page)).to_contain_text("You asked for this, so somebody else has to decide: it takes four eyes.")

    sign_in(page, bob, "bob")
    expect(card(page).get_by_role("button", name="Approve")).to_be_enabled()
    page.locator("#approvals").click()
    listed = page.locator("#panel .approval")
    expect(listed).to_have_count(1)
    expect(listed).to_contain_text("ann")
    expect(listed).to_contain_text("crew@1")
    expect(listed.locator(".approval-diff del")).to_have_text("candidate")
    expect(listed.locator(".approval-diff ins")).to_have_text("retired")
    listed.get_by_role("button", name="Approve").click()
    expect(page.locator("#panel")).to_contain_text("Nothing waits for an approval.")
    expect(page.locator("#approvals")).not_to_be_visible()

    sign_in(page, ann, "ann")
    expect(card(page)).to_contain_text("Approved by bob")
    card(page).get_by_role("button", name="Go on").click()
    expect(page.get_by_role("article", name="Chargehand")).to_have_count(2)
    expect(page.locator("#transcript")).to_contain_text("retired")
    expect(card(page)).to_have_count(0)
    assert call(hub, "version_show", version="crew@1")["stage"] == "retired"


def test_a_rejected_request_is_not_done(page: Page, hub: RealHub, versions: str, bobs_key: str):
    ask(page, "retire crew@2 because it is old")
    sign_in(page, bobs_key, "bob")
    card(page).get_by_role("button", name="Reject").click()
    expect(card(page)).to_have_count(0)
    assert call(hub, "version_show", version="crew@2")["stage"] == "candidate"
