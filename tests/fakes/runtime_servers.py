"""A loopback server of OpenAI's whole API, and one of Ollama's management: what the runtimes' adapters talk to."""

import hashlib
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.model_servers import Behaviour, FakeServer, Handler, Received, serve

__all__ = ["PROMPT_TOKENS", "serve_ollama_store", "serve_runtime"]

PROMPT_TOKENS = 7
"""What every prompt is said to have."""


@contextmanager
def serve_runtime(*models: str) -> Generator[FakeServer]:
    """A server of chat, completion, embeddings and models under `/v1`; `behaviour` rules the first two.

    It says `words` as its answer, one token each.
    """

    def answer(handler: Handler, request: Received) -> None:
        behaviour = handler.server.fake.behaviour
        if request.path == "/v1/models":
            handler.send_json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in models]})
        elif request.path == "/v1/embeddings":
            texts = request.body["input"] if isinstance(request.body["input"], list) else [request.body["input"]]
            rows = [{"object": "embedding", "index": n, "embedding": [float(len(t)), 0.5]} for n, t in enumerate(texts)]
            usage = {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS}
            handler.send_json(200, {"object": "list", "data": rows, "model": request.body["model"], "usage": usage})
        elif request.body.get("stream"):
            chats = request.path.endswith("/chat/completions")
            handler.send_chat(lambda behaviour: _pieces(behaviour, chats=chats), "text/event-stream")
        else:
            _send_whole(handler, behaviour, chats=request.path.endswith("/chat/completions"))

    with serve(answer) as server:
        yield server


@contextmanager
def serve_ollama_store(**served: str) -> Generator[FakeServer]:
    """Ollama's own API: models by name and their file's digest, blobs, pulls, creations, what is loaded."""
    models, blobs, loaded = dict(served), dict[str, bytes](), set[str]()

    def answer(handler: Handler, request: Received) -> None:
        body = request.body
        if request.path.startswith("/api/blobs/"):
            digest = request.path.rpartition("/")[2]
            if request.method == "POST":
                blobs[f"sha256:{hashlib.sha256(body).hexdigest()}"] = body
            handler.send_json(200 if digest in blobs else 404, {})
        elif request.path == "/api/version":
            handler.send_json(200, {"version": "0.13.0"})
        elif request.path in {"/api/tags", "/api/ps"}:
            names = models if request.path == "/api/tags" else loaded
            handler.send_json(200, {"models": [{"name": name} for name in sorted(names)]})
        elif request.path == "/api/generate":
            (loaded.discard if body["keep_alive"] == 0 else loaded.add)(body["model"])
            handler.send_json(200, {"done": True})
        else:
            wanted = [*body.get("files", {}).values(), *body.get("adapters", {}).values()]
            good = all(digest in blobs for digest in wanted) and not body["model"].startswith("missing")
            if good:
                models[body["model"]] = "".join(wanted)
            handler.send_chat(lambda behaviour: _steps(behaviour, good=good), "application/x-ndjson")

    with serve(answer) as server:
        yield server


def _steps(behaviour: Behaviour, *, good: bool) -> Iterator[bytes]:
    yield b'{"status": "pulling manifest"}\n'
    yield b'{"status": "downloading", "completed": 50, "total": 100}\n'
    yield b'{"status": "success"}\n' if good else b'{"error": "pull model manifest: file does not exist"}\n'


def _usage(behaviour: Behaviour) -> dict[str, int]:
    said = len(behaviour.words)
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": said, "total_tokens": PROMPT_TOKENS + said}


def _send_whole(handler: Handler, behaviour: Behaviour, *, chats: bool) -> None:
    import time

    time.sleep(behaviour.first_delay_s)
    if behaviour.status != 200:
        handler.send_json(behaviour.status, {"error": {"message": f"refused with {behaviour.status}"}})
        return
    if behaviour.die_after is not None:
        handler.close_connection = True
        return
    text = "".join(behaviour.words)
    said: dict[str, Any] = {"message": {"role": "assistant", "content": text}} if chats else {"text": text}
    choice = {"index": 0, "finish_reason": "stop", **said}
    kind = "chat.completion" if chats else "text_completion"
    whole = {"id": "c1", "object": kind, "created": 1, "model": "fake", "choices": [choice]}
    handler.send_json(200, {**whole, "usage": _usage(behaviour)})


def _pieces(behaviour: Behaviour, *, chats: bool) -> Iterator[bytes]:
    def event(content: dict[str, Any]) -> bytes:
        kind = "chat.completion.chunk" if chats else "text_completion"
        head = {"id": "c1", "object": kind, "created": 1, "model": "fake"}
        return b"data: " + json.dumps({**head, **content}).encode() + b"\n\n"

    for count, word in enumerate(behaviour.words):
        if count == behaviour.report_after:
            yield b'data: {"error": {"message": "the server is out of memory", "type": "server_error"}}\n\n'
            return
        said: dict[str, Any] = {"delta": {"role": "assistant", "content": word}} if chats else {"text": word}
        yield event({"choices": [{"index": 0, "finish_reason": None, **said}]})
    if behaviour.end_mark:
        end: dict[str, Any] = {"delta": {}} if chats else {"text": ""}
        yield event({"choices": [{"index": 0, "finish_reason": "stop", **end}]})
        yield event({"choices": [], "usage": _usage(behaviour)})
        yield b"data: [DONE]\n\n"
