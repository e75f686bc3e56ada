"""Searching a knowledge pack on the device."""

import math
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel.errors import NotFound, OutOfTime, Untrusted
from edge.kernel.text_analysis import terms_of
from edge.knowledge.pack import Pack, open_pack
from tests.effort import times
from tests.fakes.packs import MANUAL, pack_file, passage, reference_to


@pytest.fixture(scope="module", params=[True, False], ids=["vectors", "words alone"])
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return open_pack(*pack_file(tmp_path_factory.mktemp("pack"), vectors=request.param))


@pytest.mark.parametrize(
    ("query", "document", "text"),
    [
        ("how do I reset the gateways?", "manual.md", "Press the power button"),
        ("what does e217 mean", "manual.md", "Error E-217"),
        ("batteries", "battery.md", "The battery lasts"),
        ("风扇在哪里", "风扇.md", "更换风扇"),
        ("cleaning filters", "care.md", "Clean the dust"),
    ],
)
def test_the_passage_that_answers_comes_first_and_can_be_cited(
    pack: Pack, query: str, document: str, text: str
) -> None:
    best = pack.search(query, 3)[0]
    assert best.document == document
    assert best.text.startswith(text)
    original = next(one for one in MANUAL if one.text == best.text)
    assert (best.start, best.end, best.heading) == (original.start, original.end, " > ".join(original.heading_path))
    assert 0 <= best.score <= 1
    assert best.pack == "manuals"


@pytest.mark.parametrize(
    "query", ["", " ", "the of and", "?!", "🙂", "zzzqqq", "的了吗", "\0", '"*" OR ', "'); DROP TABLE terms; --"]
)
def test_a_query_without_anything_in_it_finds_nothing_or_little(pack: Pack, query: str) -> None:
    assert len(pack.search(query, 3)) <= 3
    if not terms_of(query):
        assert pack.search(query, 3) == []


def test_a_query_as_long_as_a_book_is_bounded(pack: Pack) -> None:
    assert pack.search("fan " + " ".join(f"word{number}" for number in range(5000)), 2)[0].document == "manual.md"


def test_the_limit_of_time_ends_a_search(pack: Pack) -> None:
    def over() -> None:
        raise OutOfTime("over")

    with pytest.raises(OutOfTime):
        pack.search("fan", 3, over)


def test_many_threads_may_search(pack: Pack) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: pack.search("reset gateway", 1)[0].text, range(64)))
    assert set(found) == {MANUAL[0].text}


def test_a_query_in_words_of_its_own_is_near_by_its_vectors(tmp_path: Path) -> None:
    path, reference = pack_file(tmp_path)
    vector = open_pack(path, reference)._vector(["broken"])
    assert vector is not None
    assert math.isclose(math.hypot(*vector), 1.0)
    assert open_pack(path, reference)._vector(["never-seen"]) is None


def test_bm25_is_the_formula(tmp_path: Path) -> None:
    texts = ["fan fan noise", "fan", "pump pump pump motor belt", "noise"]
    passages = [passage(text, f"{key}.md") for key, text in enumerate(texts)]
    pack = open_pack(*pack_file(tmp_path, passages, vectors=False))
    lengths = [len(terms_of(one.title)) + len(terms_of(one.text)) for one in passages]
    mean = sum(lengths) / 4
    idf = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
    expected = {
        key: idf * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * lengths[key] / mean)) for key, often in ((0, 2), (1, 1))
    }
    found = pack._by_words(["fan"], lambda: None)
    assert found == pytest.approx(expected, rel=0.005)


def test_a_pack_that_was_changed_is_not_opened(tmp_path: Path) -> None:
    path, reference = pack_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Untrusted, match="not the pack"):
        open_pack(path, reference)


def test_a_pack_that_was_cut_is_not_opened(tmp_path: Path) -> None:
    path, reference = pack_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-4096])
    with pytest.raises(Untrusted):
        open_pack(path, reference)


def test_a_pack_that_is_not_here_is_told(tmp_path: Path) -> None:
    path, reference = pack_file(tmp_path)
    path.unlink()
    with pytest.raises(NotFound):
        open_pack(path, reference)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE facts SET value = 'chargehand-pack-2' WHERE name = 'format'",
        "UPDATE facts SET value = 'terms-9' WHERE name = 'analyser'",
        "UPDATE facts SET value = 'many' WHERE name = 'passages'",
        "UPDATE facts SET value = '7' WHERE name = 'passages'",
        "UPDATE facts SET value = '-64' WHERE name = 'dimensions'",
        "DELETE FROM facts",
        "DELETE FROM vectors",
        "UPDATE vectors SET fine = x'00'",
        "UPDATE vectors SET norms = x'0000'",
        "DROP TABLE words",
        "CREATE TABLE more (a)",
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON facts BEGIN SELECT 1; END",
        "ALTER TABLE passages ADD COLUMN more",
    ],
)
def test_what_is_signed_and_yet_no_pack_is_not_opened(tmp_path: Path, change: str) -> None:
    path, _ = pack_file(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(change)
    with pytest.raises(Untrusted, match="no pack"):
        open_pack(path, reference_to(path))


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"x" * 10_000])
def test_what_is_signed_and_yet_no_database_is_not_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pack"
    path.write_bytes(content)
    with pytest.raises(Untrusted):
        open_pack(path, reference_to(path))


def test_a_pack_is_never_written(tmp_path: Path) -> None:
    path, reference = pack_file(tmp_path)
    path.chmod(0o444)
    pack = open_pack(path, reference)
    pack.search("fan", 3)
    pack.close()
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith("manuals")) == ["manuals.pack"]
    assert reference_to(path) == reference


def test_searching_needs_nothing_but_python(tmp_path: Path) -> None:
    path, reference = pack_file(tmp_path)
    program = (
        "import sys; from pathlib import Path; from edge.knowledge.pack import open_pack\n"
        "from edge.kernel.protocol.artifacts import ArtifactRef\n"
        f"print(open_pack(Path({str(path)!r}), ArtifactRef(digest={reference.digest!r}, size_bytes=1)).search('fan', 1)[0].document)\n"
        "print([name for name in ('numpy', 'snowballstemmer', 'onnxruntime') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.splitlines() == ["manual.md", "[]"]


_words = st.sampled_from("fan pump motor belt noise reset battery filter error oil 风扇 电源 泵".split())


@settings(max_examples=times(10, 40))  # each builds a pack
@given(
    texts=st.lists(st.lists(_words, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=12),
    query=st.lists(_words, min_size=1, max_size=4).map(" ".join),
    vectors=st.booleans(),
)
def test_what_is_found_holds_a_word_of_the_query_or_is_near_it(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], query: str, vectors: bool
) -> None:
    passages = [passage(text, f"{key}.md") for key, text in enumerate(texts)]
    pack = open_pack(*pack_file(tmp_path_factory.mktemp("pack"), passages, vectors=vectors))
    found = pack.search(query, 5)
    assert len(found) <= 5
    assert len({one.document for one in found}) == len(found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    wanted = set(terms_of(query))
    for one in found:
        assert (one.lexical > 0) == bool(wanted & set(terms_of(one.text)))
        assert one.lexical > 0 or one.similarity is not None
    if any(wanted & set(terms_of(text)) for text in texts):
        assert found
    pack.close()
