"""An Ollama server, through its official client.

Ollama cuts the front of a prompt that is too long, without a word, and does not count tokens before it answers. Here
they are counted first, from the vocabulary of the model and what its template adds, which three tiny requests measure.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from edge.files import file_digest
from edge.kernel.errors import InvalidInput, ModelUnavailable, NotFound, StorageFailed
from edge.kernel.slim_imports import not_importing
from edge.runtime.chat import Piece, answer_within, chat_messages, room_for_answer
from edge.runtime.port import ChatModel, InstalledModel, Message, Reply, Source
from edge.runtime.vocabulary import TokenCount, read_vocabulary

__all__ = ["DEFAULT_ADDRESS", "OllamaChat", "OllamaRuntime"]

DEFAULT_ADDRESS = "http://127.0.0.1:11434"
_CONTEXT = 2048
_FOR_EVER = -1
"""A model stays in memory until it is unloaded, or Ollama needs the room for another one."""
_ADVICE = "Start it with `ollama serve`."
_LOAD_S = 600.0
_ASK_S = 10.0


class OllamaRuntime:
    """One Ollama server. Implements `edge.runtime.port.Runtime`.

    Args:
        address: its URL.
    """

    name: Literal["ollama"] = "ollama"

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        self._server = _Server(address)
        self._models: dict[str, OllamaChat] = {}

    def available(self) -> bool:
        try:
            self._server.ask("GET", "/api/version", timeout_s=1.0)
        except ModelUnavailable:
            return False
        return True

    def models(self) -> list[InstalledModel]:
        with self._server.client() as client:
            listed = client.list().models
        return [
            InstalledModel(_short(model.model or ""), int(model.size or 0), f"sha256:{model.digest}")
            for model in listed
        ]

    def has(self, digest: str) -> bool:
        return self._server.has_blob(digest)

    def create(self, name: str, base: Source, adapter: Source | None, configuration: Mapping[str, Any]) -> None:
        files = {"base.gguf": self._send(base)}
        adapters = {"adapter.gguf": self._send(adapter)} if adapter is not None else None
        with self._server.client(_LOAD_S) as client:
            done = client.create(
                name,
                files=files,
                adapters=adapters,
                system=configuration.get("system") or None,
                parameters=_parameters(configuration),
            )
        if done.status != "success":
            raise ModelUnavailable(f"Ollama did not make {name}: {done.status}.", "Look into its log.")
        self._models.pop(name, None)

    def warm(self, name: str) -> None:
        model = self._chat(name)
        with self._server.client(_LOAD_S) as client:
            client.generate(name, keep_alive=_FOR_EVER, options={"num_ctx": model.context_tokens})
        model.count_tokens([Message("user", "a")])

    def unload(self, name: str) -> None:
        with self._server.client() as client:
            if any(_short(running.model or "") == name for running in client.ps().models):
                client.generate(name, keep_alive=0)

    def remove(self, name: str) -> None:
        self._models.pop(name, None)
        if any(model.name == name for model in self.models()):
            with self._server.client() as client:
                client.delete(name)

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
            digest = file_digest(path)
            if not self._server.has_blob(digest):
                with self._server.client(_LOAD_S) as client:
                    client.create_blob(path)
        except FileNotFoundError as error:
            raise NotFound(f"{path} is not there.", "Fetch it first.") from error
        return digest


class OllamaChat:
    """One model of an Ollama server. Implements `edge.runtime.port.ChatModel`."""

    def __init__(self, server: _Server, name: str) -> None:
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

        def pieces() -> AsyncGenerator[Piece]:
            return self._stream(chat_messages(messages), schema, room, temperature)

        return answer_within(pieces, counted, timeout_s, stop_when, self.name)

    async def _stream(
        self, said: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None, room: int, temperature: float
    ) -> AsyncGenerator[Piece]:
        options = {"num_ctx": self.context_tokens, "num_predict": room, "temperature": temperature, "seed": 0}
        with self._server.failures():
            async with self._server.async_client() as client:
                stream = await client.chat(
                    self.name,
                    said,
                    stream=True,
                    format=cast("dict[str, Any] | None", schema),
                    options=options,
                    keep_alive=_FOR_EVER,
                )
                async for part in stream:
                    if part.done:
                        finish = "length" if part.done_reason == "length" else "stop"
                        yield Piece(part.message.content or "", finish, part.prompt_eval_count, part.eval_count)
                        return
                    yield Piece(part.message.content or "")
        raise ModelUnavailable(f"Ollama broke off while {self.name} answered.", "Look into its log.")

    def _known(self) -> _Facts:
        with self._lock:
            if self._facts is None:
                self._facts = self._server.facts(self.name)
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
        options = {"num_ctx": self.context_tokens, "num_predict": 1, "temperature": 0.0, "seed": 0}
        with self._server.client(_LOAD_S) as client:
            said = [{"role": role, "content": "a"} for role in roles]
            return client.chat(self.name, said, options=options, keep_alive=_FOR_EVER).prompt_eval_count or 0


class _Template:
    """Tokens that a chat template adds: to one message of the user, to that after a system prompt, to each more."""

    def __init__(self, alone: int, with_system: int, each: int) -> None:
        self._alone = alone
        self._with_system = with_system
        self._each = each

    def around(self, messages: Sequence[Message]) -> int:
        systems = sum(message.role == "system" for message in messages)
        first, counted = (self._with_system, 2) if systems else (self._alone, 1)
        return first + self._each * max(0, len(messages) - counted)


class _Facts:
    """What a server tells of a model."""

    def __init__(self, context_tokens: int, vocabulary: TokenCount) -> None:
        self.context_tokens = context_tokens
        self.vocabulary = vocabulary


class _Server:
    """The way to a server: official clients, two questions that they do not know, and one tree of errors."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    @cached_property
    def _way(self) -> Mapping[str, Any]:
        """To the server. A client would read all certificates of the world for an address that needs none."""
        from ssl import PROTOCOL_TLS_CLIENT, SSLContext

        plain = urlsplit(self.address).scheme == "http"
        return {"trust_env": False, "verify": SSLContext(PROTOCOL_TLS_CLIENT) if plain else True}

    @contextmanager
    def client(self, timeout_s: float = _ASK_S) -> Generator[Any]:
        """An `ollama.Client`; what goes wrong within the block is raised as of `edge.kernel.errors`."""
        with self.failures(), _library().Client(self.address, timeout=timeout_s, **self._way) as client:
            yield client

    def async_client(self) -> Any:
        """An `ollama.AsyncClient` without a limit of time: the caller has one for the whole."""
        return _library().AsyncClient(self.address, timeout=None, **self._way)

    @contextmanager
    def failures(self) -> Generator[None]:
        """Turn the client's errors into ours."""
        ollama = _library()
        import httpx

        try:
            yield
        except ollama.ResponseError as error:
            raise _refusal(error.status_code, error.error) from error
        except (ConnectionError, httpx.HTTPError) as error:
            why = str(error).partition("\n")[0] or type(error).__name__
            raise ModelUnavailable(f"Ollama does not answer at {self.address}: {why}", _ADVICE) from error
        except ValueError as error:
            raise ModelUnavailable(f"What answers at {self.address} does not answer as Ollama does.") from error

    def has_blob(self, digest: str) -> bool:
        return self._request("HEAD", f"/api/blobs/{digest}", None, _ASK_S)[0] == 200

    def facts(self, name: str) -> _Facts:
        """Of one model, its vocabulary included: a megabyte or more of JSON."""
        shown = self.ask("POST", "/api/show", {"model": name, "verbose": True}, timeout_s=60.0)
        told = cast("Mapping[str, Any]", shown.get("model_info") or {})
        found = re.search(r"^num_ctx\s+(\d+)", str(shown.get("parameters", "")), re.MULTILINE)
        lengths = [value for key, value in told.items() if key.endswith(".context_length") and isinstance(value, int)]
        context = min([int(found[1]) if found else _CONTEXT, *lengths])
        return _Facts(context, read_vocabulary(told))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float) -> dict[str, Any]:
        """The JSON that it answers. Raises ModelUnavailable."""
        status, content = self._request(method, path, body, timeout_s)
        try:
            answer: object = json.loads(content or "{}")
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ModelUnavailable(f"What answers at {self.address} does not answer as Ollama does.")
        known = cast("dict[str, Any]", answer)
        if status != 200:
            raise _refusal(status, str(known.get("error", "no reason given")))
        return known

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, timeout_s: float) -> tuple[int, bytes]:
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        parts = urlsplit(self.address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, parts.path + path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException) as error:
            raise ModelUnavailable(f"Ollama does not answer at {self.address}.", _ADVICE) from error
        finally:
            connection.close()


@cache
def _library() -> Any:
    """The module `ollama`; HTTPX beneath it without its command line, which brings coloured output along."""
    with not_importing("httpx._main"):
        import ollama
    return ollama


def _parameters(configuration: Mapping[str, Any]) -> dict[str, int]:
    chosen = {"num_ctx": int(configuration.get("context_tokens", _CONTEXT))}
    return chosen | ({"num_thread": int(configuration["threads"])} if "threads" in configuration else {})


def _refusal(status: int, message: str) -> Exception:
    """What Ollama's answer means. It words most failures as free text."""
    why = message.strip().partition("\n")[0][:300]
    if "no space left" in why:
        return StorageFailed(f"Ollama has no room: {why}", "Free space on the disk.")
    if status == 404:
        return ModelUnavailable(f"Ollama does not have it: {why}", "Create the model first.")
    if status == 400 or "grammar" in why or "format" in why:
        return InvalidInput(f"Ollama cannot take this: {why}", "Correct the model's files or the schema.")
    return ModelUnavailable(f"Ollama failed: {why}", "Look into its log.")


def _short(name: str) -> str:
    return name.removesuffix(":latest")
