import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.router.meanings import BLOCK, MeaningPull, draw_pull, pull_of


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40), blocks=st.integers(1, 6))
def test_int8_comes_near_the_exact_kernel(seed: int, count: int, blocks: int) -> None:
    generator = np.random.default_rng(seed)
    examples, meanings = (unit(generator.normal(size=(rows, blocks * BLOCK))) for rows in (count, 3))
    duals = generator.normal(size=(count, 7)).astype(np.float32)
    pull = MeaningPull(draw_pull(examples, duals))
    exact = pull_of(meanings @ examples.T) @ duals
    tolerance = 0.02 * float(np.abs(duals).sum(axis=0).max())
    assert np.stack([pull(meaning) for meaning in meanings]) == pytest.approx(exact, abs=tolerance)


def test_an_example_pulls_most_on_itself() -> None:
    examples = np.eye(BLOCK, dtype=np.float32)[:7]
    pull = MeaningPull(draw_pull(examples, np.eye(7, dtype=np.float32)))
    assert [int(pull(example).argmax()) for example in examples] == list(range(7))
    assert float(pull(examples[0])[0]) == pytest.approx(2.0, rel=1e-3)


def test_examples_of_nothing_are_no_division_by_zero() -> None:
    pull = MeaningPull(draw_pull(np.zeros((2, BLOCK), dtype=np.float32), np.ones((2, 7), dtype=np.float32)))
    assert np.isfinite(pull(np.ones(BLOCK, dtype=np.float32) / 8)).all()
