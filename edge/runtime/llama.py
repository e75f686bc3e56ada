"""llama.cpp (the `local` extra), with each loaded model in a child process."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

from edge.kernel.errors import InvalidInput, ModelUnavailable, NotFound
from edge.kernel.llama_child import LlamaChild, LlamaOptions
from edge.runtime.chat import Asked, Piece, StreamedChat, chat_messages
from edge.runtime.client import ModelServer, ServerLost
from edge.runtime.model_store import ModelStore, StoredModel
from edge.runtime.port import ChatModel, InstalledModel, Message, Source

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
                child = self._children[name] = _load(name, _options(self.kept(name)))
            return child

    @contextmanager
    def server(self, name: str) -> Generator[ModelServer]:
        """The server of the model's process; where that breaks off it is not to be asked again, so it is killed."""
        child = self.child(name)
        try:
            yield ModelServer("llama.cpp", child.url, "It is started again.", _refusal, child.options.key)
        except ServerLost:
            child.kill()
            child.end()
            raise


class LlamaChat(StreamedChat):
    """One model of a `LlamaRuntime`. Implements `edge.runtime.port.ChatModel`."""

    def __init__(self, runtime: LlamaRuntime, name: str) -> None:
        self.name = name
        self._runtime = runtime

    @property
    def context_tokens(self) -> int:
        return _context(self._runtime.kept(self.name).configuration)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        said = self._worded(messages)
        with self._runtime.server(self.name) as server:
            prompt = server.ask("POST", "/apply-template", {"messages": said}, timeout_s=_ASK_S)["prompt"]
            asked = {"content": prompt, "add_special": True, "parse_special": True}
            return len(cast("list[int]", server.ask("POST", "/tokenize", asked, timeout_s=_ASK_S)["tokens"]))

    def pieces(self, asked: Asked) -> Generator[Piece]:
        body: dict[str, Any] = {
            "messages": self._worded(asked.messages),
            "max_tokens": asked.room,
            "temperature": asked.temperature,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # gives a request that was given up its chance before the first token
        }
        if asked.schema is not None:
            form = {"name": "answer", "schema": asked.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        finish: Literal["stop", "length"] | None = None
        broke_off = ServerLost(f"llama.cpp broke off while {self.name} answered.", "It is started again.")
        with self._runtime.server(self.name) as server:
            try:
                for event in server.stream("/v1/chat/completions", body, asked.timeout_s):
                    for choice in event.get("choices", ()):
                        if text := choice.get("delta", {}).get("content"):
                            yield Piece(text)
                        if choice.get("finish_reason"):
                            finish = "length" if choice["finish_reason"] == "length" else "stop"
                    if finish is not None and (usage := event.get("usage")):
                        yield Piece("", finish, usage["prompt_tokens"], usage["completion_tokens"])
                        return
            except ServerLost as error:
                raise broke_off from error
            raise broke_off

    def _worded(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        return chat_messages(messages, self._runtime.kept(self.name).configuration.get("system", ""))


def _load(name: str, options: LlamaOptions) -> LlamaChild:
    child = LlamaChild(options)
    advice = "Check that its files are whole."
    try:
        child.load(_LOAD_S)
    except TimeoutError as error:
        raise ModelUnavailable(f"llama.cpp cannot run {name}: it did not load within {_LOAD_S:g} s", advice) from error
    except RuntimeError as error:
        raise ModelUnavailable(f"llama.cpp cannot run {name}: {error}", advice) from error
    return child


def _refusal(status: int, why: str) -> InvalidInput | ModelUnavailable:
    if status == 400:
        return InvalidInput(f"llama.cpp cannot take this: {why}", "Correct the schema.")
    return ModelUnavailable(f"llama.cpp failed: {why}", "Try again.")


def _options(kept: StoredModel) -> LlamaOptions:
    threads = int(kept.configuration.get("threads", max(1, (os.cpu_count() or 1) // 2)))
    return LlamaOptions(
        str(kept.base),
        context_tokens=_context(kept.configuration),
        slots=1,
        threads=threads,
        batch_threads=threads,
        http_threads=4,
        adapters=[(str(kept.adapter), 1.0)] if kept.adapter is not None else [],
    )


def _context(configuration: Mapping[str, Any]) -> int:
    return int(configuration.get("context_tokens", _CONTEXT))
