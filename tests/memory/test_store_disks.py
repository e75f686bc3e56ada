"""A home on a disk that is full for a while, or that nobody may write to; and who may read its files."""

import subprocess
from pathlib import Path

import pytest

from edge.kernel.errors import StorageFailed
from memory.home import is_full, open_home
from memory.store import KnowledgeStore, open_store
from memory.threads import open_threads
from tests.fakes.dependencies import copy_home
from tests.memory.conftest import mounted

HEAT = "At what temperature does the SE30 throttle?"


def opened(root: Path, like: KnowledgeStore) -> KnowledgeStore:
    return open_store(open_home(root), lambda: like.embedder)


def found(store: KnowledgeStore) -> list[str]:
    return [passage.chunk_id for passage in store.retriever.search(HEAT, "default", 5)]


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
    except OSError:
        pass
    assert is_full(disk)
    return filler


def test_a_read_while_the_disk_is_full_spoils_nothing(sample_store: KnowledgeStore, tmp_path: Path) -> None:
    wanted = found(sample_store)
    with mounted(tmp_path / "small", "size=48m") as disk:
        root = copy_home(sample_store, disk / "home")
        store = opened(root, sample_store)
        filler = fill(disk)
        for _ in range(2):
            try:
                assert found(store) == wanted
            except StorageFailed as failed:
                assert "full" in str(failed)  # noqa: PT017
        assert not store.vectors.left_half_written()
        filler.unlink()
        assert found(store) == wanted
        store.close()


def test_a_home_that_nobody_may_write_to_is_searched_and_verified(sample_store: KnowledgeStore, tmp_path: Path) -> None:
    wanted = found(sample_store)
    with mounted(tmp_path / "read-only", "size=48m") as disk:
        root = copy_home(sample_store, disk / "home")
        opened(root, sample_store).close()  # with its journals written back
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, timeout=20)
        before = sorted(path.name for path in root.iterdir())
        store = opened(root, sample_store)
        assert not store.home.writable
        assert found(store) == wanted
        with store.ledger.view("default") as unit:
            assert unit.audit.verify().bad_sequence is None
        with pytest.raises(StorageFailed), store.ledger.unit("default") as unit:
            unit.tenants.save(unit.tenants.get("default"))
        store.close()
        assert sorted(path.name for path in root.iterdir()) == before


async def test_databases_are_their_owner_s_alone(sample_store: KnowledgeStore, tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir(mode=0o755)  # made by somebody else's script
    for name in ("ledger.sqlite", "lexical.sqlite"):
        (root / name).touch(mode=0o644)
    store = opened(root, sample_store)
    async with open_threads(store.home.threads, store.ledger):
        files = list(root.glob("*.sqlite*"))
        assert len(files) >= 3
        assert {path.name: path.stat().st_mode & 0o077 for path in files} == dict.fromkeys([p.name for p in files], 0)
    store.close()
