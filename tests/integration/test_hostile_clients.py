"""A real hub under clients that mean it no good: others are answered all the while."""

import json
import resource
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from memory.store import KnowledgeStore
from tests.fakes.commands import Up, run_process, start_up
from tests.fakes.dependencies import copy_home

pytestmark = pytest.mark.integration

LARGE_BYTES = 57 << 20
LONGEST_SILENCE_S = 3.0
"""The machine is shared; the hub was silent for 25 s."""


@pytest.fixture(scope="module")
def home(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_home(sample_store, tmp_path_factory.mktemp("hostile") / "home")


@pytest.fixture(scope="module")
def token(home: Path) -> str:
    """Of somebody who may enrol a device, and nothing else."""
    made = run_process(home, "tools", "call", "device_enrolment_token", json.dumps({"group": "hall"}))
    return made.json["token"]


@pytest.fixture(scope="module")
def hub(home: Path, token: str) -> Iterator[Up]:
    with start_up(home) as up:
        httpx.post(f"{up.url}/mcp", json={}, trust_env=False, timeout=60)  # imports the protocol's SDK
        yield up


@contextmanager
def watched(up: Up) -> Generator[list[float]]:
    """How long each answer to somebody else took, seconds, while the block goes on."""
    took, over = list[float](), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=up.url, trust_env=False, timeout=60) as client:
            while not over.is_set():
                began = time.monotonic()
                assert client.get("/health").status_code == 200
                took.append(time.monotonic() - began)
                time.sleep(0.02)

    asking = threading.Thread(target=ask)
    asking.start()
    while not took and asking.is_alive():
        time.sleep(0.01)
    try:
        yield took
    finally:
        over.set()
        asking.join(60)


def sent(up: Up, path: str, token: str | None, parts: Iterator[bytes], length: int | None) -> bytes:
    """What the hub says to a request, whose body is sent until it says something."""
    address = urlsplit(up.url)
    assert address.port is not None
    with socket.create_connection(("127.0.0.1", address.port), timeout=60) as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: {address.netloc}\r\ncontent-type: application/json\r\n"
        head += "accept: application/json, text/event-stream\r\n"
        head += f"authorization: Bearer {token}\r\n" if token else ""
        head += "transfer-encoding: chunked\r\n\r\n" if length is None else f"content-length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        try:
            for part in parts:
                connection.sendall(part if length is not None else b"%x\r\n%s\r\n" % (len(part), part))
            if length is None:
                connection.sendall(b"0\r\n\r\n")
        except ConnectionError:
            pass
        try:
            return connection.recv(65536)
        except ConnectionError:
            return b""


def nothing_but_lists(size_bytes: int) -> Iterator[bytes]:
    part = b"[[],[],[],[]," * 5000
    for _ in range(size_bytes // len(part)):
        yield part
    yield b" " * (size_bytes % len(part))


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
@pytest.mark.parametrize("path", ["/v1/runs", "/v1/tools/roster_list", "/v1/chat/completions", "/mcp"])
def test_a_large_body_holds_up_nobody(path: str, chunked: bool, hub: Up) -> None:
    with watched(hub) as took:
        answer = sent(hub, path, None, nothing_but_lists(LARGE_BYTES), None if chunked else LARGE_BYTES)
    assert b" 413 " in answer or (chunked and not answer)  # whoever goes on sending may miss what was said
    assert max(took) < LONGEST_SILENCE_S


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/tools/roster_list", "/v1/chat/completions"])
def test_whoever_may_not_is_refused_before_the_body(path: str, hub: Up, token: str) -> None:
    with watched(hub) as took:
        answer = sent(hub, path, token, iter([b"[[],"]), None)
    assert b" 403 " in answer
    assert max(took) < LONGEST_SILENCE_S


def test_the_largest_body_that_is_taken_holds_up_nobody(hub: Up) -> None:
    size_bytes = 15 << 20
    with watched(hub) as took:
        answer = sent(hub, "/v1/chat/completions", None, nothing_but_lists(size_bytes), size_bytes)
        assert b" 400 " in answer
        body = json.dumps({"model": "x", "messages": [{"role": "user", "content": "a"}] * 200_000}).encode()
        answer = sent(hub, "/v1/chat/completions", None, iter([body]), len(body))
    assert b" 400 " in answer
    assert max(took) < LONGEST_SILENCE_S


def test_idle_sockets_shut_nobody_out(hub: Up) -> None:
    count = 1200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + 200:
        pytest.skip("this process may not open so many sockets")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    port = urlsplit(hub.url).port
    assert port is not None
    idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(count)]
    try:
        answer = httpx.get(f"{hub.url}/health", trust_env=False, timeout=20)
        assert answer.status_code == 200
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
