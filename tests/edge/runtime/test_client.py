"""Requests to a model server: answers, streams, refusals, and the limit of time."""

import json
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import InvalidInput, ModelUnavailable, NotFound, OutOfTime, StorageFailed
from edge.runtime.client import ModelServer, ServerLost
from edge.runtime.ollama import OllamaRuntime
from edge.runtime.port import Message
from tests.fakes.gguf_files import small_gguf

BLOB = "sha256:" + "0" * 64
SHOWN = {"model_info": {"x.context_length": 512}, "parameters": "num_ctx    256\nnum_thread 1"}


class _Server(ThreadingHTTPServer):
    """Remembers what it was asked; answers a path with a status and chunks, each after a pause in seconds."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: dict[str, tuple[int, list[bytes], float]] = {}
        self.gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, *parts: object, status: int = 200, pause_s: float = 0.0) -> None:
        chunks = [part if isinstance(part, bytes) else json.dumps(part).encode() + b"\n" for part in parts]
        self.answers[path] = (status, chunks, pause_s)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self._body()
        self.server.asked.append((self.command, self.path, json.loads(body) if body.startswith(b"{") else body))
        status, chunks, pause_s = self.server.answers.get(self.path, (404, [b'{"error": "nothing there"}'], 0.0))
        self.send_response(status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            for chunk in chunks:
                time.sleep(pause_s)
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            self.server.gone.set()

    do_GET = do_HEAD = do_DELETE = do_POST  # noqa: N815  # the base class's names

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Generator[_Server]:
    with _Server() as opened:
        thread = threading.Thread(target=opened.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        opened.answer("/api/show", SHOWN)
        yield opened
        opened.shutdown()


def _refusal(status: int, why: str) -> InvalidInput:
    return InvalidInput(f"{status}: {why}")


def client(url: str) -> ModelServer:
    return ModelServer("The server", url, "Start it.", _refusal, "secret")


def part(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}, "done": False, **more}


def test_lines_and_events_come_as_they_are_written(server: _Server) -> None:
    server.answer("/s", b'data: {"n": 1}\n\ndata: {"n"', b": 2}\r\n\r\n: ping\n", b'data: [DONE]\n\n{"n": 3}')
    assert [event["n"] for event in client(server.url).stream("/s", {}, 5)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"error": {"message": "no such\nthing", "code": 400}}, 400, "400: no such"),
        ({"error": "plain"}, 500, "500: plain"),
        (b"not JSON", 503, "503: not JSON"),
        (b"", 500, "500: it gave no reason"),
    ],
)
def test_a_refusal_has_the_status_and_the_reason(server: _Server, body: object, status: int, told: str) -> None:
    server.answer("/s", body, status=status)
    for ask in (lambda: client(server.url).ask("POST", "/s", {}, timeout_s=5), lambda: next(_stream(server))):
        with pytest.raises(InvalidInput) as caught:
            ask()
        assert caught.value.message == told


def _stream(server: _Server) -> Generator[dict[str, Any]]:
    return client(server.url).stream("/s", {}, 5)


def test_an_error_in_a_stream_is_a_refusal(server: _Server) -> None:
    server.answer("/s", {"n": 1}, {"error": {"code": 400, "message": "bad schema"}})
    stream = _stream(server)
    assert next(stream) == {"n": 1}
    with pytest.raises(InvalidInput, match="400: bad schema"):
        next(stream)


def test_what_is_no_answer_is_told(server: _Server) -> None:
    server.answer("/s", b"<html>")
    with pytest.raises(ServerLost, match="does not answer as The server does"):
        client(server.url).ask("GET", "/s", timeout_s=5)


def test_an_answer_that_takes_too_long_is_not_waited_for(server: _Server) -> None:
    server.answer("/s", {}, pause_s=2)
    with pytest.raises(ModelUnavailable, match=r"did not answer within 0\.1 s"):
        client(server.url).ask("GET", "/s", timeout_s=0.1)


def test_a_chat_of_ollama_keeps_its_time_even_where_nothing_comes(server: _Server) -> None:
    server.answer("/api/chat", part("a", done=True, prompt_eval_count=3, eval_count=1))
    model = OllamaRuntime(server.url).chat_model("smol")
    assert model.chat([Message("user", "a")]).text == "a"
    server.answer("/api/chat", part("never"), pause_s=30)
    begun = time.monotonic()
    with pytest.raises(OutOfTime, match=r"smol did not answer within 0\.2 s"):
        model.chat([Message("user", "a")], timeout_s=0.2)
    assert time.monotonic() - begun < 5


def test_a_chat_that_is_stopped_hangs_up_so_that_the_model_stops(server: _Server) -> None:
    server.answer("/api/chat", part("x", done=True, prompt_eval_count=3))
    model = OllamaRuntime(server.url).chat_model("smol")
    model.count_tokens([Message("user", "a")])
    server.answer("/api/chat", *[part("la ")] * 2000, pause_s=0.005)
    reply = model.chat([Message("user", "a")], stop_when=lambda text: len(text) > 5)
    assert (reply.text, reply.finish) == ("la la ", "cancelled")
    assert server.gone.wait(10)


def test_a_chat_says_all_that_ollama_must_know(server: _Server) -> None:
    server.answer("/api/chat", part("", done=True, done_reason="length", prompt_eval_count=4, eval_count=5))
    reply = OllamaRuntime(server.url).chat_model("smol").chat([Message("tool", "41")], schema={"type": "string"})
    assert (reply.finish, reply.input_tokens, reply.output_tokens) == ("length", 4, 5)
    method, path, body = server.asked[-1]
    options = {"num_ctx": 256, "num_predict": 239, "temperature": 0.0, "seed": 0}
    assert (method, path, body.pop("options") | {"num_predict": 239}) == ("POST", "/api/chat", options)
    assert body == {
        "model": "smol",
        "messages": [{"role": "user", "content": "41"}],
        "format": {"type": "string"},
        "keep_alive": -1,
        "stream": True,
    }


def test_ollama_that_breaks_off_is_told(server: _Server) -> None:
    server.answer("/api/chat", part("x", done=True, prompt_eval_count=3))
    model = OllamaRuntime(server.url).chat_model("smol")
    model.count_tokens([Message("user", "a")])
    server.answer("/api/chat", part("half an"))
    with pytest.raises(ModelUnavailable, match="broke off while smol answered"):
        model.chat([Message("user", "a")])


def test_a_model_is_created_of_files_that_are_sent_once(server: _Server, tmp_path: Path) -> None:
    base = tmp_path / "base.gguf"
    base.write_bytes(small_gguf("base", 4000))
    server.answer("/api/create", {"status": "success"})
    runtime = OllamaRuntime(server.url)
    with pytest.raises(ModelUnavailable):  # the fake takes no content of a digest that it does not expect
        runtime.create("smol", base, None, {})
    _, path, content = server.asked[-1]
    assert content == small_gguf("base", 4000)
    digest = path.removeprefix("/api/blobs/")
    server.answer(path, status=201)
    server.asked.clear()
    runtime.create("smol", base, None, {"system": "Be brief.", "context_tokens": 512, "threads": 1})
    assert [asked[:2] for asked in server.asked] == [("HEAD", path), ("POST", path), ("POST", "/api/create")]
    assert server.asked[-1][2] == {
        "model": "smol",
        "files": {"base.gguf": digest},
        "system": "Be brief.",
        "parameters": {"num_ctx": 512, "num_thread": 1},
        "stream": False,
    }
    with pytest.raises(NotFound):
        runtime.create("smol", BLOB, None, {})
    server.answer("/api/create", {"error": "no space left on device"}, status=500)
    with pytest.raises(StorageFailed):
        runtime.create("smol", base, None, {})


def test_models_are_listed_loaded_unloaded_and_removed(server: _Server) -> None:
    server.answer("/api/tags", {"models": [{"name": "smol:latest", "model": "smol:latest", "size": 7, "digest": "ab"}]})
    server.answer("/api/ps", {"models": [{"name": "smol:latest", "model": "smol:latest"}]})
    server.answer("/api/generate", {"done": True})
    server.answer("/api/chat", part("", done=True, prompt_eval_count=3))
    server.answer("/api/delete")
    runtime = OllamaRuntime(server.url)
    (model,) = runtime.models()
    assert (model.name, model.size_bytes, model.digest) == ("smol", 7, "sha256:ab")
    runtime.warm("smol")
    runtime.unload("smol")
    runtime.remove("smol")
    loads = [body for _, path, body in server.asked if path == "/api/generate"]
    assert loads == [
        {"model": "smol", "keep_alive": -1, "options": {"num_ctx": 256}, "stream": False},
        {"model": "smol", "keep_alive": 0, "stream": False},
    ]
    assert server.asked[-1] == ("DELETE", "/api/delete", {"model": "smol"})


def test_a_file_whose_header_is_not_true_never_reaches_ollama(server: _Server, tmp_path: Path) -> None:
    base = tmp_path / "base.gguf"
    base.write_bytes(b"GGUF" + bytes(1000))
    server.asked.clear()
    with pytest.raises(InvalidInput, match="no whole GGUF file"):
        OllamaRuntime(server.url).create("smol", base, None, {})
    assert server.asked == []
