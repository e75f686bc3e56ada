"""llama.cpp in this process: one loaded model that several threads and event loops may ask at once.

The binding's server also listens on a loopback port that cannot be switched off. It is closed to others by a random
key, and asked only to count tokens, which the binding itself does not offer.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import queue
import secrets
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

from edge.kernel.errors import ChargehandError, InvalidInput, Unavailable
from tools.runtimes.llama_server import LlamaOptions, start_server

__all__ = ["Chunk", "Llama", "load_llama"]

Chunk = Mapping[str, object]
"""One event of a chat completion stream, as OpenAI's API words it."""

_LOOK_S = 0.05
"""Time between two looks of a waiting request at its cancel flag."""


class _Server(Protocol):
    listening_address: str

    def handle_chat_completions(self, request: Mapping[str, object], on_chunk: Callable[[Chunk], bool]) -> object: ...


_Receive = Callable[[Chunk | ChargehandError | None], None]
"""Takes events, then either None (the end) or what went wrong. Called from the worker thread."""


class Llama:
    """A loaded GGUF model. Safe to use from several threads; `slots` requests run at a time, others wait.

    Args:
        path: of the GGUF file.
        context_tokens: of each slot, prompt and answer together.
        threads: that read prompts, >= 1. One thread writes: on two cores that are busy with other work it is three to
            four times faster than two, which wait for each other at every token, and 15 % slower when they are free.

    Raises:
        Unavailable: llama.cpp is not installed or cannot load the file.
    """

    def __init__(self, path: Path, context_tokens: int = 4096, slots: int = 2, threads: int = 2) -> None:
        self.context_tokens = context_tokens
        self._key = secrets.token_urlsafe(32)
        self._slots = threading.BoundedSemaphore(slots)
        self._server = _start(path, context_tokens, slots, threads, self._key)
        self._closing = threading.Event()
        self._workers: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        atexit.register(self._close)

    def stream(self, request: Mapping[str, object]) -> Iterator[Chunk]:
        """Answer a chat completion request; closing the iterator stops the generation.

        Raises:
            InvalidInput: the prompt is longer than the context, or the request or its schema is not valid.
            Unavailable: llama.cpp failed.
        """
        events: queue.SimpleQueue[Chunk | ChargehandError | None] = queue.SimpleQueue()
        cancelled = self._start_work(request, events.put)
        try:
            while (event := events.get()) is not None:
                if isinstance(event, ChargehandError):
                    raise event
                yield event
        finally:
            cancelled.set()

    async def astream(self, request: Mapping[str, object]) -> AsyncGenerator[Chunk]:
        """As `stream`, without blocking the event loop; cancelling the task that reads stops the generation."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Chunk | ChargehandError | None] = asyncio.Queue()

        def receive(event: Chunk | ChargehandError | None) -> None:
            # RuntimeError: the loop has closed, so nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(events.put_nowait, event)

        cancelled = self._start_work(request, receive)
        try:
            while (event := await events.get()) is not None:
                if isinstance(event, ChargehandError):
                    raise event
                yield event
        finally:
            cancelled.set()

    def token_ids(self, text: str) -> list[int]:
        """The text's tokens, without any that a chat template would add."""
        return cast("list[int]", self._post("/tokenize", {"content": text})["tokens"])

    def count_prompt_tokens(self, messages: Sequence[Mapping[str, str]]) -> int:
        """Tokens of the whole prompt, with the chat template around the messages."""
        prompt = self._post("/apply-template", {"messages": messages})["prompt"]
        return len(self.token_ids(cast("str", prompt)))

    def _start_work(self, request: Mapping[str, object], receive: _Receive) -> threading.Event:
        cancelled = threading.Event()
        worker = threading.Thread(target=self._work, args=(request, receive, cancelled), daemon=True, name="llama")
        self._workers.add(worker)
        worker.start()
        return cancelled

    def _work(self, request: Mapping[str, object], receive: _Receive, cancelled: threading.Event) -> None:
        try:
            self._run(request, receive, cancelled)
        except ChargehandError as error:
            receive(error)
        except BaseException:
            # Nobody reads this thread: the reader gets a failure, and the thread's own report has the traceback.
            receive(Unavailable("The bundled model failed.", "Try again."))
            raise
        else:
            receive(None)

    def _run(self, request: Mapping[str, object], receive: _Receive, cancelled: threading.Event) -> None:
        def stopped() -> bool:
            return cancelled.is_set() or self._closing.is_set()

        while not self._slots.acquire(timeout=_LOOK_S):
            if stopped():
                return
        failures: list[object] = []

        def on_chunk(chunk: Chunk) -> bool:
            if "error" in chunk:
                failures.append(chunk["error"])
                return True
            receive(chunk)
            return stopped()

        try:
            # Progress events while the prompt is read give the cancel flag its chance before the first token.
            wish = {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
            if not stopped():
                self._server.handle_chat_completions({**request, **wish}, on_chunk)
        except ValueError as error:
            raise InvalidInput(
                f"The bundled model cannot take this request: {_first_line(str(error))}", "Correct its JSON schema."
            ) from error
        finally:
            self._slots.release()
        if failures:
            raise _failure(failures[0])

    def _close(self) -> None:
        """Stop what still runs when the process ends: native code that calls into a dead interpreter crashes it."""
        self._closing.set()
        for worker in list(self._workers):
            if worker.is_alive():
                worker.join(timeout=10)

    def _post(self, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        parts = urlsplit(self._server.listening_address)
        connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        except OSError as error:
            raise Unavailable("The bundled model does not count tokens.", "Try again.") from error
        finally:
            connection.close()
        if response.status != 200:
            raise Unavailable(f"The bundled model does not count tokens (status {response.status}).", "Try again.")
        return cast("Mapping[str, object]", json.loads(content))


_loaded: dict[Path, Llama] = {}
_loading = threading.Lock()


def load_llama(path: Path) -> Llama:
    """The process's one server for this file, loaded by the first caller: about 0.7 s and 350 MB for SmolLM2-135M.

    Raises:
        Unavailable: llama.cpp is not installed or cannot load the file.
    """
    with _loading:
        if path not in _loaded:
            _loaded[path] = Llama(path)
        return _loaded[path]


def _start(path: Path, context_tokens: int, slots: int, threads: int, key: str) -> _Server:
    try:
        options = LlamaOptions(str(path), key, context_tokens, slots, threads, http_threads=1)
        server = start_server(options)
    except ImportError as error:
        raise Unavailable("llama.cpp is not installed.", "Install the extra: chargehand[local].") from error
    except RuntimeError as error:
        raise Unavailable(
            f"llama.cpp cannot load {path.name}.", "Check that the file is whole: install chargehand[local] again."
        ) from error
    return cast("_Server", server)


def _failure(error: object) -> InvalidInput | Unavailable:
    facts = cast("Mapping[str, object]", error) if isinstance(error, Mapping) else {"message": error}
    if facts.get("type") == "exceed_context_size_error":
        return InvalidInput(
            f"The prompt has {facts.get('n_prompt_tokens')} tokens; the bundled model reads {facts.get('n_ctx')}.",
            "Shorten the prompt, or choose a model with a longer context.",
        )
    message = _first_line(str(facts.get("message", "no reason given")))
    if facts.get("code") == 400:
        return InvalidInput(f"The bundled model cannot take this request: {message}", "Correct the request.")
    return Unavailable(f"The bundled model failed: {message}", "Try again.")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]
