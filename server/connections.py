"""Bounds of a connection, which uvicorn leaves open: how long its headers may take and be, how many there may be.

A connection on which no request is being answered holds nothing that anybody waits for: where there are too many, the
one that has been so for longest gives way to the newest, so that idle sockets shut nobody out.
"""

import asyncio
import resource
from dataclasses import dataclass, replace

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_FILES_APART = 200
"""Files that the hub itself has open, and runtimes, databases, artifacts: not to be had by connections."""
_WANTED_FILES = 4096


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may take of the hub.

    Attributes:
        most: open at a time.
        headers_s: from the connection, or the first byte of a further request, to the end of the headers.
        headers_bytes: of one request, with its first line.
    """

    most: int = 1000
    headers_s: float = 10.0
    headers_bytes: int = 64 << 10


def affordable(limits: ConnectionLimits) -> ConnectionLimits:
    """The limits with as many connections as the process may open files; asks for more files first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if soft == resource.RLIM_INFINITY:
        return limits
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return replace(limits, most=min(limits.most, max(soft // 4, soft - _FILES_APART)))


def bounded_protocol(limits: ConnectionLimits) -> type["BoundedHttp"]:
    """The protocol within these limits, for uvicorn's configuration."""
    return type("Bounded", (BoundedHttp,), {"limits": limits})


class BoundedHttp(HttpToolsProtocol):
    """Uvicorn's protocol of HTTP/1.1 within `limits`."""

    limits = ConnectionLimits()
    idle_since = 0.0
    _timer: asyncio.TimerHandle | None = None
    _headers_bytes = 0

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self.idle_since = self.loop.time()
        self._await_headers()
        if len(self.connections) > self.limits.most:
            self._make_room()

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, BoundedHttp) and one is not self]
        idle = [one for one in others if one.idle and not one.transport.is_closing()]
        if idle:
            longest = min(idle, key=lambda one: one.idle_since)
            longest.transport.abort()
            self.connections.discard(longest)

    def data_received(self, data: bytes) -> None:
        if self.idle:
            if self._timer is None:
                self._await_headers()
            self._headers_bytes += len(data)
        super().data_received(data)
        if self.idle and self._headers_bytes > self.limits.headers_bytes and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large", b"The headers are too long.")

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self._headers_bytes, self.idle_since = 0, self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        self._timer = self.loop.call_later(self.limits.headers_s, self._too_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        if self._headers_bytes:
            self._refuse(b"408 Request Timeout", b"The headers did not come in time.")
        else:
            self.transport.abort()

    def _refuse(self, status: bytes, why: bytes) -> None:
        """Answer before there is a request, and close."""
        length = str(len(why)).encode()
        head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: "
        self.transport.write(b"HTTP/1.1 " + status + b"\r\n" + head + length + b"\r\n\r\n" + why)
        self.transport.close()
