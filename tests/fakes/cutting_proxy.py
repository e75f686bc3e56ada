"""A TCP proxy that breaks connections at chosen places: how a test drops the line between the page and a hub."""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

__all__ = ["CuttingProxy"]

_MARKS = re.compile(rb"\ndata:|text/event-stream")
"""What begins the data of a server-sent event (JSON cannot hold it, as it escapes line ends), and a stream of them."""

_LONGEST_MARK = len(b"text/event-stream")


class CuttingProxy:
    """Forwards connections on a free loopback port to another loopback port.

    Args:
        target: port of the hub.
        cuts: one number for each event stream to come, in order: in the middle of which of its events it is cut off.
    """

    def __init__(self, target: int, cuts: list[int] | None = None) -> None:
        self.cuts = cuts or []
        self.refusing = False
        """Whether new connections are closed at once, as by a hub that is gone; what is open stays open."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut_all(self) -> None:
        """Break every connection that is open now."""
        for one in self._open:
            _break(one)
        self._open.clear()

    def stop(self) -> None:
        self.refusing = True
        with suppress(OSError):  # Wakes up the thread that accepts.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # The listener was closed.
                return
            if self.refusing:
                _break(client)
                continue
            hub = socket.create_connection(("127.0.0.1", self._target))
            self._open += [client, hub]
            threading.Thread(target=_pump, args=(client, hub, _pass), daemon=True).start()
            threading.Thread(target=_pump, args=(hub, client, self._cutter()), daemon=True).start()

    def _cutter(self) -> Callable[[bytes], tuple[bytes, bool]]:
        """Counts the events of each stream of a connection; returns what may pass and whether it ends there."""
        tail = b""
        events = 0

        def cut(data: bytes) -> tuple[bytes, bool]:
            nonlocal tail, events
            seen = tail + data
            for mark in _MARKS.finditer(seen):
                if mark.end() <= len(tail):
                    continue
                events = events + 1 if mark[0] == b"\ndata:" else 0
                if self.cuts and events == self.cuts[0]:
                    self.cuts.pop(0)
                    return data[: mark.end() + 9 - len(tail)], True
            tail = seen[1 - _LONGEST_MARK :]
            return data, False

        return cut


def _pass(data: bytes) -> tuple[bytes, bool]:
    return data, False


def _pump(source: socket.socket, sink: socket.socket, cut: Callable[[bytes], tuple[bytes, bool]]) -> None:
    with suppress(OSError):  # The other direction has closed them.
        while data := source.recv(65536):
            passing, ends = cut(data)
            sink.sendall(passing)
            if ends:
                break
    _break(source)
    _break(sink)


def _break(one: socket.socket) -> None:
    with suppress(OSError):  # It is closed already.
        one.shutdown(socket.SHUT_RDWR)
    one.close()
