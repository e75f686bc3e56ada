"""The device's page: who may ask, and that no site can do so in a browser's name."""

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.device import open_device
from edge.kernel.errors import InvalidInput
from edge.local_page import LocalPage, _Handler, read_code
from edge.questions import answer_body
from edge.settings import EdgeSettings

JSON = {"Content-Type": "application/json"}


def answer(text: str, by: str) -> Mapping[str, Any]:
    if not text:
        raise InvalidInput("Say something.")
    return {"text": f"{by} says {text}"}


@pytest.fixture
def page() -> Iterator[LocalPage]:
    page = LocalPage("127.0.0.1", 0, answer, lambda: {"device": "press-1"}, "1234-5678-9012")
    yield page
    page.close()


def ask(page: LocalPage, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
    link = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    link.request(
        "GET" if body is None else "POST",
        path,
        None if body is None else json.dumps(body),
        {**(JSON if body is not None else {}), **sent},
    )
    response = link.getresponse()
    content = response.read()
    link.close()
    told = json.loads(content) if "json" in response.headers["Content-Type"] else content.decode()
    return response.status, told, response.headers


def test_at_the_machine_one_asks_and_sees_the_state(page: LocalPage) -> None:
    assert ask(page, "/ask", {"text": "hello"})[:2] == (200, {"text": "person:page@127.0.0.1 says hello"})
    assert ask(page, "/ask", {"text": ""})[1]["error"] == "Say something."
    assert ask(page, "/state")[:2] == (200, {"device": "press-1"})
    status, html, headers = ask(page, "/")
    assert (status, "<title>This device</title>" in html) == (200, True)
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Content_Type": "text/plain"}, 403),
        ({"Content_Length": "9999999"}, 413),
    ],
)
def test_no_site_asks_in_a_browser_s_name(page: LocalPage, headers: dict[str, str], status: int) -> None:
    assert ask(page, "/ask", {"text": "hello"}, **headers)[0] == status


@pytest.mark.parametrize("body", [[1], "x", {"text": 5}])
def test_what_is_no_question_is_refused(page: LocalPage, body: Any) -> None:
    assert ask(page, "/ask", body)[0] == 400


def test_from_elsewhere_the_code_is_needed_and_cannot_be_tried_for_long(
    page: LocalPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        _Handler,
        "setup",
        lambda self: (super(_Handler, self).setup(), setattr(self, "client_address", ("192.0.2.7", 1)))[0],
    )
    assert ask(page, "/ask", {"text": "hello"})[0] == 401
    assert ask(page, "/state")[0] == 401
    assert ask(page, "/code", {"code": "0000-0000-0000"})[0] == 401
    status, _, headers = ask(page, "/code", {"code": "1234-5678-9012"})
    assert status == 200
    cookie = headers["Set-Cookie"]
    assert "HttpOnly; SameSite=Strict" in cookie
    assert ask(page, "/ask", {"text": "hello"}, Cookie=cookie.partition(";")[0])[0] == 200
    for n in range(5):
        ask(page, "/code", {"code": str(n)})
    assert ask(page, "/code", {"code": "1234-5678-9012"})[0] == 401


def test_the_code_is_made_once_and_private(tmp_path: Path) -> None:
    code = read_code(tmp_path / "page.code")
    assert read_code(tmp_path / "page.code") == code
    assert len(code) == 14
    assert (tmp_path / "page.code").stat().st_mode & 0o077 == 0


def test_it_shows_a_device_s_alarms(tmp_path: Path) -> None:
    with open_device(EdgeSettings(home=tmp_path)) as device:
        said = answer_body(device.assistant.ask("raise an alert: oil on the floor", by="person:page@127.0.0.1"))
        assert said["ok"]
        (alarm,) = device.page_state()["alarms"]
    assert (alarm["severity"], alarm["message"]) == ("warning", "oil on the floor")
