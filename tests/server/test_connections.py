"""Bounds of connections, tried on a real server with raw sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from server.connections import ConnectionLimits, affordable, bounded_protocol

MOST, HEADERS_S = 6, 0.4


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    limits = ConnectionLimits(most=MOST, headers_s=HEADERS_S, headers_bytes=2000)
    config = uvicorn.Config(app, http=bounded_protocol(limits), ws="none", lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


def connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.settimeout(10)
    return made


def asked(connection: socket.socket) -> bytes:
    connection.sendall(b"GET / HTTP/1.1\r\nhost: hub\r\n\r\n")
    return connection.recv(4096)


def rest_of(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    got = b""
    try:
        while part := connection.recv(4096):
            got += part
    except ConnectionResetError:
        pass
    return got


def test_idle_sockets_shut_nobody_out(port: int) -> None:
    idle = [connected(port) for _ in range(MOST * 3)]
    with connected(port) as newest:
        assert b"200 OK" in asked(newest)
    for one in idle:
        one.close()


def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    with connected(port) as silent:
        began = time.monotonic()
        assert rest_of(silent) == b""
        assert time.monotonic() - began < 5


def test_headers_that_come_by_and_by_are_given_up(port: int) -> None:
    with connected(port) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nhost: hub\r\nx-slow: ")
        assert b"408" in rest_of(slow)


def test_headers_without_end_are_refused(port: int) -> None:
    with connected(port) as long:
        long.sendall(b"GET / HTTP/1.1\r\nhost: hub\r\nx-long: " + b"a" * 3000)
        assert b"431" in rest_of(long)


def test_a_connection_serves_many_requests_and_waits_anew_for_each(port: int) -> None:
    with connected(port) as kept:
        for _ in range(3):
            assert b"200 OK" in asked(kept)
            time.sleep(HEADERS_S * 0.8)
        kept.sendall(b"GET / HT")
        assert b"408" in rest_of(kept)


def test_there_are_no_more_connections_than_files() -> None:
    assert affordable(ConnectionLimits(most=10)).most == 10
    assert affordable(ConnectionLimits(most=10**9)).most < 10**9
