"""Ollama as a runtime: its own API to pull, create, warm and unload, OpenAI's API under `/v1` to answer.

Ollama cuts the beginning of a prompt that is longer than the context, silently. A version that is created here carries
its context length; for one that was pulled, Ollama's own default holds, but where the version sends its context with
each request: that can be said on `/api/chat` alone, which is asked wherever it can say the rest of the request, too.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from edge.kernel.errors import ChargehandError, Interrupted, NotFound
from tools.serving.client import ApiClient
from tools.serving.providers import ollama_url, without_password
from tools.serving.runtime import Endpoint, Health, Json, Progress, RuntimeModel, ServedVersion, ignore, prepare
from tools.serving.tool_calls import ToolRequest, tool_request

_KEPT_WARM = "30m"
_PIECE = 1024 * 1024
_SAME_OPTIONS = "temperature top_p top_k min_p seed stop frequency_penalty presence_penalty repeat_penalty".split()
_OWN_OPTIONS = {"max_tokens": "num_predict", **{name: name for name in _SAME_OPTIONS}}
"""OpenAI's option -> the option of `/api/chat`."""
_OWN_FIELDS = frozenset({"model", "messages", "response_format", "stream", "stream_options"})


class OllamaRuntime:
    """One Ollama server. Implements `tools.serving.runtime.Runtime`.

    Args:
        address: any form that `OLLAMA_HOST` may have.
    """

    name = "ollama"

    def __init__(self, address: str) -> None:
        url = ollama_url(address)
        self._client = ApiClient(f"Ollama at {without_password(url)}", url, advice="Start it with `ollama serve`.")

    async def health(self) -> Health:
        try:
            version = await self._client.get("/api/version", timeout_s=2.0)
        except ChargehandError as error:
            return Health(up=False, detail=str(error))
        return Health(up=True, detail=f"Ollama {version.get('version', 'of an unknown version')}")

    async def models(self) -> Sequence[RuntimeModel]:
        listed = _names(await self._client.get("/api/tags"))
        running = set(_names(await self._client.get("/api/ps")))
        return [RuntimeModel(name, name in running) for name in listed]

    async def ensure(self, version: ServedVersion, on_progress: Callable[[Progress], None] = ignore) -> None:
        """Pull the model by its name, or create it from the version's weights and adapters.

        Raises:
            NotFound: the registry has no such model, or a file is not there.
            Unavailable, Interrupted: Ollama or its registry does not answer, or broke off.
        """
        if any(model.name in {version.model, f"{version.model}:latest"} for model in await self.models()):
            return
        if version.weights is None:
            steps = self._client.lines("/api/pull", {"model": version.model})
        else:
            steps = self._client.lines("/api/create", await self._creation(version, version.weights, on_progress))
        done = False
        async for step in steps:
            done = step.get("status") == "success"
            on_progress(Progress(str(step.get("status", "")), step.get("completed"), step.get("total")))
        if not done:
            raise Interrupted(f"{self._client.who} stopped fetching {version.model} half-way.", "Try again.")

    async def warm(self, version: ServedVersion) -> None:
        await self._load(version, _KEPT_WARM)

    async def unload(self, version: ServedVersion) -> None:
        await self._load(version, 0)

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        asked = tool_request(body, holds_to_none=False) if endpoint == "chat/completions" else None
        answer = await self._complete(version, endpoint, asked.body if asked else body)
        return asked.read(answer) if asked else answer

    async def _complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        who, prepared = f"The model {version.id}", prepare(version, endpoint, body)
        own = _own_request(version, prepared) if endpoint == "chat/completions" and version.sends_context else None
        if own is None:
            return await self._client.post(f"/v1/{endpoint}", prepared, who)
        answer = await self._client.post("/api/chat", {**own, "stream": False}, who)
        message = {"role": "assistant", "content": _text_of(answer)}
        return {**_as_openai(answer, {"message": message}), "object": "chat.completion"}

    def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        if endpoint == "chat/completions" and (asked := tool_request(body, holds_to_none=False)):
            return self._at_once(asked, version, body)
        who, prepared = f"The model {version.id}", prepare(version, endpoint, body, stream=True)
        own = _own_request(version, prepared) if endpoint == "chat/completions" and version.sends_context else None
        return self._client.stream(f"/v1/{endpoint}", prepared, who) if own is None else self._own_stream(own, who)

    async def _at_once(self, asked: ToolRequest, version: ServedVersion, body: Json) -> AsyncGenerator[Json]:
        for chunk in asked.chunks(await self.complete(version, "chat/completions", body)):
            yield chunk

    async def close(self) -> None:
        await self._client.close()

    async def _own_stream(self, request: Json, who: str) -> AsyncGenerator[Json]:
        """The chunks of `/api/chat` as OpenAI's API words them."""
        done = False
        async with aclosing(self._client.lines("/api/chat", {**request, "stream": True}, who)) as lines:
            async for line in lines:
                done = done or bool(line.get("done"))
                delta = {"role": "assistant", "content": _text_of(line)}
                yield {**_as_openai(line, {"delta": delta}), "object": "chat.completion.chunk"}
        if not done:
            raise Interrupted(f"{who} stopped before the end of its answer.", "Ask again.")

    async def _load(self, version: ServedVersion, keep_alive: str | int) -> None:
        path, prompt = ("/api/embed", {"input": ""}) if version.embeds else ("/api/generate", {})
        await self._client.post(path, {"model": version.model, "keep_alive": keep_alive, "stream": False, **prompt})

    async def _creation(
        self, version: ServedVersion, weights: Path, on_progress: Callable[[Progress], None]
    ) -> dict[str, Any]:
        """The request that creates the model; its files are sent first, each by its digest."""
        files = {weights.name: await self._send_blob(weights, on_progress)}
        adapters = {adapter.path.name: await self._send_blob(adapter.path, on_progress) for adapter in version.adapters}
        creation: dict[str, Any] = {
            "model": version.model,
            "files": files,
            "parameters": {"num_ctx": version.context_tokens},
        }
        return creation | ({"adapters": adapters} if adapters else {})

    async def _send_blob(self, path: Path, on_progress: Callable[[Progress], None]) -> str:
        digest, size = await asyncio.to_thread(_measure, path)
        if await self._client.send("HEAD", f"/api/blobs/{digest}") == 404:
            on_progress(Progress(f"sending {path.name}", 0, size))
            await self._client.send("POST", f"/api/blobs/{digest}", content=_pieces(path))
        return digest


def _own_request(version: ServedVersion, prepared: Json) -> dict[str, Any] | None:
    """A request as `/api/chat` takes it; None where it cannot say all of it: tools, pictures, probabilities."""
    options = {_OWN_OPTIONS[name]: value for name, value in prepared.items() if name in _OWN_OPTIONS}
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    plain = all(
        message.keys() <= {"role", "content"} and isinstance(message.get("content"), str)
        for message in prepared["messages"]
    )
    if not plain or prepared.keys() - _OWN_OPTIONS.keys() - _OWN_FIELDS:
        return None
    request = {
        "model": version.model,
        "messages": prepared["messages"],
        "options": {"num_ctx": version.context_tokens, **options},
    }
    form = cast("Json", prepared.get("response_format") or {})
    schema = cast("Json", form.get("json_schema") or {}).get("schema")
    if form.get("type") == "json_object":
        return {**request, "format": schema or "json"}
    return {**request, "format": schema} if schema else request


def _as_openai(answer: Json, content: Json) -> dict[str, Any]:
    done, read, wrote = bool(answer.get("done")), answer.get("prompt_eval_count"), answer.get("eval_count")
    finish = "length" if answer.get("done_reason") == "length" else "stop"
    choice = {"index": 0, "finish_reason": finish if done else None, **content}
    worded: dict[str, Any] = {"choices": [choice], "model": answer.get("model")}
    if done and isinstance(wrote, int):
        prompt = read if isinstance(read, int) else 0
        usage = {"prompt_tokens": prompt, "completion_tokens": wrote, "total_tokens": prompt + wrote}
        return {**worded, "usage": usage}
    return worded


def _text_of(answer: Json) -> str:
    message = answer.get("message")
    return str(cast("Json", message).get("content") or "") if isinstance(message, dict) else ""


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _measure(path: Path) -> tuple[str, int]:
    """The file's digest as Ollama writes it, and its size in bytes."""
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}", path.stat().st_size
    except OSError as error:
        raise NotFound(f"The file {path.name} cannot be read.", "Fetch the version's artifacts first.") from error


def _names(answer: Json) -> list[str]:
    listed = answer.get("models")
    entries = cast("list[dict[str, Any]]", listed) if isinstance(listed, list) else []
    return [str(entry["name"]) for entry in entries if entry.get("name")]
