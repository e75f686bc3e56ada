"""The world outside this machine, as a proxy that everybody is told to use: it notes who calls, and lets nobody out."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["OutsideWorld", "outside_world"]


class OutsideWorld(ThreadingHTTPServer):
    """Running proxy; `called` holds the address of each request that came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusal)
        self.called: list[str] = []

    @property
    def settings(self) -> dict[str, str]:
        """Environment variables that send everything but loopback here."""
        url = f"http://127.0.0.1:{self.server_port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return {name: url for upper in names for name in (upper, upper.lower())}


class _Refusal(BaseHTTPRequestHandler):
    server: OutsideWorld  # pyright: ignore[reportIncompatibleVariableOverride]  # what BaseServer makes is one

    def refuse(self) -> None:
        self.server.called.append(self.path)
        self.send_error(403)

    do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = refuse  # noqa: N815  # the base class calls them so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing: the calls are in `OutsideWorld.called`."""


@contextmanager
def outside_world() -> Generator[OutsideWorld]:
    """Listen until the end of the block."""
    with OutsideWorld() as world:
        thread = threading.Thread(target=world.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield world
        finally:
            world.shutdown()
            thread.join()
