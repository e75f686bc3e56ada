"""An Ollama server.

Ollama cuts the front of a prompt that is too long, without a word, and does not count tokens before it answers. Here
they are counted first, from the vocabulary of the model and what its template adds, which three tiny requests measure.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from edge.files import file_digest
from edge.kernel.errors import ChargehandError, InvalidInput, ModelUnavailable, NotFound, StorageFailed
from edge.kernel.gguf import read_gguf
from edge.runtime.chat import Asked, Piece, StreamedChat, chat_messages
from edge.runtime.client import ModelServer
from edge.runtime.port import ChatModel, InstalledModel, Message, Source
from edge.runtime.vocabulary import TokenCount, read_vocabulary

DEFAULT_ADDRESS = "http://127.0.0.1:11434"
_CONTEXT = 2048
_FOR_EVER = -1
"""A model stays in memory until it is unloaded, or Ollama needs the room for another one."""
_LOAD_S = 600.0
_ASK_S = 10.0


class OllamaRuntime:
    """One Ollama server. Implements `edge.runtime.port.Runtime`.

    Args:
        address: its URL.
    """

    name: Literal["ollama"] = "ollama"

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        self._server = ModelServer("Ollama", address, "Start it with `ollama serve`.", _refusal)
        self._models: dict[str, OllamaChat] = {}

    def available(self) -> bool:
        try:
            self._server.ask("GET", "/api/version", timeout_s=1.0)
        except ModelUnavailable:
            return False
        return True

    def models(self) -> list[InstalledModel]:
        return [
            InstalledModel(_name_of(model), int(model.get("size", 0)), f"sha256:{model.get('digest', '')}")
            for model in self._listed("/api/tags")
        ]

    def has(self, digest: str) -> bool:
        return self._server.send("HEAD", f"/api/blobs/{digest}", timeout_s=_ASK_S)[0] == 200

    def create(self, name: str, base: Source, adapter: Source | None, configuration: Mapping[str, Any]) -> None:
        request: dict[str, Any] = {"model": name, "files": {"base.gguf": self._send(base)}, "stream": False}
        if adapter is not None:
            request["adapters"] = {"adapter.gguf": self._send(adapter)}
        if configuration.get("system"):
            request["system"] = configuration["system"]
        request["parameters"] = _parameters(configuration)
        done = self._server.ask("POST", "/api/create", request, timeout_s=_LOAD_S)
        if done.get("status") != "success":
            raise ModelUnavailable(f"Ollama did not make {name}: {done.get('status')}.", "Look into its log.")
        self._models.pop(name, None)

    def warm(self, name: str) -> None:
        model = self._chat(name)
        request = {"model": name, "keep_alive": _FOR_EVER, "options": {"num_ctx": model.context_tokens}}
        self._server.ask("POST", "/api/generate", {**request, "stream": False}, timeout_s=_LOAD_S)
        model.count_tokens([Message("user", "a")])

    def unload(self, name: str) -> None:
        if any(_name_of(running) == name for running in self._listed("/api/ps")):
            request = {"model": name, "keep_alive": 0, "stream": False}
            self._server.ask("POST", "/api/generate", request, timeout_s=_ASK_S)

    def remove(self, name: str) -> None:
        self._models.pop(name, None)
        if any(model.name == name for model in self.models()):
            self._server.ask("DELETE", "/api/delete", {"model": name}, timeout_s=_ASK_S)

    def chat_model(self, name: str) -> ChatModel:
        return self._chat(name)

    def close(self) -> None:
        """Models stay in the server's memory: another process may want them."""

    def _chat(self, name: str) -> OllamaChat:
        return self._models.setdefault(name, OllamaChat(self._server, name))

    def _send(self, path: Source) -> str:
        """Give the server a file's content, unless it has it; returns the digest."""
        if isinstance(path, str):
            if not self.has(path):
                raise NotFound(f"Ollama does not have {path}.", "Fetch it first.")
            return path
        try:
            read_gguf(path)  # a header that is not true brings the server down, and with it every other model
            digest = file_digest(path)
            if not self.has(digest):
                with path.open("rb") as content:
                    status, _ = self._server.send("POST", f"/api/blobs/{digest}", content, timeout_s=_LOAD_S)
                if status >= 300:
                    raise _refusal(status, f"it does not take {path.name}")
        except FileNotFoundError as error:
            raise NotFound(f"{path} is not there.", "Fetch it first.") from error
        return digest

    def _listed(self, path: str) -> list[dict[str, Any]]:
        return self._server.ask("GET", path, timeout_s=_ASK_S).get("models") or []


class OllamaChat(StreamedChat):
    """One model of an Ollama server. Implements `edge.runtime.port.ChatModel`."""

    def __init__(self, server: ModelServer, name: str) -> None:
        self.name = name
        self._server = server
        self._lock = threading.Lock()
        self._facts: _Facts | None = None
        self._around: _Template | None = None

    @property
    def context_tokens(self) -> int:
        """What it was created with, 2048 where that was not said. Raises ModelUnavailable."""
        return self._known().context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        vocabulary = self._known().vocabulary
        inside = sum(vocabulary.count(said["content"].strip()) + 1 for said in chat_messages(messages))
        return inside + self._template().around(messages)

    def pieces(self, asked: Asked) -> Generator[Piece]:
        request = self._request(chat_messages(asked.messages), asked.room, asked.temperature)
        form = {"format": asked.schema} if asked.schema is not None else {}
        for part in self._server.stream("/api/chat", {**request, **form, "stream": True}, asked.timeout_s):
            text = str(part.get("message", {}).get("content") or "")
            if part.get("done"):
                finish = "length" if part.get("done_reason") == "length" else "stop"
                yield Piece(text, finish, part.get("prompt_eval_count"), part.get("eval_count"))
                return
            yield Piece(text)
        raise ModelUnavailable(f"Ollama broke off while {self.name} answered.", "Look into its log.")

    def _request(self, said: Sequence[Mapping[str, str]], room: int, temperature: float = 0.0) -> dict[str, Any]:
        options = {"num_ctx": self.context_tokens, "num_predict": room, "temperature": temperature, "seed": 0}
        return {"model": self.name, "messages": said, "options": options, "keep_alive": _FOR_EVER}

    def _known(self) -> _Facts:
        with self._lock:
            if self._facts is None:
                self._facts = _facts_of(self._server, self.name)
            return self._facts

    def _template(self) -> _Template:
        """What the template adds, measured once."""
        if self._around is None:
            one = self._known().vocabulary.count("a")
            turns = (("user",), ("user", "assistant", "user"), ("system", "user"))
            alone, three, system = (self._measure(roles) - len(roles) * one for roles in turns)
            self._around = _Template(alone, system, max(0, -((alone - three) // 2)))
        return self._around

    def _measure(self, roles: Sequence[str]) -> int:
        request = self._request([{"role": role, "content": "a"} for role in roles], 1)
        answer = self._server.ask("POST", "/api/chat", {**request, "stream": False}, timeout_s=_LOAD_S)
        return int(answer.get("prompt_eval_count") or 0)


@dataclass(frozen=True, slots=True)
class _Template:
    """Tokens that a chat template adds: to one message of the user, to that after a system prompt, to each more."""

    alone: int
    with_system: int
    each: int

    def around(self, messages: Sequence[Message]) -> int:
        systems = sum(message.role == "system" for message in messages)
        first, counted = (self.with_system, 2) if systems else (self.alone, 1)
        return first + self.each * max(0, len(messages) - counted)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a server tells of a model."""

    context_tokens: int
    vocabulary: TokenCount


def _facts_of(server: ModelServer, name: str) -> _Facts:
    """Its vocabulary included: a megabyte or more of JSON."""
    shown = server.ask("POST", "/api/show", {"model": name, "verbose": True}, timeout_s=60.0)
    told = cast("Mapping[str, Any]", shown.get("model_info") or {})
    found = re.search(r"^num_ctx\s+(\d+)", str(shown.get("parameters", "")), re.MULTILINE)
    lengths = [value for key, value in told.items() if key.endswith(".context_length") and isinstance(value, int)]
    return _Facts(min([int(found[1]) if found else _CONTEXT, *lengths]), read_vocabulary(told))


def _name_of(model: Mapping[str, Any]) -> str:
    return str(model.get("model") or model.get("name") or "").removesuffix(":latest")


def _parameters(configuration: Mapping[str, Any]) -> dict[str, int]:
    chosen = {"num_ctx": int(configuration.get("context_tokens", _CONTEXT))}
    return chosen | ({"num_thread": int(configuration["threads"])} if "threads" in configuration else {})


def _refusal(status: int, why: str) -> ChargehandError:
    """What Ollama's answer means. It words most failures as free text."""
    if "no space left" in why:
        return StorageFailed(f"Ollama has no room: {why}", "Free space on the disk.")
    if status == 404:
        return ModelUnavailable(f"Ollama does not have it: {why}", "Create the model first.")
    if status == 400 or "grammar" in why or "format" in why:
        return InvalidInput(f"Ollama cannot take this: {why}", "Correct the model's files or the schema.")
    return ModelUnavailable(f"Ollama failed: {why}", "Look into its log.")
