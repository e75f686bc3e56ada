"""A Modbus-TCP unit, as small as it can be, and with faults."""

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["answering", "modbus_unit"]

Answer = Callable[[bytes], bytes | None]
"""From a whole request to what is sent back; None: hang up."""


@contextmanager
def modbus_unit(answer: Answer) -> Generator[int]:
    """A unit on loopback; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                link.settimeout(5)
                try:
                    if (said := answer(link.recv(260))) is not None:
                        link.sendall(said)
                        stop.wait(0.05 if len(said) > 8 else 1.0)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def answering(registers: dict[int, int]) -> Answer:
    """A unit that has these registers, and says so where it lacks one."""

    def answer(request: bytes) -> bytes:
        transaction, _, _, unit, function, first, count = struct.unpack(">HHHBBHH", request)
        wanted = range(first, first + count)
        if not all(address in registers for address in wanted):
            return struct.pack(">HHHBBB", transaction, 0, 3, unit, function | 0x80, 2)
        data = b"".join(struct.pack(">H", registers[address]) for address in wanted)
        return struct.pack(">HHHBBB", transaction, 0, 3 + len(data), unit, function, len(data)) + data

    return answer
