"""llama.cpp as a runtime: one child process for each version, started on demand and watched.

A process of its own for each version keeps a crash in one from the others and from the hub, and lets two versions of
one model differ in adapters, context and slots.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound, Unavailable
from tools.serving.client import ApiClient
from tools.serving.llama_child import LlamaChild, backoff_s
from tools.serving.runtime import Endpoint, Health, Json, Progress, RuntimeModel, ServedVersion, ignore, prepare

__all__ = ["LlamaRuntime"]

_MOST = 8
_REGISTER_WITH_FILES = "Register a version with its files: `base_file`, `adapter_file`."


@dataclass
class _Served:
    """A version, its process once it was started, and the client of that."""

    version: ServedVersion
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    child: LlamaChild | None = None
    client: ApiClient | None = None


@dataclass(frozen=True)
class _Failure:
    """A start that failed: how many in a row, until when the next waits, and why."""

    count: int
    until: float
    error: ChargehandError


class LlamaRuntime:
    """llama.cpp in child processes. Implements `tools.serving.runtime.Runtime`.

    Args:
        bundled: versions that are there from the start, by the runtime's name of their model.
        most: processes at a time; one more is refused until another version is unloaded.
    """

    name = "local"

    def __init__(self, bundled: Sequence[ServedVersion] = (), most: int = _MOST) -> None:
        self._bundled = tuple(bundled)
        self._most = most
        self._served: dict[str, _Served] = {}
        self._failed: dict[str, _Failure] = {}

    async def health(self) -> Health:
        if find_spec("xllamacpp") is None:
            return Health(up=False, detail="llama.cpp is not installed: install the extra chargehand[local].")
        dead = [served.version.id for served in self._served.values() if served.child and not served.child.url]
        return Health(not dead, f"starting again: {', '.join(dead)}" if dead else "")

    async def models(self) -> Sequence[RuntimeModel]:
        loaded = {served.version.model for served in self._served.values() if served.child and served.child.url}
        names = {version.model for version in self._bundled} | {s.version.model for s in self._served.values()}
        return [RuntimeModel(name, name in loaded) for name in sorted(names)]

    async def ensure(self, version: ServedVersion, on_progress: Callable[[Progress], None] = ignore) -> None:
        """Look whether the version's files are here; fetching them is for whoever keeps artifacts.

        Raises:
            InvalidInput: the version has no weights.
            NotFound: a file is missing.
        """
        if missing := _missing(version):
            raise NotFound(missing, _REGISTER_WITH_FILES)

    async def warm(self, version: ServedVersion) -> None:
        """Start its process. Raises Unavailable: as many as may run do, or it does not start."""
        await self._client(version)

    async def unload(self, version: ServedVersion) -> None:
        """End its process; requests that it is answering are interrupted."""
        served = self._served.pop(version.id, None)
        if served is not None:
            await _stop(served)

    def process_of(self, version_id: str) -> LlamaChild | None:
        """The version's process, where it was started."""
        served = self._served.get(version_id)
        return served.child if served else None

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        _require_task(version, endpoint)
        client = await self._client(version)
        return await client.post(f"/v1/{endpoint}", prepare(version, endpoint, body))

    async def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        _require_task(version, endpoint)
        client = await self._client(version)
        async with aclosing(client.stream(f"/v1/{endpoint}", prepare(version, endpoint, body, stream=True))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        served = list(self._served.values())
        self._served.clear()
        await asyncio.gather(*(_stop(one) for one in served))

    async def _client(self, version: ServedVersion) -> ApiClient:
        """The client of the version's process, which is started where it was not."""
        while True:
            self._let_rest(version.id)
            served = self._served.get(version.id) or self._admit(version)
            async with served.lock:
                if self._served.get(version.id) is not served:
                    continue  # it failed, or was unloaded, while this one waited
                if served.child is None:
                    served.child = await self._start(served)
                url = served.child.require()
                if served.client is None or served.client.base_url != url:  # a restarted process listens elsewhere
                    old, served.client = served.client, _client_of(served, url)
                    if old is not None:
                        await old.close()
                return served.client

    async def _start(self, served: _Served) -> LlamaChild:
        version = served.version
        try:
            _require_files(version)
            child = LlamaChild(version.id, _configuration(version, served.key))
            await child.start()
        except BaseException as error:
            self._served.pop(version.id, None)
            if isinstance(error, ChargehandError):
                failures = self._failed[version.id].count + 1 if version.id in self._failed else 1
                self._failed[version.id] = _Failure(failures, self._now() + backoff_s(failures), error)
            raise
        self._failed.pop(version.id, None)
        return child

    def _let_rest(self, version_id: str) -> None:
        """Raises what the last start failed with, while the pause after it lasts: a bad file is not loaded for each."""
        failure = self._failed.get(version_id)
        if failure is not None and self._now() < failure.until:
            raise failure.error

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _admit(self, version: ServedVersion) -> _Served:
        if len(self._served) >= self._most:
            running = ", ".join(self._served)
            raise Unavailable(f"llama.cpp runs as many versions as it may: {running}.", "Unload one first.")
        served = self._served[version.id] = _Served(version)
        return served


def _configuration(version: ServedVersion, key: str) -> dict[str, object]:
    return {
        "path": str(_weights(version)),
        "key": key,
        "context_tokens": version.context_tokens,
        "slots": version.slots,
        "alias": version.model,
        "adapters": [(str(adapter.path), adapter.scale) for adapter in version.adapters],
        "embeds": version.embeds,
    }


def _missing(version: ServedVersion) -> str:
    """Which file of the version is not here, in a sentence; empty where all are."""
    files = (_weights(version), *(adapter.path for adapter in version.adapters))
    names = ", ".join(path.name for path in files if not path.is_file())
    return f"llama.cpp cannot serve {version.id}: no file of {names} is kept here." if names else ""


def _require_files(version: ServedVersion) -> None:
    if missing := _missing(version):
        raise Unavailable(missing, _REGISTER_WITH_FILES)


def _require_task(version: ServedVersion, endpoint: Endpoint) -> None:
    if (endpoint == "embeddings") != version.embeds:
        makes, wanted = ("vectors", "text") if version.embeds else ("text", "vectors")
        raise InvalidInput(f"{version.id} makes {makes}, not {wanted}.", "Choose a model that does.")


def _weights(version: ServedVersion) -> Path:
    if version.weights is None:
        raise InvalidInput(f"{version.id} has no weights to load into llama.cpp.", "Give it a GGUF file.")
    return version.weights


def _client_of(served: _Served, url: str) -> ApiClient:
    # llama.cpp closes idle connections after 5 s by its own clock, which a request may cross on a busy machine. A new
    # connection takes 0.2 ms here, and an idle one would hold a thread.
    who = f"The model {served.version.id}"
    return ApiClient(who, url, served.key, "Try again in a moment.", reuses=False)


async def _stop(served: _Served) -> None:
    async with served.lock:
        if served.client is not None:
            await served.client.close()
        if served.child is not None:
            await served.child.stop()
