"""A TCP proxy that does to real connections what bad lines do: drops, delays, truncates, repeats and reorders."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

__all__ = ["FaultyProxy", "Weather"]


@dataclass
class Weather:
    """How likely each fault is, per piece of data that passes.

    Attributes:
        refuse: a connection is closed at once.
        cut: it breaks before the piece. truncate: after half of it.
        repeat: all that the client sent over it is sent to the hub again, later, over another connection: what was
            sent first comes last.
    """

    refuse: float = 0.05
    cut: float = 0.06
    truncate: float = 0.06
    repeat: float = 0.2
    delay_s: float = 0.03

    @classmethod
    def fair(cls) -> "Weather":
        return cls(0, 0, 0, 0, 0)


class FaultyProxy:
    """Forwards connections on a free loopback port to another loopback port."""

    def __init__(self, target: int, seed: int) -> None:
        self.weather = Weather()
        self.faults = {"refuse": 0, "cut": 0, "truncate": 0, "repeat": 0}
        self._target = target
        self._dice = Random(seed)
        self._late: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/mcp"

    def stop(self) -> None:
        """Take no more connections, and wait until the late copies of what came have come, too."""
        with suppress(OSError):  # Wakes up the thread that accepts.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for late in self._late:
            late.join(20)

    def _happens(self, fault: str) -> bool:
        happens = self._dice.random() < getattr(self.weather, fault)
        self.faults[fault] += happens
        return happens

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # The listener was closed.
                return
            if self._happens("refuse"):
                client.close()
                continue
            try:
                hub = socket.create_connection(("127.0.0.1", self._target), 2)
            except OSError:  # The hub is down.
                client.close()
                continue
            heard = bytearray()
            threading.Thread(target=self._pump, args=(client, hub, heard), daemon=True).start()
            threading.Thread(target=self._pump, args=(hub, client, None), daemon=True).start()
            if self._happens("repeat"):
                self._late.append(threading.Thread(target=self._repeat, args=(heard,), daemon=True))
                self._late[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, heard: bytearray | None) -> None:
        with suppress(OSError):  # The other direction has closed them.
            while data := source.recv(65536):
                time.sleep(self._dice.random() * self.weather.delay_s)
                if heard is not None:
                    heard += data
                if self._happens("cut"):
                    break
                if self._happens("truncate"):
                    sink.sendall(data[: len(data) // 2])
                    break
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):  # It is closed already.
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _repeat(self, heard: bytearray) -> None:
        time.sleep(0.2 + self._dice.random())
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._target), 2) as hub:
            hub.sendall(bytes(heard))
            hub.settimeout(0.5)
            while hub.recv(65536):
                pass
