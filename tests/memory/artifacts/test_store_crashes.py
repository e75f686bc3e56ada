"""The artifact store when processes die while they put, and when the disk is full."""

import io
import random
import shutil
import time
from pathlib import Path

import pytest

from edge.kernel.errors import StorageFailed
from memory.artifacts import open_artifacts
from memory.artifacts.pieces import measure, pieces_of
from memory.home import Home, open_home
from tests.effort import times
from tests.fakes.putters import content, putter

KILLS = times(12, 60)
SIZE_BYTES = 5_000_000


@pytest.mark.integration
@pytest.mark.repeated
def test_what_a_killed_process_put_is_whole_or_not_there(home: Home) -> None:
    chance = random.Random(4)
    killed = 0
    with putter(home, SIZE_BYTES) as started:
        started.start("0")
        began = time.monotonic()
        assert started.wait() == 0
        whole_s = time.monotonic() - began
        for number in range(1, KILLS + 1):
            process = started.start(str(number))
            time.sleep(chance.uniform(0, whole_s))
            killed += started.kill(process)
    store = open_artifacts(home)
    expected = {measure(pieces_of(io.BytesIO(content(n, SIZE_BYTES)))).digest: n for n in range(KILLS + 1)}
    kept = store.digests()
    assert set(kept) <= set(expected)
    assert killed >= KILLS // 3
    assert KILLS + 1 - killed <= len(kept)
    for digest in kept:
        store.verify(digest)
        assert (
            store.open_range(digest, 1_500_000, 900_000) == content(expected[digest], SIZE_BYTES)[1_500_000:2_400_000]
        )


@pytest.mark.integration
@pytest.mark.parametrize("free_kib", [0, 8, 700, 3000])
def test_a_full_disk_leaves_nothing_half_written(small_disk: Path, free_kib: int) -> None:
    home = open_home(small_disk / "home")
    store = open_artifacts(home)
    before = store.put(io.BytesIO(b"before")).digest
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - free_kib * 1024))
    with pytest.raises(StorageFailed, match="disk is full"):
        store.put(io.BytesIO(content(1, SIZE_BYTES)))
    assert [path.name for path in (home.artifacts / "incoming").iterdir()] == []
    assert store.digests() == [before]
    assert b"".join(store.read(before)) == b"before"
    filler.unlink()
    stored = store.put(io.BytesIO(content(1, SIZE_BYTES)))
    store.verify(stored.digest)


@pytest.mark.integration
def test_a_full_disk_has_no_room_for_a_copy(small_disk: Path) -> None:
    home = open_home(small_disk / "home")
    store = open_artifacts(home, f"memory://{small_disk.parent.name}")
    digest = store.put(io.BytesIO(content(1, SIZE_BYTES))).digest
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 700 * 1024))
    with pytest.raises(StorageFailed):
        store.fetch(digest)
    assert not list((home.cache / "artifacts").glob("*.new"))
    filler.unlink()
    assert store.fetch(digest).read_bytes() == content(1, SIZE_BYTES)
