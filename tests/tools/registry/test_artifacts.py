"""Files of models as tools: what may be taken, what is computed, who has it, what is collected."""

import asyncio
import hashlib
import io
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, OutOfTime, StorageFailed
from memory.artifacts import ArtifactStore, open_artifacts
from memory.home import Home
from server.hub import ledger_tools
from tests.fakes.gguf_files import small_gguf
from tests.fakes.works import ANN, BOB, Works, require_passed_gate
from tools.registry.artifacts import ModelFiles, media_type_of
from tools.registry.catalogue import load_catalogue
from tools.spec import ToolContext

GGUF = small_gguf("base", 200)
ADAPTER = small_gguf("adapter")
SAFETENSORS = (16).to_bytes(8, "little") + json.dumps({"a": [1, 2, 3]}).encode()


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def files(home: Home) -> ModelFiles:
    return ModelFiles(open_artifacts(home), home.root)


@pytest.fixture
def stocked(works: Works, files: ModelFiles) -> Works:
    works.now = datetime.now(UTC)
    works.add(ledger_tools(load_catalogue(), require_passed_gate, files=files))
    works.register_tenant("globex")
    return works


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "downloads"
    made.mkdir()
    for name, content in (
        ("base.gguf", GGUF),
        ("lora.gguf", ADAPTER),
        ("m.safetensors", SAFETENSORS),
        ("m.onnx", b"\x08\x07"),
    ):
        (made / name).write_bytes(content)
    return made


async def put(works: Works, path: Path, caller: ToolContext = ANN) -> Any:
    return await works.call(caller, "artifact_put", path=str(path))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("base.gguf", "application/x-gguf"),
        ("m.safetensors", "application/x-safetensors"),
        ("m.onnx", "application/onnx"),
    ],
)
async def test_digest_size_and_kind_are_found_out(
    stocked: Works, files: ModelFiles, folder: Path, name: str, media_type: str
) -> None:
    content = (folder / name).read_bytes()
    view = await put(stocked, folder / name)
    assert (view.digest, view.size_bytes, view.media_type) == (sha256(content), len(content), media_type)
    assert files.store.fetch(view.digest).read_bytes() == content
    assert (await stocked.call(ANN, "artifact_list")).artifacts == [view]  # type: ignore[attr-defined]
    assert stocked.outcomes() == [("ann", "artifact_put", "done")]


async def test_a_content_is_kept_once_and_keeps_the_time_when_it_first_came(stocked: Works, folder: Path) -> None:
    first = await put(stocked, folder / "base.gguf")
    stocked.wait(hours=1)
    (folder / "copy.gguf").write_bytes(GGUF)
    assert await put(stocked, folder / "copy.gguf", BOB) == first


@pytest.mark.parametrize(
    "content", [b"", b"GGU", b"#!/bin/sh\n", b"root:x:0:0", b"\x08\x07", b"\xff" * 8 + b"{", b"PK\x03\x04"]
)
async def test_what_is_no_model_is_not_taken(stocked: Works, files: ModelFiles, folder: Path, content: bytes) -> None:
    (folder / "passwd").write_bytes(content)
    with pytest.raises(InvalidInput, match="not a GGUF"):
        await put(stocked, folder / "passwd")
    assert files.store.digests() == []
    assert stocked.outcomes() == [("ann", "artifact_put", "refused")]


async def test_a_file_that_is_not_there_or_is_a_folder_is_not_found(stocked: Works, folder: Path) -> None:
    for path in (folder / "nosuch.gguf", folder):
        with pytest.raises(NotFound):
            await put(stocked, path)


async def test_nothing_of_the_hubs_own_home_is_taken(stocked: Works, home: Home, folder: Path) -> None:
    (home.root / "ledger.gguf").write_bytes(GGUF)
    (folder / "link.gguf").symlink_to(home.root / "ledger.gguf")
    (folder / "in").symlink_to(home.root)
    around = folder / ".." / home.root.name / "ledger.gguf"
    for path in (home.root / "ledger.gguf", folder / "link.gguf", folder / "in" / "ledger.gguf", around):
        with pytest.raises(NotAllowed):
            await put(stocked, path)
    assert {outcome for *_, outcome in stocked.outcomes()} == {"refused"}


async def test_a_suspended_tenant_fills_no_disk(stocked: Works, files: ModelFiles, folder: Path) -> None:
    with stocked.ledger.unit("default") as unit:
        unit.tenants.save(replace(unit.tenants.get("default"), state="suspended"))
    with pytest.raises(NotAllowed, match="suspended"):
        await put(stocked, folder / "base.gguf")
    assert files.store.digests() == []


async def test_a_tenant_has_what_it_put_and_nothing_else(stocked: Works, folder: Path) -> None:
    digest = (await put(stocked, folder / "base.gguf")).digest
    zoe = replace(ANN, tenant="globex", principal="zoe")
    assert (await stocked.call(zoe, "artifact_list")).artifacts == []  # type: ignore[attr-defined]
    for name in ("artifact_show", "artifact_remove"):
        with pytest.raises(NotFound):
            await stocked.call(zoe, name, digest=digest)
    assert (await put(stocked, folder / "base.gguf", zoe)).digest == digest
    await stocked.call(zoe, "artifact_remove", digest=digest)
    assert (await stocked.call(ANN, "artifact_show", digest=digest)).kept  # type: ignore[attr-defined]


async def test_a_version_of_files_has_digests_that_were_computed(stocked: Works, folder: Path) -> None:
    await stocked.call(ANN, "register_model", name="support")
    content = {"base": "smollm2-135m", "adapter": "mine"}
    named = {"base_file": str(folder / "base.gguf"), "adapter_file": str(folder / "lora.gguf")}
    given = {"model": "support", "label": "one", "reference": "local:support", "content": {**content, **named}}
    view: Any = await stocked.call(ANN, "register_version", **given)
    assert (view.base_digest, view.adapter_digest) == (sha256(GGUF), sha256(ADAPTER))
    shown: Any = await stocked.call(ANN, "artifact_show", digest=sha256(ADAPTER))
    assert (shown.versions, shown.kept) == (["support@one"], True)
    with pytest.raises(Conflict, match="support@one"):
        await stocked.call(ANN, "artifact_remove", digest=sha256(ADAPTER))
    claimed = {**content, "base_digest": sha256(GGUF), "adapter_digest": sha256(ADAPTER)}
    same: Any = await stocked.call(ANN, "register_version", **{**given, "label": "two", "content": claimed})
    assert same.digest == view.digest


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"base": "b", "base_file": "<base>", "base_digest": sha256(b"another")}, "not sha256:"),
        ({"base": "b", "adapter_file": "<base>"}, "no adapter"),
        ({"base": "b", "base_file": "/nosuch/file"}, "no file"),
        ({"base": "b", "base_file": "relative"}, "base_file"),
    ],
)
async def test_files_that_contradict_what_is_claimed_are_refused(
    stocked: Works, folder: Path, content: dict[str, str], told: str
) -> None:
    await stocked.call(ANN, "register_model", name="support")
    given = {key: str(folder / "base.gguf") if value == "<base>" else value for key, value in content.items()}
    with pytest.raises((InvalidInput, NotFound), match=told):
        await stocked.call(ANN, "register_version", model="support", label="one", reference="local:x", content=given)
    assert (await stocked.call(ANN, "artifact_list")).artifacts == []  # type: ignore[attr-defined]


async def test_whoever_may_only_register_versions_reads_no_file_through_that(stocked: Works, folder: Path) -> None:
    await stocked.call(ANN, "register_model", name="support")
    lesser = replace(ANN, principal="eve", scopes=ANN.scopes - {"artifacts:write"})
    content = {"base": "b", "base_file": str(folder / "base.gguf")}
    with pytest.raises(NotAllowed, match="artifacts:write"):
        await stocked.call(lesser, "register_version", model="support", label="x", reference="local:x", content=content)
    assert stocked.outcomes()[-1] == ("eve", "register_version", "refused")


async def test_what_no_tenant_has_any_more_is_collected_after_a_day(
    stocked: Works, files: ModelFiles, folder: Path
) -> None:
    kept, given_up = [(await put(stocked, folder / name)).digest for name in ("base.gguf", "lora.gguf")]
    zoe = replace(ANN, tenant="globex", principal="zoe")
    theirs = (await put(stocked, folder / "m.onnx", zoe)).digest
    await stocked.call(ANN, "artifact_remove", digest=given_up)
    assert (await stocked.call(ANN, "artifact_collect")).removed == []  # type: ignore[attr-defined]
    stocked.wait(days=1, minutes=1)
    found: Any = await stocked.call(ANN, "artifact_collect")
    assert [one.digest for one in found.removed] == [given_up]
    assert found.freed_bytes == len(ADAPTER)
    assert files.store.digests() == sorted([kept, theirs])


class Collecting(ArtifactStore):
    """What is put is gone at once, as if it had been collected."""

    def put(self, source: Any) -> Any:
        stored = super().put(source)
        self.delete(stored.digest)
        return stored


async def test_no_tenant_gets_what_was_collected_meanwhile(works: Works, home: Home, folder: Path) -> None:
    real = open_artifacts(home)
    store = Collecting(real._files, real._root, real._copies, real._guard, local=True)
    works.add(ledger_tools(load_catalogue(), require_passed_gate, files=ModelFiles(store, home.root)))
    with pytest.raises(Conflict, match="meanwhile"):
        await put(works, folder / "base.gguf")
    assert (await works.call(ANN, "artifact_list")).artifacts == []  # type: ignore[attr-defined]


async def test_others_write_while_a_long_file_is_taken(stocked: Works, folder: Path) -> None:
    spec = stocked.tools["artifact_put"]
    reading, go_on = threading.Event(), threading.Event()

    def slow(context: ToolContext, path: str) -> Any:
        reading.set()
        assert go_on.wait(20)
        assert spec.prepare is not None
        return spec.prepare(context, path)

    stocked.tools["slow"] = replace(spec, prepare=slow)
    putting = asyncio.create_task(stocked.call(ANN, "slow", path=str(folder / "base.gguf")))
    await asyncio.to_thread(reading.wait, 20)
    await asyncio.wait_for(stocked.call(BOB, "register_model", name="meanwhile"), 10)
    go_on.set()
    assert (await putting).digest == sha256(GGUF)  # type: ignore[attr-defined]
    quick = replace(spec, prepare=slow, timeout_s=0.05)
    go_on.clear()
    stocked.tools["late"] = quick
    (folder / "other.gguf").write_bytes(GGUF + b"more")
    with pytest.raises(OutOfTime):
        await stocked.call(ANN, "late", path=str(folder / "other.gguf"))
    go_on.set()
    assert len((await stocked.call(ANN, "artifact_list")).artifacts) == 1  # type: ignore[attr-defined]


async def test_a_repeat_with_the_same_key_reads_no_file(stocked: Works, folder: Path) -> None:
    caller = replace(ANN, idempotency_key="once")
    first = await put(stocked, folder / "base.gguf", caller)
    (folder / "base.gguf").unlink()
    assert await put(stocked, folder / "base.gguf", caller) == first


async def test_a_store_that_fails_is_told_and_written_down(works: Works, home: Home, folder: Path) -> None:
    (folder / "file").write_text("in the way")
    works.add(
        ledger_tools(
            load_catalogue(),
            require_passed_gate,
            files=ModelFiles(open_artifacts(home, str(folder / "file")), home.root),
        )
    )
    with pytest.raises(StorageFailed):
        await put(works, folder / "base.gguf")
    assert works.outcomes() == [("ann", "artifact_put", "failed")]


def test_kinds_leave_the_file_at_its_beginning() -> None:
    file = io.BytesIO(GGUF)
    assert media_type_of(file, "x") == "application/x-gguf"
    assert file.tell() == 0


@pytest.mark.parametrize("content", [GGUF[:40], b"GGUF and so on", GGUF.replace(b"\x03\0\0\0", b"\xff\xff\xff\xff", 1)])
def test_a_gguf_whose_header_is_not_true_is_no_file_of_a_model(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no whole GGUF file"):
        media_type_of(io.BytesIO(content), "m.gguf")
