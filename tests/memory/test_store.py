"""The whole knowledge store: ledger, lexical index and vectors together."""

import subprocess
import sys
from pathlib import Path

import pytest

from memory.embedding import MiniLM
from memory.home import Home
from memory.store import KnowledgeStore, open_store

ROOT = Path(__file__).parents[2]
INGEST = """
import sys
from pathlib import Path
from memory.embedding import load_minilm
from memory.home import open_home
from memory.settings import load_settings
from memory.store import open_store
home = open_home(Path(sys.argv[1]), load_settings().cache)
store = open_store(home, lambda: load_minilm(home.weights))
print("open", flush=True)
report = store.ingest([Path(sys.argv[2])], "default", 10_000_000)
print(len(report.added), "added", flush=True)
"""


def ingester(home: Home, folder: Path) -> subprocess.Popen[str]:
    """Another process that ingests a folder; it prints "open" before it begins."""
    command = [sys.executable, "-c", INGEST, str(home.root), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)


def write(folder: Path, names: range) -> None:
    folder.mkdir(exist_ok=True)
    for number in names:
        text = f"# Part {number}\n\nPart {number} weighs {number} grams.\n\n## Care\n\nOil part {number} weekly.\n"
        (folder / f"part-{number}.md").write_text(text)


def ids_everywhere(store: KnowledgeStore) -> tuple[set[str], set[str], set[str]]:
    """Chunk ids of the ledger, of the lexical index and of the vectors."""
    documents = [row.id for row in store.ledger.documents.all("default")]
    truth = {
        f"{document}:{chunk.ordinal}"
        for document, (_, chunks) in store.ledger.documents.chunks_of(documents).items()
        for chunk in chunks
    }
    store.vectors.refresh(store.ledger.outbox.watermark(store.vectors.name))
    return truth, store.lexical.ids("default"), store.vectors.ids("default")


@pytest.fixture
def store(home: Home, minilm: MiniLM):
    opened = open_store(home, lambda: minilm)
    yield opened
    opened.close()


def test_the_mirrors_hold_what_the_ledger_holds(store: KnowledgeStore, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    write(folder, range(5))
    store.ingest([folder], "default", 10_000)
    truth, lexical, vectors = ids_everywhere(store)
    assert truth
    assert truth == lexical == vectors
    (folder / "part-0.md").write_text("# Part 0\n\nGone are the details.\n")
    (folder / "part-1.md").unlink()
    store.ingest([folder], "default", 10_000)
    truth, lexical, vectors = ids_everywhere(store)
    assert truth == lexical == vectors
    assert [passage.title for passage in store.retriever.search("how heavy is part 3", "default", 1)] == ["Part 3"]


def test_a_chunk_that_only_a_mirror_has_is_not_found(store: KnowledgeStore, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    write(folder, range(2))
    store.ingest([folder], "default", 10_000)
    store.ledger.documents.delete([row for row in store.ledger.documents.all("default") if row.title == "Part 1"])
    found = store.retriever.search("what does part 1 weigh", "default", 8)
    assert {passage.title for passage in found} == {"Part 0"}
    assert store.catch_up() == 2
    assert store.catch_up() == 0


def test_tenants_do_not_find_each_others_documents(store: KnowledgeStore, tmp_path: Path) -> None:
    write(tmp_path / "parts", range(2))
    store.ingest([tmp_path / "parts"], "one", 10_000)
    assert store.retriever.search("part 1", "one", 3)
    assert store.retriever.search("part 1", "two", 3) == []
    assert store.retriever.search("   ", "one", 3) == []


def test_a_reader_sees_what_another_process_ingested(store: KnowledgeStore, tmp_path: Path) -> None:
    write(tmp_path / "parts", range(3))
    store.ingest([tmp_path / "parts"], "default", 10_000)
    assert len(store.retriever.search("part weighs grams", "default", 50)) == 6
    write(tmp_path / "more", range(10, 13))
    other = ingester(store.home, tmp_path / "more")
    assert other.communicate(timeout=60)[0].endswith("3 added\n")
    found = store.retriever.search("part 12 weighs how many grams", "default", 50)
    assert len(found) == 12
    assert all(passage.similarity is not None for passage in found)
