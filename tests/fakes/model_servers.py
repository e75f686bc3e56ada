"""Loopback servers that speak Ollama's and OpenAI's chat APIs, and fail in every way that real ones do."""

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Behaviour", "FakeServer", "Handler", "Received", "ollama_model", "serve", "serve_ollama", "serve_openai"]

Json = Mapping[str, Any]


@dataclass
class Behaviour:
    """How the server answers chats from now on; change it between requests.

    Attributes:
        words: the answer, one piece of the stream each.
        status: other than 200, the request is refused with it.
        die_after: close the connection after so many pieces.
        end_mark: whether the last piece says that the answer is whole.
        garbage: sent instead of an answer.
        report_after: report a failure inside the stream after so many pieces.
    """

    words: Sequence[str] = ("The ", "gateway ", "is ", "ready.")
    status: int = 200
    retry_after: str = ""
    first_delay_s: float = 0.0
    gap_s: float = 0.0
    die_after: int | None = None
    end_mark: bool = True
    garbage: bytes = b""
    report_after: int | None = None


@dataclass(frozen=True)
class Received:
    """A request that came in. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class FakeServer:
    """A running server.

    Attributes:
        chatting: set once an answer is being sent.
        hung_up: set when a client closed its connection before the answer's end.
    """

    url: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    received: list[Received] = field(default_factory=list[Received])
    chatting: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def chat(self) -> Received:
        """The last chat request."""
        return [request for request in self.received if "chat" in request.path][-1]


def ollama_model(
    name: str, size: str = "3.8B", *, family: str = "phi3", embeds: bool = False, context: int = 131072
) -> dict[str, Any]:
    """A model as `/api/tags` and `/api/show` describe it."""
    return {
        "name": name,
        "details": {"family": family, "parameter_size": size},
        "capabilities": ["embedding"] if embeds else ["completion", "tools"],
        "model_info": {f"{family}.context_length": context},
    }


@contextmanager
def serve_ollama(*models: Json) -> Generator[FakeServer]:
    """An Ollama server that has these models."""
    by_name = {model["name"]: model for model in models}

    def answer(handler: Handler, request: Received) -> None:
        if request.path == "/api/tags":
            handler.send_json(200, {"models": [{**model, "model": model["name"]} for model in models]})
        elif request.path == "/api/show":
            found = by_name.get(request.body["model"])
            handler.send_json(200 if found else 404, found or {"error": "model not found"})
        elif request.path == "/api/chat":
            handler.send_chat(_ollama_pieces, "application/x-ndjson")

    with serve(answer) as server:
        yield server


@contextmanager
def serve_openai() -> Generator[FakeServer]:
    """A server of `…/chat/completions` under any path, streaming only."""

    def answer(handler: Handler, request: Received) -> None:
        handler.send_chat(openai_pieces, "text/event-stream")

    with serve(answer) as server:
        yield server


def _ollama_pieces(behaviour: Behaviour) -> Iterator[bytes]:
    def line(piece: Json) -> bytes:
        return json.dumps({"model": "fake", "created_at": "2026-01-01T00:00:00Z", **piece}).encode() + b"\n"

    for count, word in enumerate(behaviour.words):
        if count == behaviour.report_after:
            yield json.dumps({"error": "llama runner process has terminated"}).encode() + b"\n"
            return
        yield line({"message": {"role": "assistant", "content": word}, "done": False})
    if behaviour.end_mark:
        yield line({"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"})


def openai_pieces(behaviour: Behaviour) -> Iterator[bytes]:
    def event(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        piece = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": [choice]}
        return b"data: " + json.dumps(piece).encode() + b"\n\n"

    for count, word in enumerate(behaviour.words):
        if count == behaviour.report_after:
            yield b'data: {"error": {"message": "the server is out of memory", "type": "server_error"}}\n\n'
            return
        yield event({"role": "assistant", "content": word})
    if behaviour.end_mark:
        yield event({}, "stop") + b"data: [DONE]\n\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[["Handler", Received], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.fake = FakeServer(f"http://127.0.0.1:{self.server_port}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.fake.hung_up.set()


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the server's `answer`."""

    protocol_version = "HTTP/1.1"
    server: "_Server"  # pyright: ignore[reportIncompatibleVariableOverride]  # what BaseServer makes is one

    def do_GET(self) -> None:
        self._answer(None)

    def do_HEAD(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            self._answer(self._read_chunks())
        else:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def send_json(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.server.fake.behaviour.retry_after:
            self.send_header("Retry-After", self.server.fake.behaviour.retry_after)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_chat(self, pieces: Callable[[Behaviour], Iterator[bytes]], kind: str) -> None:
        behaviour = self.server.fake.behaviour
        time.sleep(behaviour.first_delay_s)
        if behaviour.status != 200:
            self.send_json(behaviour.status, {"error": {"message": f"refused with {behaviour.status}"}})
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.server.fake.chatting.set()
        parts = iter([behaviour.garbage]) if behaviour.garbage else pieces(behaviour)
        for count, part in enumerate(parts):
            if count == behaviour.die_after:
                self.close_connection = True
                return
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.flush()
            time.sleep(behaviour.gap_s)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing: the requests are in `FakeServer.received`."""

    def _read_chunks(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.command, self.path, headers, body)
        self.server.fake.received.append(request)
        self.server.answer(self, request)


@contextmanager
def serve(answer: Callable[[Handler, Received], None]) -> Generator[FakeServer]:
    """Run a server that answers so, until the end of the block."""
    with _Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.fake
        finally:
            server.shutdown()
            thread.join()
