"""llama.cpp as a runtime: one child process for each version, started on demand and watched.

A process of its own for each version keeps a crash in one from the others and from the hub, and lets two versions of
one model differ in adapters, context and slots.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound, OutOfTime, Unavailable
from edge.kernel.llama_child import LlamaChild, LlamaOptions
from tools.serving.client import ApiClient
from tools.serving.runtime import Endpoint, Health, Json, Progress, RuntimeModel, ServedVersion, ignore, prepare
from tools.serving.tool_calls import tool_request

_log = logging.getLogger(__name__)

_MOST = 8
_START_LIMIT_S = 120.0
_LASTED_S = 60.0
"""A process that lived for so long is no longer counted as failing."""
_REGISTER_WITH_FILES = "Register a version with its files: `base_file`, `adapter_file`."


def backoff_s(failures: int) -> float:
    """Pause before the next start after so many failures in a row, >= 1: 0.5 s, doubled each time, at most 30 s."""
    return min(30.0, 0.5 * 2.0 ** (min(failures, 16) - 1))


class SupervisedChild:
    """The process of one version: one that dies is noticed and started again, later each time.

    Args:
        label: the version, for messages.
    """

    def __init__(self, label: str, options: LlamaOptions) -> None:
        self.label = label
        self.options = options
        self.url = ""
        """Where it listens; empty while it does not run."""
        self.deaths = 0
        """How often it died by itself."""
        self._child: LlamaChild | None = None
        # A thread of its own: a model that loads for a minute must not hold one of those that all of the hub shares.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama")
        self._supervisor: asyncio.Task[None] | None = None
        self._failures = 0
        self._waits = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self.url else None

    async def start(self) -> None:
        """Start the process and its supervisor; returns once it listens.

        Raises:
            Unavailable: llama.cpp is not installed, cannot load the files, or died while it loaded.
                OutOfTime: it did not load within two minutes.
        """
        self._child = await self._launch()
        self._supervisor = asyncio.create_task(self._supervise(self._child), name=f"supervisor of {self.label}")

    def require(self) -> str:
        """The URL of the running server.

        Raises:
            Unavailable: it died and is not back yet.
        """
        if not self.url:
            when = "after a pause" if self._waits else "now"
            raise Unavailable(f"The process of {self.label} died; it starts again {when}.", "Try again in a moment.")
        return self.url

    async def stop(self) -> None:
        """End the supervisor and the process; it is killed where it does not end by itself."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        self.url = ""
        child, self._child = self._child, None
        if child is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, child.end)
        self._thread.shutdown(wait=False)

    async def _launch(self) -> LlamaChild:
        child = LlamaChild(self.options)
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, child.load, _START_LIMIT_S)
        except TimeoutError as error:
            raise OutOfTime(f"llama.cpp did not load {self.label} in time.", "Choose a smaller model.") from error
        except RuntimeError as error:
            raise Unavailable(
                f"llama.cpp cannot serve {self.label}: {error}", "Check that its files are whole."
            ) from error
        except asyncio.CancelledError:
            child.kill()
            self._thread.submit(child.end)
            raise
        self.url = child.url
        return child

    async def _supervise(self, child: LlamaChild) -> None:
        while True:
            begun = _now()
            code = await _exit_code(child)
            self.url, self._child = "", None
            self.deaths += 1
            self._failures = 1 if _now() - begun > _LASTED_S else self._failures + 1
            _log.warning("the process of %s died with code %s", self.label, code)
            self._child = child = await self._start_again()

    async def _start_again(self) -> LlamaChild:
        while True:
            self._waits = True
            await asyncio.sleep(backoff_s(self._failures))
            self._waits = False
            try:
                return await self._launch()
            except (Unavailable, OutOfTime) as error:
                self._failures += 1
                _log.warning("the process of %s does not start: %s", self.label, error)


async def _exit_code(child: LlamaChild) -> int:
    """Wait until the process has ended, which closes its standard output; what llama.cpp prints is passed over."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def look() -> None:
        if not os.read(child.output, 65536):
            loop.remove_reader(child.output)
            ended.set()

    loop.add_reader(child.output, look)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(child.output)
    code = child.wait()
    child.end()
    return code


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class _Served:
    """A version, its process once it was started, and the client of that."""

    version: ServedVersion
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    child: SupervisedChild | None = None
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

    def process_of(self, version_id: str) -> SupervisedChild | None:
        """The version's process, where it was started."""
        served = self._served.get(version_id)
        return served.child if served else None

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        _require_task(version, endpoint)
        client = await self._client(version)
        asked = tool_request(body, holds_to_none=True) if endpoint == "chat/completions" else None
        answer = await client.post(f"/v1/{endpoint}", prepare(version, endpoint, asked.body if asked else body))
        return asked.read(answer) if asked else answer

    async def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        _require_task(version, endpoint)
        if endpoint == "chat/completions" and (asked := tool_request(body, holds_to_none=True)):
            for chunk in asked.chunks(await self.complete(version, endpoint, body)):
                yield chunk
            return
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
                url, key = served.child.require(), served.child.options.key
                if served.client is None or served.client.base_url != url:  # a restarted process listens elsewhere
                    old = served.client
                    served.client = _client_of(version, url, key)
                    if old is not None:
                        await old.close()
                return served.client

    async def _start(self, served: _Served) -> SupervisedChild:
        version = served.version
        try:
            _require_files(version)
            child = SupervisedChild(version.id, _options(version))
            await child.start()
        except BaseException as error:
            self._served.pop(version.id, None)
            if isinstance(error, ChargehandError):
                failures = self._failed[version.id].count + 1 if version.id in self._failed else 1
                self._failed[version.id] = _Failure(failures, _now() + backoff_s(failures), error)
            raise
        self._failed.pop(version.id, None)
        return child

    def _let_rest(self, version_id: str) -> None:
        """Raises what the last start failed with, while the pause after it lasts: a bad file is not loaded for each."""
        failure = self._failed.get(version_id)
        if failure is not None and _now() < failure.until:
            raise failure.error

    def _admit(self, version: ServedVersion) -> _Served:
        if len(self._served) >= self._most:
            running = ", ".join(self._served)
            raise Unavailable(f"llama.cpp runs as many versions as it may: {running}.", "Unload one first.")
        served = self._served[version.id] = _Served(version)
        return served


def _options(version: ServedVersion) -> LlamaOptions:
    return LlamaOptions(
        str(_weights(version)),
        context_tokens=version.context_tokens,
        slots=version.slots,
        alias=version.model,
        adapters=[(str(adapter.path), adapter.scale) for adapter in version.adapters],
        embeds=version.embeds,
    )


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


def _client_of(version: ServedVersion, url: str, key: str) -> ApiClient:
    # llama.cpp closes idle connections after 5 s by its own clock, which a request may cross on a busy machine. A new
    # connection takes 0.2 ms here, and an idle one would hold a thread.
    return ApiClient(f"The model {version.id}", url, key, "Try again in a moment.", reuses=False)


async def _stop(served: _Served) -> None:
    async with served.lock:
        if served.client is not None:
            await served.client.close()
        if served.child is not None:
            await served.child.stop()
