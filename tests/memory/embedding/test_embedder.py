from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel.errors import Unavailable
from memory.embedding.embedder import MiniLM, packaged_file
from tests.effort import times

TEXTS = ["The fan hums.", "Firmware is signed twice before it is shipped.", "网关温度过高", "", "a " * 600]


def test_vectors_are_unit_and_in_the_order_of_the_texts(minilm: MiniLM) -> None:
    vectors = minilm.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert minilm.embed([text])[0] == pytest.approx(vector, abs=1e-4)


def test_no_text_gives_no_vector(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, 384)


@settings(max_examples=times(4, 15))
@given(texts=st.lists(st.text(max_size=60), min_size=2, max_size=6))
def test_any_texts_can_be_embedded(minilm: MiniLM, texts: list[str]) -> None:
    vectors = minilm.embed(texts)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-4)


def test_texts_of_like_meaning_are_near(minilm: MiniLM) -> None:
    query, near, far = minilm.embed(
        ["How hot may the gateway get?", "The largest permitted temperature of the device.", "Invoices are due in May."]
    )
    assert query @ near > query @ far + 0.2


def test_what_comes_after_256_word_pieces_is_not_seen(minilm: MiniLM) -> None:
    assert minilm.count_tokens("gateway") == 3
    assert minilm.count_tokens("gateway " * 300) == minilm.token_limit
    one, other = minilm.embed(["gateway " * 300, "gateway " * 300 + "battery " * 50])
    assert float(one @ other) == pytest.approx(1.0, abs=1e-5)


def test_a_kept_vector_cannot_be_changed_by_who_got_it(minilm: MiniLM) -> None:
    with pytest.raises(ValueError, match="read-only"):
        minilm.embed(["kept"])[0, 0] = 7.0


def test_several_threads_may_embed_at_once(minilm: MiniLM) -> None:
    texts = [f"part {number} of the gateway" for number in range(12)]
    alone = minilm.embed(texts)
    with ThreadPoolExecutor(4) as threads:
        together = np.concatenate(list(threads.map(lambda text: minilm.embed([text]), texts)))
    assert (alone * together).sum(axis=1) == pytest.approx(1.0, abs=1e-3)


def test_a_package_that_is_not_installed_says_which_extra_brings_it() -> None:
    with pytest.raises(Unavailable, match=r"chargehand\[local\]"):
        packaged_file("no_such_package_anywhere", "model.onnx")
    with pytest.raises(Unavailable, match="no-such-file"):
        packaged_file("memory", "no-such-file")
