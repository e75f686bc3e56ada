"""The runtime's adapter against a real Ollama: create from files, list, warm, answer, unload."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import psutil
import pytest

from edge.kernel.errors import ChargehandError, Interrupted, InvalidInput, NotFound, Unavailable
from tests.fakes.gguf_files import write_gguf, write_lora
from tests.fakes.ollama_server import require_ollama, run_ollama
from tools.serving.ollama import OllamaRuntime
from tools.serving.providers import bundled_version
from tools.serving.runtime import Adapter, Json, Progress, ServedVersion

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]  # an unoptimised build is slow

GREEDY: Json = {"prompt": "The capital of France is", "max_tokens": 4, "temperature": 0, "seed": 1}
CHAT: Json = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 3, "temperature": 0}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = require_ollama()
    with run_ollama(binary, tmp_path_factory.mktemp("ollama")) as url:
        yield url


@pytest.fixture(scope="module")
def weights() -> Path:
    bundled = bundled_version()
    if bundled is None or bundled.weights is None:
        pytest.skip("the extra chargehand[local] is not installed")
    return bundled.weights


@pytest.fixture
async def runtime(address: str) -> AsyncGenerator[OllamaRuntime]:
    opened = OllamaRuntime(address)
    yield opened
    await opened.close()


def plain(weights: Path) -> ServedVersion:
    return ServedVersion("smol@1", "smol-plain", weights, context_tokens=512)


async def text(runtime: OllamaRuntime, version: ServedVersion) -> str:
    answer = await runtime.complete(version, "completions", GREEDY)
    return answer["choices"][0]["text"]


async def made_and_loaded(runtime: OllamaRuntime, version: ServedVersion) -> None:
    await runtime.ensure(version)
    await runtime.warm(version)


async def test_it_is_up(runtime: OllamaRuntime) -> None:
    health = await runtime.health()
    assert health.up
    assert health.detail.startswith("Ollama ")


async def test_a_model_is_created_from_a_file_and_answers(runtime: OllamaRuntime, weights: Path) -> None:
    version, seen = plain(weights), list[Progress]()
    await runtime.ensure(version, seen.append)
    assert seen[0].stage.startswith("sending")
    assert seen[-1].stage == "success"
    again: list[Progress] = []
    await runtime.ensure(version, again.append)
    assert again == []
    assert "smol-plain:latest" in [model.name for model in await runtime.models()]
    answer = await runtime.complete(version, "chat/completions", CHAT)
    assert answer["usage"]["completion_tokens"] > 0
    chunks = [chunk async for chunk in runtime.stream(version, "chat/completions", CHAT)]
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert chunks[-1]["usage"]["completion_tokens"] > 0


async def test_an_adapter_changes_what_is_said(runtime: OllamaRuntime, weights: Path, tmp_path: Path) -> None:
    adapted = ServedVersion(
        "smol@2", "smol-adapted", weights, (Adapter(write_lora(tmp_path / "lora.gguf")),), context_tokens=512
    )
    weak = write_lora(tmp_path / "weak.gguf", strength=0.0)
    neutral = ServedVersion("smol@3", "smol-neutral", weights, (Adapter(weak),), context_tokens=512)
    for version in (plain(weights), adapted, neutral):
        await runtime.ensure(version)
    said = [await text(runtime, version) for version in (plain(weights), adapted, neutral)]
    assert said[0] == said[2], "an adapter of zeros changes nothing"
    assert said[0] != said[1]


async def test_it_is_loaded_by_warming_and_not_after_unloading(runtime: OllamaRuntime, weights: Path) -> None:
    version = plain(weights)
    await runtime.ensure(version)
    await runtime.warm(version)
    assert ("smol-plain:latest", True) in [(model.name, model.loaded) for model in await runtime.models()]
    await runtime.unload(version)
    for _ in range(600):  # Ollama says yes at once, and lets go a little later
        loaded = {model.name: model.loaded for model in await runtime.models()}
        if not loaded["smol-plain:latest"]:
            break
        await asyncio.sleep(0.1)
    assert loaded["smol-plain:latest"] is False
    await runtime.unload(version)


async def test_what_is_not_there_is_told(runtime: OllamaRuntime, tmp_path: Path) -> None:
    missing = ServedVersion("x@1", "never-made")
    with pytest.raises(NotFound):
        await runtime.complete(missing, "chat/completions", CHAT)
    with pytest.raises(NotFound):
        await runtime.warm(missing)
    with pytest.raises(NotFound):
        await runtime.ensure(ServedVersion("x@2", "x2", tmp_path / "gone.gguf"))


async def test_files_that_are_no_models_are_refused(runtime: OllamaRuntime, weights: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF and nothing more")
    with pytest.raises(ChargehandError) as caught:
        await runtime.ensure(ServedVersion("bad@1", "bad", broken))
    assert isinstance(caught.value, InvalidInput | Interrupted | Unavailable)
    odd = tmp_path / "odd.gguf"
    write_gguf(odd, {"general.architecture": "nosuch"}, {})
    with pytest.raises(ChargehandError):
        await made_and_loaded(runtime, ServedVersion("odd@1", "odd", odd))


async def test_a_server_that_dies_is_unavailable(weights: Path, tmp_path: Path) -> None:
    with run_ollama(require_ollama(), tmp_path / "dying") as url:
        runtime = OllamaRuntime(url)
        version = plain(weights)
        await runtime.ensure(version)
        long = {**CHAT, "max_tokens": 400}
        stream = runtime.stream(version, "chat/completions", long)
        await anext(stream)
        children = psutil.Process(os.getpid()).children()
        (server,) = [child for child in children if child.name() == "ollama" and str(tmp_path) in child.cwd()]
        for child in [*server.children(recursive=True), server]:
            child.kill()
        with pytest.raises(ChargehandError):
            [chunk async for chunk in stream]
        with pytest.raises((Interrupted, Unavailable)):  # a connection from before may still be tried
            await runtime.complete(version, "chat/completions", CHAT)
        with pytest.raises(Unavailable):
            await runtime.complete(version, "chat/completions", CHAT)
        assert not (await runtime.health()).up
        await runtime.close()
