import sqlite3
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import StorageFailed
from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Chunk
from memory.home import Home
from memory.mirrors.lexical import _TABLES, LexicalIndex, open_lexical_index


@pytest.fixture
def index(home: Home):
    opened = open_lexical_index(home.lexical)
    yield opened
    opened.close()


def put(index: LexicalIndex, name: str, *texts: str, tenant: str = "default", title: str = "Title") -> None:
    index.replace(tenant, name, title, [Chunk(n, (), 0, len(text), text) for n, text in enumerate(texts)], 0)
    index.flush()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The gateways are throttling", ["gateway", "throttl"]),
        ("error E-217 again", ["error", "e217", "e", "217", "again"]),
        ("温度过高", ["温度", "度过", "过高"]),
        ("what is it?", []),
        ("", []),
    ],
)
def test_terms_of_a_text(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


def test_a_code_is_found_however_it_is_written() -> None:
    assert set(terms_of("qwen2.5-3b")) & set(terms_of("Qwen 2.5 3B"))
    assert "se30" in terms_of("SE30")


@given(st.text(max_size=200))
def test_any_text_gives_plain_terms(text: str) -> None:
    for term in terms_of(text):
        assert term
        assert '"' not in term
        assert not any(letter.isspace() for letter in term)


def test_rare_words_count_more_and_headings_count_too(index: LexicalIndex) -> None:
    put(index, "a", "the fan of the gateway", "the gateway is grey")
    put(index, "b", "the gateway hums", title="Fan noise")
    found = [key for key, _ in index.search(terms_of("gateway fan"), "default", 10)]
    assert set(found[:2]) == {"a:0", "b:0"}
    assert found[2] == "a:1"


def test_replacing_leaves_exactly_the_new_chunks(index: LexicalIndex) -> None:
    put(index, "a", "old words", "more old words")
    put(index, "a", "new words")
    assert index.search(["old"], "default", 10) == []
    assert [key for key, _ in index.search(["new"], "default", 10)] == ["a:0"]
    put(index, "a")
    assert index.search(["new"], "default", 10) == []


def test_tenants_are_apart(index: LexicalIndex) -> None:
    put(index, "a", "secret plan", tenant="one")
    assert index.search(["secret"], "two", 10) == []
    assert index.document_frequencies(["secret"], "one") == ({"secret": 1}, 1)
    assert index.document_frequencies(["secret"], "two") == ({"secret": 0}, 0)


@pytest.mark.parametrize("term", ["AND", "NEAR", "*", "col:x", "(", "a b", "^x"])
def test_query_syntax_in_a_term_is_only_text(index: LexicalIndex, term: str) -> None:
    put(index, "a", "some words")
    assert index.search([term], "default", 10) == []


def test_rollback_forgets_what_was_not_flushed(home: Home, index: LexicalIndex) -> None:
    put(index, "a", "kept")
    index.replace("default", "b", "T", [Chunk(0, (), 0, 4, "lost")], 0)
    index.rollback()
    assert index.search(["lost"], "default", 10) == []
    other = open_lexical_index(home.lexical)
    assert [key for key, _ in other.search(["kept"], "default", 10)] == ["a:0"]
    other.close()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("qwen2.5-3b", ["qwen253b", "qwen", "2", "5", "3", "b"]),
        ("it's the gateway's fan", ["gateway", "fan"]),
        ("SE30的风扇转速", ["se30", "se", "30", "风扇", "扇转", "转速"]),
        ("我的车", ["车"]),
        ("12", ["12"]),
        ("a/b", ["ab", "b"]),
        ('say "AND" OR (NEAR*)', ["say", "near"]),
    ],
)
def test_codes_possessives_and_mixed_scripts(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


@given(st.text(st.sampled_from("ab19-._/' 温度的了\n\"*"), max_size=60))
def test_what_is_indexed_is_found_by_its_own_text(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = open_lexical_index(Path(folder) / "lexical.sqlite")
        put(index, "a", text)
        found = index.search(terms_of(text), "default", 10)
        assert [key for key, _ in found] == (["a:0"] if terms_of(text) else [])
        index.close()


@given(st.lists(st.text(max_size=12), max_size=4))
def test_no_term_breaks_a_search(terms: list[str]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(_TABLES)
    index = LexicalIndex(connection, Path("memory"))
    put(index, "a", "some words")
    assert index.search(terms, "default", 10) == [] or set(terms) & {"some", "word", "words"}
    index.close()


def test_scores_are_positive_and_fall(index: LexicalIndex) -> None:
    put(index, "a", "fan", "fan fan of the fan", "a long text about other things that names the fan once")
    put(index, "b", "nothing of the kind")
    scores = [score for _, score in index.search(["fan"], "default", 10)]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert len(index.search(["fan"], "default", 2)) == 2


def test_an_index_of_another_analysis_is_damaged_until_it_is_made_anew(home: Home, index: LexicalIndex) -> None:
    assert index.damaged()
    put(index, "a", "words")
    assert not index.damaged()
    index.close()
    with sqlite3.connect(home.lexical) as connection:
        connection.execute("PRAGMA user_version = 0")
    again = open_lexical_index(home.lexical)
    assert again.damaged()
    again.clear()
    assert again.ids("default") == set()
    assert again.search(["word"], "default", 10) == []
    assert again.damaged()
    put(again, "a", "words")
    assert not again.damaged()
    assert again.ids("default") == {"a:0"}
    again.close()


def test_the_index_is_durable(home: Home, index: LexicalIndex) -> None:
    assert index._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert index._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lexical.sqlite"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(StorageFailed, match="not a database"):
        open_lexical_index(path)


def test_words_are_stemmed_alike_in_several_threads() -> None:
    words = ["".join(letters) + "ationally" for letters in product("bcdfgkmnprst", "aeiou", "lmnrst", "eiou")]
    stemmer = snowballstemmer.stemmer("english")
    expected = [stemmer.stemWord(word) for word in words]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda part: terms_of(" ".join(part)), [words[at::4] for at in range(4)]))
    finally:
        sys.setswitchinterval(before)
    assert found == [expected[at::4] for at in range(4)]
