"""A device's real models: a first one, one that fails its self-test, an adapter over the same base, and back."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from edge.database import open_database
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget, SelfTest
from edge.model_lifecycle.lifecycle import CurrentModel, LifecycleLimits, ModelLifecycle
from edge.model_lifecycle.store import name_of
from edge.outbox import Outbox
from edge.runtime.llama import LlamaRuntime
from edge.runtime.ollama import OllamaRuntime
from edge.runtime.port import Message, Runtime
from tests.fakes.bundled_model import bundled_gguf
from tests.fakes.gguf_files import write_lora
from tests.fakes.ollama_server import require_ollama, run_ollama

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


class Copies:
    """Fetches by copying, and counts what it copied."""

    def __init__(self, folder: Path, *files: Path) -> None:
        self._folder = folder
        self._files = {ref_of(file).digest: file for file in files}
        self.fetched = list[int]()
        folder.mkdir()

    def fetch(self, ref: ArtifactRef) -> Path:
        path = self._folder / ref.digest
        if not path.exists():
            shutil.copyfile(self._files[ref.digest], path)
            self.fetched.append(ref.size_bytes)
        return path

    def forget(self, ref: ArtifactRef) -> None:
        (self._folder / ref.digest).unlink(missing_ok=True)


@pytest.fixture(params=["llama", "ollama"])
def runtime(request, tmp_path) -> Iterator[Runtime]:
    if request.param == "llama":
        opened = LlamaRuntime(tmp_path / "llama")
        yield opened
        opened.close()
    else:
        with run_ollama(require_ollama(), tmp_path / "ollama") as url:
            yield OllamaRuntime(url)


def test_from_the_first_model_to_an_adapter_and_back(runtime: Runtime, tmp_path: Path):
    weights, lora = bundled_gguf(), write_lora(tmp_path / "lora.gguf", strength=0.02)
    fetch = Copies(tmp_path / "fetched", weights, lora)
    database = open_database(tmp_path / "edge.db")
    outbox = Outbox(
        database,
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        boot="boot",
        new_stream=lambda: uuid4().hex,
    )
    limits = LifecycleLimits(look_every_s=0)
    life = ModelLifecycle(
        database, outbox, fetch, [runtime], free_bytes=lambda: 1 << 40, monotonic=time.monotonic, limits=limits
    )
    current = CurrentModel(life)
    first = target("v1", weights)
    impossible = target("v2", weights, lora, expect=("a word that no model says",))
    adapted = target("v3", weights, lora)

    assert settle(life, first)["version"] == "v1"
    assert current.chat([Message("user", "Hello?")], max_tokens=4).text

    report = settle(life, impossible)
    assert (report["version"], report["failed"]) == ("v1", "v2")
    assert "self-test" in report["model"]["why"]

    assert settle(life, adapted)["version"] == "v3"
    assert current.name == adapted.version
    assert {model.name for model in runtime.models()} == {name_of(first), name_of(adapted)}
    assert fetch.fetched.count(weights.stat().st_size) == 1
    assert list((tmp_path / "fetched").iterdir()) == []

    assert settle(life, first)["version"] == "v1"
    assert current.chat([Message("user", "Hello?")], max_tokens=4).text
    told = [json.loads(event.body) for event in outbox.recent("model", 100)]
    times = [(body["step"], body["version"], body["elapsed_s"]) for body in told if "elapsed_s" in body]
    print(runtime.name, times)
    assert [step for step, version, _ in times if version == "v3"] == ["created", "warmed", "tested"]
    database.close()


def settle(life: ModelLifecycle, wanted: ModelTarget):
    while (report := life.step(wanted)).moved:
        pass
    return report.as_reported()


def target(key: str, base: Path, adapter: Path | None = None, expect: tuple[str, ...] = ()) -> ModelTarget:
    return ModelTarget(
        key=key,
        version=key,
        base=ref_of(base),
        adapter=ref_of(adapter) if adapter is not None else None,
        configuration={"context_tokens": 512, "threads": 1},
        self_test=SelfTest(expect=expect, at_most_s=120),
    )


def ref_of(path: Path) -> ArtifactRef:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ArtifactRef(digest=f"sha256:{digest}", size_bytes=path.stat().st_size)
