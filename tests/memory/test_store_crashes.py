"""The knowledge store when processes die, run side by side, or find the disk full."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.kernel.errors import Conflict, StorageFailed
from memory.documents.chunking import embedding_text, split_into_chunks
from memory.documents.parsing import parse_document
from memory.embedding import MiniLM
from memory.home import Home, open_home
from memory.store import KnowledgeStore
from tests.effort import times
from tests.fakes.commands import environment
from tests.fakes.forks import Forks
from tests.fakes.ingesters import ingester, open_word_store

ROOT = Path(__file__).parents[2]
KILLS = times(6, 30)


def write(folder: Path, numbers: range, version: int = 0) -> None:
    """Manuals of several chunks; the version tells their texts apart."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        sections = "".join(
            f"## Part {part}\n\n{f'Part {part} of manual {number} in version {version} weighs {part} grams. ' * 8}\n\n"
            for part in range(4 + (number + version) % 4)
        )
        (folder / f"manual-{number}.md").write_text(f"# Manual {number}\n\n{sections}")


def check(store: KnowledgeStore) -> set[str]:
    """Ledger and mirrors hold whole documents, and the same; returns the names of the documents."""
    rows = store.ledger.documents.all("default")
    held = store.ledger.documents.chunks_of([row.id for row in rows])
    texts: dict[str, str] = {}
    for row in rows:
        document = store.ledger.documents.get(row.id, "default")
        title, chunks = held[row.id]
        assert chunks == split_into_chunks(parse_document(row.name, document.text.encode()))
        texts |= {f"{row.id}:{chunk.ordinal}": embedding_text(title, chunk) for chunk in chunks}
    store.vectors.refresh(store.ledger.outbox.watermark(store.vectors.name))
    assert store.lexical.ids("default") == texts.keys()
    assert store.vectors.ids("default") == texts.keys()
    vectors = store.vectors.held(list(texts), "default")
    assert vectors.keys() == texts.keys()
    if texts:
        expected = store.embedder.embed([texts[key] for key in vectors])
        assert np.stack(list(vectors.values())) == pytest.approx(expected, abs=1e-6)
        found = store.vectors.search(expected[0], "default", len(texts))
        assert found, "Chroma's own index is approximate, and misses some of vectors as alike as these, but not all"
        assert {key for key, _ in found} <= texts.keys()
        exact = store.vectors.search(expected[0], "default", len(texts))  # from the second on, of few vectors
        assert next(iter(vectors)) in {key for key, score in exact if score > 1 - 1e-5}
    return {row.name for row in rows}


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    write(folder, range(40))
    return folder


@pytest.fixture
def killable(home: Home, parts: Path) -> Iterator[Forks]:
    with ingester(home, parts) as started:
        yield started


def seconds_of(killable: Forks) -> float:
    """How long one whole ingest takes."""
    began = time.monotonic()
    killable.start()
    assert killable.wait() == 0
    return time.monotonic() - began


@pytest.mark.integration
@pytest.mark.repeated
def test_killed_at_any_moment_nothing_is_half_written(home: Home, parts: Path, killable: Forks) -> None:
    """kill -9 of a process that ingests, at random moments, after changes of all kinds."""
    moments = random.Random(7)
    seconds_of(killable)
    write(parts, range(30), version=-1)
    whole_s = seconds_of(killable)
    died = 0
    for attempt in range(1, KILLS + 1):
        write(parts, range(attempt, attempt + 30), version=attempt)
        (parts / f"manual-{attempt - 1}.md").unlink()
        process = killable.start()
        time.sleep(moments.uniform(0.0, whole_s))
        died += killable.kill(process)
        store = open_word_store(home)
        store.catch_up()
        check(store)
        assert store.catch_up() == 0
        store.close()
    assert died >= KILLS // 4, "the moments were badly chosen: most ingests were done before"
    seconds_of(killable)
    store = open_word_store(home)
    assert check(store) == {path.name for path in parts.iterdir()}
    store.close()


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.repeated
def test_a_writer_that_goes_on_after_a_killed_one_needs_no_restart(home: Home, parts: Path, killable: Forks) -> None:
    """A hub that has the stores open while the command line's ingest is killed, and then ingests itself."""
    moments = random.Random(11)
    whole_s = seconds_of(killable)
    store = open_word_store(home)
    for attempt in range(1, times(2, 5) + 1):
        assert store.retriever.search("manual parts weigh grams", "default", 5)
        write(parts, range(attempt, attempt + 30), version=attempt)
        process = killable.start()
        time.sleep(moments.uniform(0.3, 1.0) * whole_s)
        killable.kill(process)
        assert store.retriever.search("manual parts weigh grams", "default", 5)
        store.ingest([parts], "default", 10_000_000)
        assert check(store) == {path.name for path in parts.iterdir()}
    store.close()


@pytest.mark.integration
def test_two_processes_that_ingest_at_once_lose_nothing(home: Home, parts: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    write(others, range(100, 130))
    with ingester(home, parts) as one, ingester(home, others) as two:
        one.start()
        two.start()
        assert [one.wait(), two.wait()] == [0, 0]
    store = open_word_store(home)
    assert check(store) == {path.name for folder in (parts, others) for path in folder.iterdir()}
    store.close()


def test_who_finds_documents_being_written_waits_then_is_told(home: Home, parts: Path) -> None:
    store = replace(open_word_store(home), wait_s=0.2)
    with home.lock("documents", "ingesting documents"), pytest.raises(Conflict, match="ingesting documents"):
        store.ingest([parts], "default", 10_000_000)
    assert store.ledger.documents.count("default") == (0, 0)
    assert len(store.ingest([parts], "default", 10_000_000).added) == 40
    store.close()


@pytest.mark.parametrize("loss", ["mark", "vectors", "lexical"])
def test_a_mirror_that_was_lost_is_made_anew(home: Home, parts: Path, loss: str) -> None:
    store = open_word_store(home)
    store.ingest([parts], "default", 10_000_000)
    store.close()
    if loss == "mark":
        home.vectors.with_suffix(".writing").touch()
    elif loss == "vectors":
        shutil.rmtree(home.vectors)
    else:
        for file in home.root.glob("lexical.sqlite*"):
            file.unlink()
    store = open_word_store(home)
    assert store.catch_up() > 0
    assert len(check(store)) == 40
    assert store.catch_up() == 0
    store.close()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from pathlib import Path
from memory.home import open_home
from server.cli import run_command
import memory.embedding
sys.exit(run_command(["ingest", sys.argv[2]]))
"""


@pytest.mark.integration
def test_the_command_line_ends_with_1_when_nothing_more_can_be_written(
    home: Home, tmp_path: Path, minilm: MiniLM
) -> None:
    folder = tmp_path / "manuals"
    write(folder, range(80))
    command = [sys.executable, "-c", LIMITED, "500000", str(folder)]
    settings = environment(home.root) | {"PYTHONDONTWRITEBYTECODE": "1"}  # or the limit would cut bytecode short
    failed = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=120)
    assert failed.returncode == 1, failed.stderr
    assert "Error: Cannot read or write" in failed.stderr
    assert "Traceback" not in failed.stderr
    store = open_word_store(home)
    kept, _ = store.ledger.documents.count("default")
    assert kept < 80
    store.ingest([folder], "default", 10_000_000)
    assert len(check(store)) == 80
    store.close()


def ingest(home: Home, folder: Path) -> None:
    store = open_word_store(home)
    try:
        store.ingest([folder], "default", 10_000_000)
    finally:
        store.close()


@pytest.mark.integration
@pytest.mark.parametrize(
    "free_kib", [40, 1100, *(pytest.param(kib, marks=pytest.mark.long) for kib in (300, 700, 1500, 1900))]
)
def test_a_full_disk_loses_nothing(small_disk: Path, parts: Path, free_kib: int) -> None:
    """The disk fills up at another step each time: in the ledger, in the lexical index, in Chroma."""
    home = open_home(small_disk / "home")
    ingest(home, parts)
    write(parts, range(20, 140), version=1)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - free_kib * 1024))
    with pytest.raises(StorageFailed):
        ingest(home, parts)
    filler.unlink()
    store = open_word_store(home)
    assert {f"manual-{number}.md" for number in range(20)} <= {
        row.name for row in store.ledger.documents.all("default")
    }
    store.catch_up()
    check(store)
    store.ingest([parts], "default", 10_000_000)
    assert check(store) == {path.name for path in parts.iterdir()}
    store.close()
    assert os.path.ismount(small_disk)
