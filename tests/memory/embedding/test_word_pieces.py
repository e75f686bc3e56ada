from pathlib import Path

import numpy as np
import pytest

from memory.embedding import MiniLM
from memory.embedding.embedder import find_minilm
from memory.embedding.word_pieces import WordPieces, load_word_pieces, read_word_pieces

pytestmark = pytest.mark.usefixtures("minilm")  # it skips where the weights are not installed


def cosine(one: str, other: str) -> float:
    pieces = load_word_pieces()
    assert pieces is not None
    first, second = pieces.vector(one), pieces.vector(other)
    assert first is not None
    assert second is not None
    return float(first @ second)


def test_words_of_like_meaning_are_near() -> None:
    assert cosine("bike", "bicycle") > 0.6
    assert cosine("permitted", "allowed") > 0.6
    assert cosine("bike", "allowed") < 0.3


def test_a_word_of_several_pieces_has_a_unit_vector() -> None:
    pieces = load_word_pieces()
    assert pieces is not None
    vector = pieces.vector("nebuliser")
    assert vector is not None
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert pieces.vector("") is None


def test_common_words_come_first() -> None:
    pieces = load_word_pieces()
    assert pieces is not None
    places = [pieces.commonness(word) for word in ("the", "price", "ferry")]
    assert None not in places
    assert places == sorted(place for place in places if place is not None)
    assert pieces.commonness("nebuliser") is None


def test_the_table_is_that_of_the_packaged_model(minilm: MiniLM) -> None:
    pieces = load_word_pieces()
    assert isinstance(pieces, WordPieces)
    vector = pieces.vector("price")
    assert vector is not None
    assert vector.shape == (minilm.dimensions,)


def test_a_file_without_tables_has_none(tmp_path: Path) -> None:
    other = tmp_path / "model.onnx"
    other.write_bytes(b"no tables here")
    assert read_word_pieces(other, other) is None
    _, tokenizer = find_minilm()
    assert read_word_pieces(other, tokenizer) is None
