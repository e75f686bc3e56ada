"""Models kept as files: whole or not at all, shared where they are equal."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput, NotFound
from edge.runtime.model_store import ModelStore
from tests.fakes.gguf_files import small_gguf


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


def gguf(path, content: str):
    path.write_bytes(small_gguf(content))
    return path


def test_a_model_is_kept_after_its_files_are_gone(store, tmp_path):
    base, adapter = gguf(tmp_path / "base", "base"), gguf(tmp_path / "adapter", "adapter")
    store.put("a/b:1", base, adapter, {"threads": 1})
    base.unlink()
    adapter.unlink()
    kept = store.get("a/b:1")
    assert kept.base.read_bytes() == small_gguf("base")
    assert kept.adapter is not None
    assert kept.adapter.read_bytes() == small_gguf("adapter")
    assert (kept.configuration, kept.size_bytes) == ({"threads": 1}, len(small_gguf("base") + small_gguf("adapter")))
    assert store.names() == ["a/b:1"]


def test_equal_contents_are_kept_once_and_until_the_last_model_of_them_goes(store, tmp_path):
    base = gguf(tmp_path / "base", "base")
    store.put("a", base, None, {})
    digest = f"sha256:{store.get('a').base.name.removeprefix('sha256-')}"
    store.put("b", digest, gguf(tmp_path / "adapter", "adapter"), {})
    assert store.get("a").base == store.get("b").base
    store.remove("a")
    assert store.has(digest)
    store.remove("b")
    assert not store.has(digest)
    store.remove("b")


def test_a_model_takes_the_place_of_the_one_of_its_name(store, tmp_path):
    store.put("a", gguf(tmp_path / "one", "one"), None, {})
    before = store.get("a")
    store.put("a", gguf(tmp_path / "two", "two"), None, {})
    assert store.get("a").base.read_bytes() == small_gguf("two")
    assert not before.base.exists()
    assert store.get("a").digest != before.digest


def test_what_was_cut_short_is_no_model_and_is_swept(store, tmp_path):
    store.put("a", gguf(tmp_path / "one", "one"), None, {})
    contents = store.get("a").base.parent
    (contents / "sha256-half.new").write_bytes(b"GGUFha")
    (tmp_path / "store" / "models" / "b.new").write_text("{")
    assert store.names() == ["a"]
    store.put("b", gguf(tmp_path / "two", "two"), None, {})
    assert not (contents / "sha256-half.new").exists()


def test_what_is_no_gguf_file_or_not_there_is_refused(store, tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InvalidInput):
        store.put("a", tmp_path / "text", None, {})
    with pytest.raises(NotFound):
        store.put("a", tmp_path / "nothing", None, {})
    with pytest.raises(NotFound):
        store.put("a", "sha256:" + "0" * 64, None, {})
    with pytest.raises(NotFound):
        store.get("a")


def test_from_another_disk_a_file_is_copied(store, tmp_path):
    other = next((path for path in ("/dev/shm", "/run") if os.access(path, os.W_OK)), None)
    if other is None or Path(other).stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"no second disk to write to ({errno.errorcode[errno.EXDEV]})")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        store.put("a", gguf(Path(folder) / "base", "base"), None, {})
    assert store.get("a").base.read_bytes() == small_gguf("base")
