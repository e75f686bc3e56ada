import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.kernel.errors import StorageFailed
from memory.documents.passages import Chunk
from memory.home import Home
from memory.mirrors.chroma import ChromaFolder, chroma_errors
from memory.mirrors.vectors import VectorIndex, mirror_name
from tests.fakes.embedders import WordEmbedder

WRITER = """
import sys
from pathlib import Path
from memory.documents.passages import Chunk
from memory.mirrors.vectors import VectorIndex
from tests.fakes.embedders import WordEmbedder
index = VectorIndex(Path(sys.argv[1]), WordEmbedder())
index.replace("default", sys.argv[2], "T", [Chunk(0, (), 0, len(sys.argv[3]), sys.argv[3])], 0)
index.flush()
index.close()
"""


@pytest.fixture
def index(home: Home):
    opened = VectorIndex(home.vectors, WordEmbedder())
    yield opened
    opened.close()


def put(index: VectorIndex, name: str, *texts: str, former: int = 0, tenant: str = "default") -> None:
    index.replace(tenant, name, "T", [Chunk(n, (), 0, len(text), text) for n, text in enumerate(texts)], former)
    index.flush()


def nearest(index: VectorIndex, text: str, tenant: str = "default", limit: int = 10) -> list[str]:
    return [key for key, _ in index.search(WordEmbedder().embed([text])[0], tenant, limit)]


def test_the_nearest_chunk_is_first_with_its_cosine(index: VectorIndex) -> None:
    put(index, "a", "the fan hums", "the battery charges slowly")
    put(index, "b", "screws and brackets")
    vector = WordEmbedder().embed(["T\nthe battery charges slowly"])[0]
    (first, cosine), *others = index.search(vector, "default", 10)
    assert first == "a:1"
    assert cosine == pytest.approx(1.0, abs=1e-5)
    assert [score for _, score in others] == sorted((score for _, score in others), reverse=True)
    assert len(index.search(vector, "default", 2)) == 2


class Blind(ChromaFolder):
    """Its approximate index misses all vectors, as Chroma's may where they are very much alike."""

    def nearest(self, name: str, vector: NDArray[np.float32], limit: int) -> list[tuple[str, float]]:
        return []


def test_what_the_approximate_index_misses_is_found_exactly_by_the_first_search(home: Home) -> None:
    index = VectorIndex(home.vectors, WordEmbedder())
    put(index, "a", "the fan hums", "the battery charges slowly")
    index._chroma.close()
    index._chroma = Blind(home.vectors, WordEmbedder().dimensions)
    assert nearest(index, "T\nthe battery charges slowly", limit=1) == ["a:1"]
    assert nearest(index, "anything", tenant="empty") == []
    index.close()


def test_the_first_search_asks_chroma_and_the_next_finds_the_same_in_memory(index: VectorIndex) -> None:
    put(index, "a", *(f"part {number} of {number % 5}" for number in range(40)))
    vector = WordEmbedder().embed(["T\npart 7 of 2"])[0]
    first, second = index.search(vector, "default", 8), index.search(vector, "default", 8)
    assert [key for key, _ in second[:1]] == [key for key, _ in first[:1]] == ["a:7"]
    assert [score for _, score in second] == pytest.approx([score for _, score in first], abs=1e-5)
    assert len(index.search(vector, "default", 100)) == 40
    put(index, "b", "part 7 of 2")
    assert {key for key, _ in index.search(vector, "default", 2)} == {"a:7", "b:0"}
    put(index, "b", former=1)
    assert "b:0" not in {key for key, _ in index.search(vector, "default", 100)}


def test_what_is_held_is_what_was_embedded(index: VectorIndex) -> None:
    put(index, "a", "one fan", "two fans")
    held = index.held(["a:1", "gone:0", "a:0"], "default")
    expected = WordEmbedder().embed(["T\none fan", "T\ntwo fans"])
    assert held.keys() == {"a:0", "a:1"}
    assert np.stack([held["a:0"], held["a:1"]]) == pytest.approx(expected, abs=1e-6)
    assert index.held([], "default") == {}


def test_a_shorter_document_leaves_nothing_of_the_longer(index: VectorIndex) -> None:
    put(index, "a", "one", "two", "three")
    put(index, "b", "other")
    put(index, "a", "only", former=3)
    assert index.ids("default") == {"a:0", "b:0"}
    assert nearest(index, "only")[0] == "a:0"
    put(index, "a", former=1)
    assert index.ids("default") == {"b:0"}
    assert nearest(index, "only") == ["b:0"]


def test_what_is_replaced_twice_before_a_flush_is_there_once(index: VectorIndex) -> None:
    index.replace("default", "a", "T", [Chunk(0, (), 0, 3, "old"), Chunk(1, (), 0, 3, "old")], 0)
    index.replace("default", "a", "T", [Chunk(0, (), 0, 3, "new")], 2)
    index.flush()
    assert index.ids("default") == {"a:0"}
    assert index.search(WordEmbedder().embed(["T\nnew"])[0], "default", 1)[0][1] == pytest.approx(1.0, abs=1e-5)


def test_tenants_are_apart(index: VectorIndex) -> None:
    put(index, "a", "secret", tenant="one")
    assert nearest(index, "secret", "two") == []
    assert index.ids("two") == set()
    assert index.held(["a:0"], "two") == {}


def test_reading_makes_nothing(home: Home, index: VectorIndex) -> None:
    assert nearest(index, "anything") == []
    assert not home.vectors.exists()
    put(index, "a", "something", tenant="one")
    assert nearest(index, "something", "two") == []
    index.close()
    assert nearest(index, "something", "two") == []
    assert nearest(index, "something", "one") == ["a:0"]


def test_rollback_forgets_what_waits(index: VectorIndex) -> None:
    put(index, "a", "kept")
    index.replace("default", "b", "T", [Chunk(0, (), 0, 4, "lost")], 0)
    index.rollback()
    index.flush()
    assert index.ids("default") == {"a:0"}


def test_vectors_are_there_after_a_restart(home: Home, index: VectorIndex) -> None:
    put(index, "a", "kept over the restart")
    index.close()
    again = VectorIndex(home.vectors, WordEmbedder())
    assert nearest(again, "kept over the restart") == ["a:0"]
    again.close()


def test_more_chunks_than_chroma_takes_at_once_and_all_of_them_again(index: VectorIndex) -> None:
    """Overwriting vectors in Chroma's graph can deadlock; a re-ingest of a changed manual must not."""
    texts = [f"line {number} of {number % 7} and {number % 11}" for number in range(6000)]
    put(index, "manual", *texts)
    for round_number in range(2):
        put(
            index,
            "manual",
            *(f"{text} again {round_number}" for text in texts[:1500]),
            former=6000 if not round_number else 1500,
        )
    assert len(index.ids("default")) == 1500
    assert nearest(index, "line 1207 of 3 and 8 again 1", limit=1) == ["manual:1207"]


def test_what_another_process_wrote_is_seen_after_refresh(home: Home, index: VectorIndex) -> None:
    put(index, "a", "here first")
    index.advanced(1)
    command = [sys.executable, "-c", WRITER, str(home.vectors), "b", "written elsewhere"]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3], timeout=120)
    index.refresh(1)
    assert "b:0" not in nearest(index, "written elsewhere")
    index.refresh(2)
    assert nearest(index, "written elsewhere")[0] == "b:0"
    assert index.ids("default") == {"a:0", "b:0"}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_opening_anew_leaves_no_files_open(index: VectorIndex) -> None:
    put(index, "a", "text")
    counts: list[int] = []
    for position in range(12):
        index.refresh(position)
        nearest(index, "text")
        counts.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
    assert counts[-1] <= counts[2] + 4


def test_a_writer_that_died_half_way_is_noticed(home: Home, index: VectorIndex) -> None:
    assert index.damaged()
    put(index, "a", "text")
    assert not index.damaged()
    home.vectors.with_suffix(".writing").touch()  # what a writer leaves that dies while Chroma writes
    assert index.damaged()
    assert nearest(index, "text") == ["a:0"]
    index.close()
    with pytest.raises(StorageFailed, match=r"half-written.*chargehand ingest"):
        nearest(index, "text")
    index.clear()
    assert nearest(index, "text") == []
    put(index, "a", "text")
    assert not index.damaged()
    assert nearest(index, "text") == ["a:0"]


def test_files_that_chroma_cannot_read_are_a_storage_failure_and_noticed(home: Home, index: VectorIndex) -> None:
    put(index, "a", *(f"line {number}" for number in range(1200)))
    index.close()
    headers = list(home.vectors.glob("*/header.bin"))
    assert headers, "Chroma keeps its graph elsewhere now"
    for header in headers:
        header.write_bytes(b"\xff" * 100)
    with pytest.raises(StorageFailed, match="made again"):
        nearest(index, "line")
    assert index.damaged()


def test_another_embedder_has_a_watermark_and_vectors_of_its_own(home: Home, index: VectorIndex) -> None:
    class Other(WordEmbedder):
        name = "other-words"

    put(index, "a", "text")
    index.close()
    other = VectorIndex(home.vectors, Other())
    assert other.name == mirror_name("other-words") != index.name
    assert nearest(other, "text") == []
    other.close()


def test_chroma_sends_no_telemetry(index: VectorIndex) -> None:
    put(index, "a", "text")
    client = index._chroma._client
    assert client is not None
    assert client.get_settings().anonymized_telemetry is False


@pytest.mark.parametrize(
    "why", ["database or disk is full", "attempt to write a readonly database", "unable to open database file"]
)
def test_what_the_surroundings_failed_at_says_nothing_of_the_index(home: Home, index: VectorIndex, why: str) -> None:
    from chromadb.errors import InternalError

    put(index, "a", "text")
    mark = home.vectors.with_suffix(".writing")
    with pytest.raises(StorageFailed), chroma_errors(home.vectors, mark):
        raise InternalError(f"Query error: (code: 13) {why}")
    assert not index.damaged()
