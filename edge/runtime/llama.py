"""llama.cpp (the `local` extra), with each loaded model in a child process."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

from edge.kernel.errors import InvalidInput, ModelUnavailable, NotFound
from edge.runtime.chat import Piece, answer_within, chat_messages, room_for_answer
from edge.runtime.model_store import ModelStore, StoredModel
from edge.runtime.port import ChatModel, InstalledModel, Message, Reply, Source

__all__ = ["LlamaChat", "LlamaChild", "LlamaRuntime"]

_PROGRAM = Path(__file__).with_name("llama_server.py")
_END_S = 5.0


class LlamaChild:
    """A running server. A crash of the model is one of this process, not of the device's daemon.

    Args:
        order: as of `edge.runtime.llama_server.serve`, without the key.
        limit_s: to load the model.

    Raises:
        ModelUnavailable: it did not load.
    """

    def __init__(self, model: str, order: Mapping[str, Any], limit_s: float) -> None:
        self.key = secrets.token_urlsafe(32)
        # -P: the program's folder has modules named as packages are. A session of its own: Ctrl-C is for the daemon.
        self._process = subprocess.Popen(  # noqa: S603  # a fixed program
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        told = dict[str, str]()
        try:
            told = self._introduce({**order, "key": self.key}, time.monotonic() + limit_s)
        finally:
            if "url" not in told:
                self.end()
        if "url" not in told:
            why = told.get("error", f"it did not load within {limit_s:g} s, or died while it loaded")
            raise ModelUnavailable(f"llama.cpp cannot run {model}: {why}", "Check that its files are whole.")
        self.url = told["url"]

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once: it broke off, so it is not to be asked again."""
        self._process.kill()
        self.end()

    def end(self) -> None:
        """Ask it to end; it is killed where it does not."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it died before it read all
                    pipe.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _introduce(self, order: Mapping[str, Any], until: float) -> dict[str, str]:
        """What the child says of itself; empty when it died or took too long. llama.cpp may print lines before."""
        assert self._process.stdin is not None  # noqa: S101 # nosec B101: a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101 # nosec B101: as above
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        output, said = self._process.stdout.fileno(), b""
        while (left := until - time.monotonic()) > 0 and select.select([output], [], [], left)[0]:
            piece = os.read(output, 65536)
            said += piece
            for line in said.splitlines(keepends=True):
                if line.startswith(b"{") and line.endswith(b"\n"):
                    return json.loads(line)
            if not piece:
                break
        return {}


_CONTEXT = 2048
_LOAD_S = 300.0
_ASK_S = 20.0


class LlamaRuntime:
    """llama.cpp and a folder of models. Implements `edge.runtime.port.Runtime`.

    One process at a time may use the folder.
    """

    name: Literal["llama"] = "llama"

    def __init__(self, folder: Path) -> None:
        self._store = ModelStore(folder)
        self._lock = threading.Lock()
        self._children: dict[str, LlamaChild] = {}
        self._owner = os.getpid()

    def available(self) -> bool:
        return find_spec("xllamacpp") is not None

    def models(self) -> list[InstalledModel]:
        kept = list[InstalledModel]()
        for name in self._store.names():
            with suppress(NotFound):  # a file was taken away: it cannot be run
                model = self._store.get(name)
                kept.append(InstalledModel(name, model.size_bytes, model.digest))
        return kept

    def has(self, digest: str) -> bool:
        return self._store.has(digest)

    def create(self, name: str, base: Source, adapter: Source | None, configuration: Mapping[str, Any]) -> None:
        self._store.put(name, base, adapter, configuration)
        self.unload(name)

    def warm(self, name: str) -> None:
        self.child(name)

    def unload(self, name: str) -> None:
        with self._lock:
            child = self._children.pop(name, None)
        if child is not None:
            child.end()

    def remove(self, name: str) -> None:
        self.unload(name)
        self._store.remove(name)

    def chat_model(self, name: str) -> ChatModel:
        return LlamaChat(self, name)

    def close(self) -> None:
        for name in list(self._children):
            self.unload(name)

    def kept(self, name: str) -> StoredModel:
        """Raises ModelUnavailable: there is no such model."""
        try:
            return self._store.get(name)
        except NotFound as error:
            raise ModelUnavailable(error.message, error.advice) from error

    def child(self, name: str) -> LlamaChild:
        """The model's process, which is started where it does not run. Raises ModelUnavailable."""
        if os.getpid() != self._owner:
            raise ModelUnavailable("The model belongs to another process.", "Ask it from where it was opened.")
        if not self.available():
            raise ModelUnavailable("llama.cpp is not installed.", "Install the extra: chargehand[local].")
        with self._lock:
            child = self._children.get(name)
            if child is None or not child.runs():
                child = self._children[name] = LlamaChild(name, _order(self.kept(name)), _LOAD_S)
            return child


class LlamaChat:
    """One model of a `LlamaRuntime`. Implements `edge.runtime.port.ChatModel`."""

    def __init__(self, runtime: LlamaRuntime, name: str) -> None:
        self.name = name
        self._runtime = runtime

    @property
    def context_tokens(self) -> int:
        return _context(self._runtime.kept(self.name).configuration)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        child, said = self._runtime.child(self.name), self._worded(messages)
        prompt = _ask(child, "/apply-template", {"messages": said})["prompt"]
        tokens = _ask(child, "/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"]
        return len(cast("list[int]", tokens))

    def chat(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 256,
        temperature: float = 0.0,
        timeout_s: float = 60.0,
        stop_when: Callable[[str], bool] | None = None,
    ) -> Reply:
        counted = self.count_tokens(messages)
        room = room_for_answer(counted, self.context_tokens, max_tokens)
        body: dict[str, Any] = {
            "messages": self._worded(messages),
            "max_tokens": room,
            "temperature": temperature,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # gives a request that was given up its chance before the first token
        }
        if schema is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}

        def pieces() -> AsyncGenerator[Piece]:
            return _stream(self._runtime.child(self.name), body, self.name)

        return answer_within(pieces, counted, timeout_s, stop_when, self.name)

    def _worded(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        return chat_messages(messages, self._runtime.kept(self.name).configuration.get("system", ""))


async def _stream(child: LlamaChild, body: Mapping[str, Any], name: str) -> AsyncGenerator[Piece]:
    import httpx

    try:
        async with (
            httpx.AsyncClient(timeout=None, trust_env=False, verify=False) as client,  # noqa: S113, S501  # nosec: the caller has a limit for the whole; plain HTTP on the loopback
            client.stream("POST", f"{child.url}/v1/chat/completions", json=body, headers=_headers(child)) as response,
        ):
            if response.status_code != 200:
                raise _refusal(response.status_code, await response.aread())
            finish: Literal["stop", "length"] | None = None
            async for line in response.aiter_lines():
                event = _read(line)
                if "error" in event:
                    raise _refusal(int(event["error"].get("code", 500)), json.dumps(event).encode())
                for choice in event.get("choices", ()):
                    if text := choice.get("delta", {}).get("content"):
                        yield Piece(text)
                    if choice.get("finish_reason"):
                        finish = "length" if choice["finish_reason"] == "length" else "stop"
                if finish is not None and (usage := event.get("usage")):
                    yield Piece("", finish, usage["prompt_tokens"], usage["completion_tokens"])
                    return
    except (httpx.HTTPError, ValueError) as error:
        child.kill()
        raise ModelUnavailable(f"llama.cpp broke off while {name} answered.", "It is started again.") from error
    child.kill()
    raise ModelUnavailable(f"llama.cpp broke off while {name} answered.", "It is started again.")


def _read(line: str) -> dict[str, Any]:
    """An event of the stream; empty for lines that hold none."""
    content = line.removeprefix("data:").strip()
    return json.loads(content) if line.startswith("data:") and content != "[DONE]" else {}


def _ask(child: LlamaChild, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    parts = urlsplit(child.url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=_ASK_S)
    try:
        connection.request("POST", path, json.dumps(body), {**_headers(child), "Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise _refusal(response.status, content)
        return json.loads(content)
    except TimeoutError as error:
        raise ModelUnavailable(f"llama.cpp did not answer within {_ASK_S:g} s.", "Try again.") from error
    except (OSError, HTTPException, ValueError) as error:
        child.kill()
        raise ModelUnavailable("llama.cpp does not answer.", "It is started again.") from error
    finally:
        connection.close()


def _refusal(status: int, content: bytes) -> InvalidInput | ModelUnavailable:
    try:
        why = str(json.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        why = content.decode(errors="replace")
    why = why.strip().partition("\n")[0][:300]
    if status == 400:
        return InvalidInput(f"llama.cpp cannot take this: {why}", "Correct the schema.")
    return ModelUnavailable(f"llama.cpp failed: {why}", "Try again.")


def _headers(child: LlamaChild) -> dict[str, str]:
    return {"Authorization": f"Bearer {child.key}"}


def _order(kept: StoredModel) -> dict[str, Any]:
    threads = kept.configuration.get("threads", max(1, (os.cpu_count() or 1) // 2))
    return {
        "path": str(kept.base),
        "adapter": str(kept.adapter) if kept.adapter is not None else None,
        "context_tokens": _context(kept.configuration),
        "threads": int(threads),
    }


def _context(configuration: Mapping[str, Any]) -> int:
    return int(configuration.get("context_tokens", _CONTEXT))
