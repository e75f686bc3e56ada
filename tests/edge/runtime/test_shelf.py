"""Models kept as files: whole or not at all, shared where they are equal."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput, NotFound
from edge.runtime.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf")


def gguf(path, content: str):
    path.write_bytes(b"GGUF" + content.encode())
    return path


def test_a_model_is_kept_after_its_files_are_gone(shelf, tmp_path):
    base, adapter = gguf(tmp_path / "base", "base"), gguf(tmp_path / "adapter", "adapter")
    shelf.put("a/b:1", base, adapter, {"threads": 1})
    base.unlink()
    adapter.unlink()
    kept = shelf.get("a/b:1")
    assert kept.base.read_bytes() == b"GGUFbase"
    assert kept.adapter is not None
    assert kept.adapter.read_bytes() == b"GGUFadapter"
    assert (kept.configuration, kept.size_bytes) == ({"threads": 1}, 19)
    assert shelf.names() == ["a/b:1"]


def test_equal_contents_are_kept_once_and_until_the_last_model_of_them_goes(shelf, tmp_path):
    base = gguf(tmp_path / "base", "base")
    shelf.put("a", base, None, {})
    digest = f"sha256:{shelf.get('a').base.name.removeprefix('sha256-')}"
    shelf.put("b", digest, gguf(tmp_path / "adapter", "adapter"), {})
    assert shelf.get("a").base == shelf.get("b").base
    shelf.remove("a")
    assert shelf.has(digest)
    shelf.remove("b")
    assert not shelf.has(digest)
    shelf.remove("b")


def test_a_model_takes_the_place_of_the_one_of_its_name(shelf, tmp_path):
    shelf.put("a", gguf(tmp_path / "one", "one"), None, {})
    before = shelf.get("a")
    shelf.put("a", gguf(tmp_path / "two", "two"), None, {})
    assert shelf.get("a").base.read_bytes() == b"GGUFtwo"
    assert not before.base.exists()
    assert shelf.get("a").digest != before.digest


def test_what_was_cut_short_is_no_model_and_is_swept(shelf, tmp_path):
    shelf.put("a", gguf(tmp_path / "one", "one"), None, {})
    contents = shelf.get("a").base.parent
    (contents / "sha256-half.new").write_bytes(b"GGUFha")
    (tmp_path / "shelf" / "models" / "b.new").write_text("{")
    assert shelf.names() == ["a"]
    shelf.put("b", gguf(tmp_path / "two", "two"), None, {})
    assert not (contents / "sha256-half.new").exists()


def test_what_is_no_gguf_file_or_not_there_is_refused(shelf, tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InvalidInput):
        shelf.put("a", tmp_path / "text", None, {})
    with pytest.raises(NotFound):
        shelf.put("a", tmp_path / "nothing", None, {})
    with pytest.raises(NotFound):
        shelf.put("a", "sha256:" + "0" * 64, None, {})
    with pytest.raises(NotFound):
        shelf.get("a")


def test_from_another_disk_a_file_is_copied(shelf, tmp_path):
    other = next((path for path in ("/dev/shm", "/run") if os.access(path, os.W_OK)), None)
    if other is None or Path(other).stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"no second disk to write to ({errno.errorcode[errno.EXDEV]})")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        shelf.put("a", gguf(Path(folder) / "base", "base"), None, {})
    assert shelf.get("a").base.read_bytes() == b"GGUFbase"
