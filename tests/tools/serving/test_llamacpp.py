"""llama.cpp in child processes, on the bundled weights: started, killed, started again, refused."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.kernel.errors import Interrupted, InvalidInput, NotFound, Unavailable
from edge.kernel.llama_child import LlamaOptions
from tests.fakes.gguf_files import write_gguf, write_lora
from tools.serving.llamacpp import LlamaRuntime, SupervisedChild, backoff_s
from tools.serving.providers import bundled_version
from tools.serving.runtime import Adapter, ServedVersion

pytestmark = pytest.mark.integration

CHAT = {"messages": [{"role": "user", "content": "Count to a hundred."}], "max_tokens": 400, "temperature": 0}


@pytest.fixture
async def runtime() -> AsyncGenerator[LlamaRuntime]:
    bundled = bundled_version()
    if bundled is None:
        pytest.skip("the extra chargehand[local] is not installed")
    opened = LlamaRuntime([bundled], most=1)
    yield opened
    await opened.close()


def small() -> ServedVersion:
    bundled = bundled_version()
    assert bundled is not None
    return ServedVersion("small", bundled.model, bundled.weights, context_tokens=512, slots=1)


async def test_a_process_that_dies_interrupts_its_requests_and_comes_back(runtime: LlamaRuntime):
    version = small()
    chunks = runtime.stream(version, "chat/completions", CHAT)
    await anext(chunks)
    child = runtime.process_of("small")
    assert child is not None
    former = child.pid
    assert former is not None
    os.kill(former, signal.SIGKILL)
    with pytest.raises(Interrupted):
        async for _ in chunks:
            pass
    answer = None
    while answer is None:
        try:
            answer = await runtime.complete(version, "completions", {"prompt": "One, two,", "max_tokens": 2})
        except (Unavailable, Interrupted):
            await asyncio.sleep(0.05)
    assert answer["usage"]["completion_tokens"] == 2
    assert child.deaths == 1
    assert child.pid not in {None, former}


async def test_one_more_version_than_may_run_is_refused_until_one_is_unloaded(runtime: LlamaRuntime):
    version = small()
    await runtime.warm(version)
    other = ServedVersion("other", "other", version.weights, context_tokens=256, slots=1)
    with pytest.raises(Unavailable, match="small"):
        await runtime.warm(other)
    assert {model.name for model in await runtime.models() if model.loaded} == {version.model}
    await runtime.unload(version)
    await runtime.warm(other)
    too_long = {"prompt": "word " * 600, "max_tokens": 1}
    with pytest.raises(InvalidInput, match="context"):
        await runtime.complete(other, "completions", too_long)


async def test_files_that_are_missing_or_broken_are_told(runtime: LlamaRuntime, tmp_path: Path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF and nothing more")
    bad = ServedVersion("bad", "bad", broken)
    with pytest.raises(Unavailable, match="cannot serve bad"):
        await runtime.warm(bad)
    with pytest.raises(Unavailable, match="cannot serve bad"):  # at once, without loading it again
        await runtime.warm(bad)
    with pytest.raises(NotFound):
        await runtime.ensure(ServedVersion("gone", "gone", tmp_path / "gone.gguf"))
    with pytest.raises(InvalidInput, match="no weights"):
        await runtime.complete(ServedVersion("bare", "bare"), "completions", {"prompt": "x"})


async def test_a_file_that_is_not_kept_is_told_by_its_name(runtime: LlamaRuntime, tmp_path: Path):
    adapted = replace(small(), id="adapted", adapters=(Adapter(Path("support r7")),))
    with pytest.raises(Unavailable, match=r"cannot serve adapted: no file of support r7 is kept here\. Register"):
        await runtime.complete(adapted, "chat/completions", CHAT)


async def test_text_is_not_asked_of_what_makes_vectors_nor_the_other_way_round(runtime: LlamaRuntime):
    with pytest.raises(InvalidInput, match="small makes text, not vectors"):
        await runtime.complete(small(), "embeddings", {"input": "hello"})
    with pytest.raises(InvalidInput, match="small makes vectors, not text"):
        await runtime.complete(replace(small(), embeds=True), "completions", {"prompt": "x"})


async def test_a_child_ends_with_the_hub():
    version = small()
    child = SupervisedChild("small", LlamaOptions(str(version.weights), context_tokens=128, slots=1))
    await child.start()
    pid = child.pid
    assert pid is not None
    await child.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_pause_grows_and_is_bounded():
    pauses = [backoff_s(failures) for failures in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 0.5
    assert pauses[-1] == 30.0


async def test_an_adapter_changes_what_is_said_and_its_scale_says_how_much(tmp_path: Path):
    bundled = bundled_version()
    if bundled is None:
        pytest.skip("the extra chargehand[local] is not installed")
    lora = write_lora(tmp_path / "lora.gguf")
    versions = [
        replace(small(), id="plain"),
        replace(small(), id="adapted", adapters=(Adapter(lora),)),
        replace(small(), id="half", adapters=(Adapter(lora, 0.5),)),
        replace(small(), id="off", adapters=(Adapter(lora, 0.0),)),
    ]
    runtime = LlamaRuntime(most=4)
    body = {"prompt": "The capital of France is", "max_tokens": 12, "temperature": 0}
    said: list[str] = []
    for version in versions:
        await runtime.ensure(version)
        said.append((await runtime.complete(version, "completions", body))["choices"][0]["text"])
        await runtime.unload(version)
    await runtime.close()
    plain, adapted, half, off = said
    assert plain == off
    assert len({plain, adapted, half}) == 3


@pytest.mark.parametrize("spoilt", ["another model's shape", "another architecture", "no adapter"])
async def test_an_adapter_that_does_not_fit_is_told(runtime: LlamaRuntime, tmp_path: Path, spoilt: str):
    lora = tmp_path / "lora.gguf"
    if spoilt == "another model's shape":
        write_lora(lora, width=64)
    else:
        architecture = "gemma" if spoilt == "another architecture" else "llama"
        kind = {} if spoilt == "no adapter" else {"general.type": "adapter", "adapter.type": "lora"}
        write_gguf(lora, {"general.architecture": architecture, **kind, "adapter.lora.alpha": 2.0}, {})
    version = replace(small(), id="unfit", adapters=(Adapter(lora),))
    with pytest.raises(Unavailable, match="cannot serve unfit"):
        await runtime.warm(version)
