"""Ollama as a runtime: its own API to pull, create, warm and unload, OpenAI's API under `/v1` to answer.

Ollama cuts the beginning of a prompt that is longer than the context, silently. A version that is created here carries
its context length; for one that was pulled, Ollama's own default holds.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, cast

from edge.kernel.errors import ChargehandError, Interrupted, NotFound
from tools.runtimes.addresses import ollama_url, without_password
from tools.runtimes.port import Endpoint, Health, Json, Progress, RuntimeModel, ServedVersion, ignore
from tools.runtimes.preparing import prepare
from tools.runtimes.wire import Wire

__all__ = ["OllamaRuntime"]

_KEPT_WARM = "30m"
_PIECE = 1024 * 1024


class OllamaRuntime:
    """One Ollama server. Implements `tools.runtimes.port.Runtime`.

    Args:
        address: any form that `OLLAMA_HOST` may have.
    """

    name = "ollama"

    def __init__(self, address: str) -> None:
        url = ollama_url(address)
        self._wire = Wire(f"Ollama at {without_password(url)}", url, advice="Start it with `ollama serve`.")

    async def health(self) -> Health:
        try:
            version = await self._wire.get("/api/version", timeout_s=2.0)
        except ChargehandError as error:
            return Health(up=False, detail=str(error))
        return Health(up=True, detail=f"Ollama {version.get('version', 'of an unknown version')}")

    async def models(self) -> Sequence[RuntimeModel]:
        listed = _names(await self._wire.get("/api/tags"))
        running = set(_names(await self._wire.get("/api/ps")))
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
            steps = self._wire.lines("/api/pull", {"model": version.model})
        else:
            steps = self._wire.lines("/api/create", await self._creation(version, version.weights, on_progress))
        done = False
        async for step in steps:
            done = step.get("status") == "success"
            on_progress(Progress(str(step.get("status", "")), step.get("completed"), step.get("total")))
        if not done:
            raise Interrupted(f"{self._wire.who} stopped fetching {version.model} half-way.", "Try again.")

    async def warm(self, version: ServedVersion) -> None:
        await self._load(version, _KEPT_WARM)

    async def unload(self, version: ServedVersion) -> None:
        await self._load(version, 0)

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        return await self._wire.post(f"/v1/{endpoint}", prepare(version, endpoint, body))

    def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        return self._wire.stream(f"/v1/{endpoint}", prepare(version, endpoint, body, stream=True))

    async def close(self) -> None:
        await self._wire.close()

    async def _load(self, version: ServedVersion, keep_alive: str | int) -> None:
        path, prompt = ("/api/embed", {"input": ""}) if version.embeds else ("/api/generate", {})
        await self._wire.post(path, {"model": version.model, "keep_alive": keep_alive, "stream": False, **prompt})

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
        if await self._wire.send("HEAD", f"/api/blobs/{digest}") == 404:
            on_progress(Progress(f"sending {path.name}", 0, size))
            await self._wire.send("POST", f"/api/blobs/{digest}", content=_pieces(path))
        return digest


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
