"""The link over MCP: what is signed, and what becomes of answers that are no answers."""

import gzip
import json
from collections.abc import AsyncGenerator

import pytest

from edge.kernel.errors import HubRefused, InvalidInput, LinkFailed
from edge.kernel.protocol.messages import Enrolled
from edge.kernel.protocol.signing import request_statement, verify
from edge.sync.transport import LARGEST_ANSWER, as_device, open_transport, with_token
from tests.fakes.edge_processes import free_port
from tests.fakes.http_answers import Answers, answering, http, tool_result
from tests.fakes.reference_hubs import signer_of

HUB = Enrolled(tenant="default", device="press", group="all", hub_id="hub-1", hub_key=signer_of("hub").public_key)
DEVICE = as_device(HUB, signer_of("press"))


@pytest.fixture
async def answers() -> AsyncGenerator[Answers]:
    async with answering() as given:
        yield given


async def call(url: str, timeout_s: float = 10) -> dict:
    async with open_transport(url, DEVICE, timeout_s=timeout_s, connect_s=2) as link:
        return dict(await link.call("edge_sync", {"text": "grüße 😀"}))


async def test_one_request_signed_over_its_exact_body_in_the_stateless_revision(answers: Answers) -> None:
    answers.reply(tool_result({"cursor": 5}))
    assert await call(answers.url) == {"cursor": 5}
    assert len(answers.bodies) == 1
    scheme, who, signature = (answers.header("authorization") or "").split(" ")
    assert (scheme, who) == ("Device", "default/press")
    verify(signer_of("press").public_key, signature, request_statement("hub-1", "default", "press", answers.bodies[0]))
    assert answers.header("mcp-protocol-version") == "2026-07-28"
    assert json.loads(answers.bodies[0])["params"]["arguments"] == {"text": "grüße 😀"}


async def test_enrolling_bears_the_token(answers: Answers) -> None:
    answers.reply(tool_result({}))
    async with open_transport(answers.url, with_token("che_1")) as link:
        await link.call("edge_enroll", {})
    assert answers.header("authorization") == "Bearer che_1"


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ümlaut"])
def test_what_no_header_can_carry_is_no_token(token: str) -> None:
    with pytest.raises(InvalidInput):
        with_token(token)


@pytest.mark.parametrize("url", ["hub.example.com", "ftp://hub/mcp", "http://[::1"])
async def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(InvalidInput):
        await call(url)


async def test_an_answer_may_come_packed(answers: Answers) -> None:
    answers.reply(tool_result({"data": "QUJD" * 50_000}), packed=True)
    assert await call(answers.url) == {"data": "QUJD" * 50_000}
    assert answers.header("accept-encoding") == "gzip"


def error(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "Told.", "advice": "Do."}}).encode()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "422 Unprocessable", "404 Not Found"])
async def test_a_no_of_the_hubs_door_carries_its_code_and_advice(answers: Answers, status: str) -> None:
    answers.answer = http(error("not_allowed"), status)
    with pytest.raises(HubRefused) as told:
        await call(answers.url)
    assert (told.value.code, told.value.message, told.value.advice) == ("not_allowed", "Told.", "Do.")


async def test_a_no_of_the_tool_does_too(answers: Answers) -> None:
    answers.reply(tool_result(None, is_error=True, text=error("invalid_input").decode()))
    with pytest.raises(HubRefused) as told:
        await call(answers.url)
    assert told.value.code == "invalid_input"


@pytest.mark.parametrize("code", ["unavailable", "storage_failed", "limit_reached", "internal", "out_of_time"])
async def test_what_may_succeed_later_is_a_failed_link(answers: Answers, code: str) -> None:
    answers.answer = http(error(code), "503 Service Unavailable")
    with pytest.raises(LinkFailed, match="Told"):
        await call(answers.url)
    answers.reply(tool_result(None, is_error=True, text=error(code).decode()))
    with pytest.raises(LinkFailed, match="Told"):
        await call(answers.url)


NO_ANSWERS = {
    "a portal's page": http(b"<html>Pay here</html>", content_type="text/html"),
    "a page that is not there": http(b"<html>?</html>", "404 Not Found", "text/html"),
    "a proxy's error": http(b"<html>?</html>", "502 Bad Gateway", "text/html"),
    "half an answer": http(b'{"jsonrpc": "2.0", "id": 1, "result": {"content"')[:-10],
    "half of JSON": http(b'{"jsonrpc": "2.0", "id": 1, "result"'),
    "no JSON-RPC": http(b'{"hello": "world"}'),
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "accepted without an answer": http(b"", "202 Accepted"),
    "a redirect to another host": http(b"", "307 Temporary Redirect", location="http://127.0.0.1:1/mcp"),
    "packed as nobody asked": http(b"{}", content_encoding="br"),
    "packed wrongly": http(b"{}", content_encoding="gzip"),
    "packed, and cut": http(gzip.compress(b"{}")[:-4], content_encoding="gzip"),
    "packed, and more behind it": http(gzip.compress(b"{}") + b"{}", content_encoding="gzip"),
    "too much once unpacked": http(gzip.compress(b" " * (LARGEST_ANSWER + 1)), content_encoding="gzip"),
    "too much": http(b" " * (LARGEST_ANSWER + 1)),
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
async def test_what_is_no_answer_is_a_failed_link(answers: Answers, answer: bytes) -> None:
    answers.answer = answer
    with pytest.raises(LinkFailed):
        await call(answers.url)


async def test_silence_ends_with_the_time(answers: Answers) -> None:
    answers.answer = None
    with pytest.raises(LinkFailed, match="did not answer"):
        await call(answers.url, timeout_s=0.3)


async def test_nobody_there() -> None:
    with pytest.raises(LinkFailed, match="cannot be reached"):
        await call(f"http://127.0.0.1:{free_port()}/mcp")


async def test_results_without_content_and_with_surprises(answers: Answers) -> None:
    answers.reply(tool_result(None))
    with pytest.raises(LinkFailed):
        await call(answers.url)
    answers.reply(json.dumps({"jsonrpc": "2.0", "id": "@ID@", "result": {"content": 5}}).encode())
    with pytest.raises(LinkFailed):
        await call(answers.url)


async def test_a_hub_of_another_release_is_told(answers: Answers) -> None:
    answers.reply(
        json.dumps({"jsonrpc": "2.0", "id": "@ID@", "error": {"code": -32602, "message": "no such tool"}}).encode()
    )
    with pytest.raises(HubRefused) as told:
        await call(answers.url)
    assert told.value.code == "protocol"
