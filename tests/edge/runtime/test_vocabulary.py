"""Tokens are counted as the model's own tokenizer does, and never too few."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.runtime.llama import LlamaRuntime
from edge.runtime.vocabulary import ByteCount, BytePairs, SentencePieces, read_vocabulary
from tests.effort import times
from tests.fakes.bundled_model import bundled_gguf, read_gguf_facts

TEXTS = (
    "Why is gateway 30 in hall 3 so hot? 78.25 °C at 2026-11-23T03:49:26Z!",
    "Ölstand prüfen: Füllhöhe 12,5 mm – Störung E-4711 quittieren.",
    "请检查三号厂房的网关温度，并报告。",
    "def f(x):\n    return {'a': x_1, \"b\": [1, 2, 3]}\n\n\n\t# done   \n",
    "ERROR [kernel] usb 1-1: device descriptor read/64, error -110 0xDEADBEEF",
    "🙂👩‍🔧 \u0000 \ufeff ﷽ e\u0301",
    "it's I'll they'd WE'RE   can't",
    "",
)


def test_merges_are_applied_in_their_order():
    vocabulary = BytePairs(["l o", "lo w", "e r", "Ġ low"])
    assert vocabulary.count("low") == 1
    assert vocabulary.count("lower low") == 3  # low er, Ġlow
    assert vocabulary.count("wol") == 3
    assert vocabulary.count("é") == 2


def test_scores_decide_where_characters_are_merged_and_unknown_ones_count_by_their_bytes():
    vocabulary = SentencePieces(["▁hall", "hall", "ha", "ll", "▁", "h", "a", "l"])
    assert vocabulary.count("hall hall") == 2
    assert vocabulary.count("ha") == 1
    assert vocabulary.count("您") == 3


def test_what_is_not_known_is_counted_by_bytes():
    assert isinstance(read_vocabulary({}), ByteCount)
    assert isinstance(read_vocabulary({"tokenizer.ggml.model": "t5", "tokenizer.ggml.tokens": ["a"]}), ByteCount)
    assert read_vocabulary({}).count("Grüße") == 7


def test_the_kind_of_vocabulary_is_read():
    facts = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": ["b", "a"],
        "tokenizer.ggml.scores": [-2.0, -1.0],
    }
    assert isinstance(read_vocabulary(facts), SentencePieces)
    pairs = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.merges": ["1 2", "12 3"]}
    assert read_vocabulary(pairs).count("123") == 3
    assert read_vocabulary(pairs | {"tokenizer.ggml.pre": "llama-bpe"}).count("123") == 1


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    runtime = LlamaRuntime(tmp_path_factory.mktemp("models"))
    path = bundled_gguf()
    runtime.create("smol", path, None, {"threads": 1})
    own = read_vocabulary(read_gguf_facts(path))
    with runtime.server("smol") as server:

        def count(text: str) -> int:
            asked = {"content": text, "parse_special": False}
            return len(server.ask("POST", "/tokenize", asked, timeout_s=20)["tokens"])

        yield own, count
    runtime.close()


@pytest.mark.integration
@pytest.mark.parametrize("text", TEXTS)
def test_the_count_is_that_of_the_real_tokenizer(real, text):
    own, theirs = real
    assert own.count(text) == theirs(text)


@pytest.mark.integration
@settings(max_examples=times(37, 150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=120) | st.text("abcdefgh ABC'._-0123456789\n\t äöüß请检查", max_size=200))
def test_the_count_is_never_less_than_the_real_one(real, text):
    own, theirs = real
    assert theirs(text) <= own.count(text) <= theirs(text) * 1.2 + 3
