"""The line between a gateway and its hub: a TCP relay that can be pulled and plugged in again."""

import socket
import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_PIECE_BYTES = 64 << 10


class Cable(socketserver.ThreadingTCPServer):
    """Relays connections from a port of this machine to the hub while it is plugged in; counts what it sends."""

    daemon_threads = True

    def __init__(self, hub: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.hub = hub
        self.plugged = True
        self.ends: set[socket.socket] = set()
        self.received_bytes = 0

    @property
    def url(self) -> str:
        """Where the gateway finds the hub."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def pull(self) -> None:
        """Every connection breaks, and none can be made."""
        self.plugged = False
        for end in tuple(self.ends):
            _hang_up(end)


class _Connection(socketserver.BaseRequestHandler):
    server: Cable  # pyright: ignore[reportIncompatibleVariableOverride]  # as socketserver says
    request: socket.socket

    def handle(self) -> None:
        near = self.request
        if not self.server.plugged:
            return
        with suppress(OSError), socket.create_connection(self.server.hub) as far:
            self.server.ends |= {near, far}
            back = threading.Thread(target=self._relay, args=(far, near), daemon=True)
            back.start()
            self._relay(near, far)
            back.join()
            self.server.ends -= {near, far}

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # pulled, or one end hung up
            while piece := source.recv(_PIECE_BYTES):
                sink.sendall(piece)
                if sink is self.request:
                    self.server.received_bytes += len(piece)
        _hang_up(source)
        _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):  # it broke already
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def lay_cable(hub_url: str) -> Generator[Cable]:
    """A cable to the hub at this address until the end of the block."""
    address = urlsplit(hub_url)
    with Cable((address.hostname or "127.0.0.1", address.port or 80)) as cable:
        threading.Thread(target=cable.serve_forever, daemon=True).start()
        try:
            yield cable
        finally:
            cable.pull()
            cable.shutdown()
