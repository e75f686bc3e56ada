from pathlib import Path

import numpy as np
import pytest

from edge.kernel.errors import StorageFailed
from memory.embedding.embedder import MiniLM, find_minilm, load_minilm, open_session
from memory.embedding.quantisation import quantised
from tests.fakes.texts import ENGLISH


def test_vectors_are_near_those_of_the_packaged_weights(minilm: MiniLM) -> None:
    packaged, _ = find_minilm()
    session = open_session(packaged)
    assert session is not None
    before = MiniLM(session, minilm.tokenizer)
    cosines = (before.embed(ENGLISH) * minilm.embed(ENGLISH)).sum(axis=1)
    assert cosines.min() > 0.99
    assert np.mean(cosines) > 0.995


@pytest.mark.long
def test_damaged_weights_are_made_anew(tmp_path: Path, minilm: MiniLM) -> None:
    packaged, _ = find_minilm()
    weights = quantised(packaged, tmp_path)
    made = weights.stat().st_mtime_ns
    assert quantised(packaged, tmp_path) == weights
    assert weights.stat().st_mtime_ns == made
    weights.write_bytes(weights.read_bytes()[:100_000])
    again = load_minilm(tmp_path)
    assert again.embed(["The fan hums."]) == pytest.approx(minilm.embed(["The fan hums."]), abs=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == [weights.name, f"{weights.name}.lock"]


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    packaged, _ = find_minilm()
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(StorageFailed, match="Cannot make the embedder's weights"):
        quantised(packaged, tmp_path / "cache")
