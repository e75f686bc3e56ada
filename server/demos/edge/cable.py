"""The line between a gateway and its hub: a TCP relay that can be pulled and plugged in again."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

__all__ = ["Cable", "lay_cable"]

_PIECE_BYTES = 64 << 10


class Cable:
    """Relays connections from a port of this machine to the hub while it is plugged in; counts what goes over it."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._plugged = True
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.sent_bytes = 0
        self.received_bytes = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where the gateway finds the hub."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def pull(self) -> None:
        """Every connection breaks, and none can be made."""
        with self._lock:
            self._plugged = False
            for end in self._ends:
                with suppress(OSError):  # it broke already
                    end.shutdown(socket.SHUT_RDWR)

    def plug_in(self) -> None:
        """Connections can be made again."""
        self._plugged = True

    def remove(self) -> None:
        """For good."""
        self.pull()
        with suppress(OSError):  # wakes the thread that accepts
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:  # the cable was removed
                return
            if not self._plugged:
                near.close()
                continue
            try:
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._ends |= {near, far}
            threading.Thread(target=self._relay, args=(near, far, "sent_bytes"), daemon=True).start()
            threading.Thread(target=self._relay, args=(far, near, "received_bytes"), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, counter: str) -> None:
        with suppress(OSError):  # pulled, or one end hung up
            while piece := source.recv(_PIECE_BYTES):
                sink.sendall(piece)
                with self._lock:
                    setattr(self, counter, getattr(self, counter) + len(piece))
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._ends.discard(source)
        source.close()


@contextmanager
def lay_cable(hub_url: str) -> Generator[Cable]:
    """A cable to the hub at this address until the end of the block."""
    address = urlsplit(hub_url)
    cable = Cable((address.hostname or "127.0.0.1", address.port or 80))
    try:
        yield cable
    finally:
        cable.remove()
