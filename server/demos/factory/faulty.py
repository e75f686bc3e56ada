"""A model server of OpenAI's API that fails nine of ten requests: what a version must not be moved to."""

import itertools
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model = ""
    numbers = itertools.count()

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": self.model, "object": "model"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        if next(self.numbers) % 10:
            self._send(500, {"error": {"message": "out of memory"}})
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
        self._send(200, {"id": "1", "object": "chat.completion", "created": 1, "choices": [choice], "usage": usage})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps({"model": self.model, **content}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def faulty_server(model: str) -> Generator[str]:
    """Serve it on this machine until the end of the block; gives the base URL."""
    handler = type("Handler", (_Handler,), {"model": model, "numbers": itertools.count()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
