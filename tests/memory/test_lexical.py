import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.home import Home
from memory.lexical import LexicalIndex, analyse, open_lexical_index
from memory.passages import Chunk


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
    assert analyse(text) == terms


def test_a_code_is_found_however_it_is_written() -> None:
    assert set(analyse("qwen2.5-3b")) & set(analyse("Qwen 2.5 3B"))
    assert "se30" in analyse("SE30")


@given(st.text(max_size=200))
def test_any_text_gives_plain_terms(text: str) -> None:
    for term in analyse(text):
        assert term
        assert '"' not in term
        assert not any(letter.isspace() for letter in term)


def test_rare_words_count_more_and_headings_count_too(index: LexicalIndex) -> None:
    put(index, "a", "the fan of the gateway", "the gateway is grey")
    put(index, "b", "the gateway hums", title="Fan noise")
    found = [key for key, _ in index.search(analyse("gateway fan"), "default", 10)]
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
