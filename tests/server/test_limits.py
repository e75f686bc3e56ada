"""Bounds of requests: size and pace of their bodies, rights before bodies, how many of one caller."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.types import Message

from edge.kernel.errors import NotAllowed
from server.app import add_error_handlers
from server.guarded_routes import guarded, parse_json
from server.limits import BODY_BYTES, BodyPace, ConcurrentRequests, TooLargeAsJson
from tools.calling.context import LOCAL_ENGINEER

LIMIT_BYTES = 1000


def app_of(*, allowed: bool = True, grace_s: float = 5.0) -> FastAPI:
    async def permit(request: Request) -> None:
        if not allowed:
            raise NotAllowed("Not you.")

    router = APIRouter(route_class=guarded(permit))

    @router.post("/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    app = FastAPI()
    app.include_router(router, max_body_size=LIMIT_BYTES)
    add_error_handlers(app)
    app.add_middleware(TooLargeAsJson)
    app.add_middleware(BodyPace, grace_s=grace_s)
    return app


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


async def parts(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 100


async def test_a_body_within_the_limit_is_read() -> None:
    async with client_of(app_of()) as client:
        assert (await client.post("/echo", json={"a": 1})).json() == {"a": 1}


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_larger_one_is_refused_as_json(chunked: bool) -> None:
    content = parts(20) if chunked else b" " * 2000
    async with client_of(app_of()) as client:
        answer = await client.post("/echo", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_rights_come_before_the_body() -> None:
    read = list[bytes]()

    async def body() -> AsyncIterator[bytes]:
        read.append(b"")
        yield b"{"

    async with client_of(app_of(allowed=False)) as client:
        answer = await client.post("/echo", content=body(), headers={"content-type": "application/json"})
    assert answer.status_code == 403
    assert read == []


async def test_a_body_that_does_not_come_is_given_up() -> None:
    sent = list[Message]()

    async def receive() -> Message:
        if sent:
            return {"type": "http.disconnect"}
        await asyncio.sleep(30)
        raise AssertionError("waited too long")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/echo", "raw_path": b"/echo", "query_string": b"", "root_path": "",
        "http_version": "1.1", "scheme": "http", "headers": [(b"content-length", b"10"), (b"content-type", b"application/json")],
    }  # fmt: skip
    await app_of(grace_s=0.1)(scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["error"]["code"] == "out_of_time"


async def test_one_caller_cannot_take_all_of_the_hub() -> None:
    going = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await going.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    limited = ConcurrentRequests(slow, most=2)

    async def as_local(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["caller"] = LOCAL_ENGINEER
        await limited(scope, receive, send)

    async with client_of(as_local) as client:
        running = [asyncio.create_task(client.get("/")) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert (await client.get("/")).status_code == 429
        going.set()
        assert [answer.status_code for answer in await asyncio.gather(*running)] == [204, 204]
        assert (await client.get("/")).status_code == 204


def bombs() -> Iterator[bytes]:
    yield b"[" * BODY_BYTES
    yield b"[" + b"[]," * 500_000 + b"1]"
    yield b"[" + b"1," * 2_100_000 + b"1]"
    yield b"1" * BODY_BYTES
    yield b'{"a": NaN}'


@pytest.mark.parametrize("bomb", list(bombs()), ids=["deep", "containers", "values", "digits", "no number"])
def test_json_that_only_costs_is_not_parsed(bomb: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        parse_json(bomb)
