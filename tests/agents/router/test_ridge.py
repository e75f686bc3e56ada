import numpy as np
import pytest

from agents.router.ridge import fit_ridge


def test_predictions_of_unseen_examples_are_those_of_a_fit_without_them() -> None:
    random = np.random.default_rng(7)
    points = random.normal(size=(30, 4)).astype(np.float32)
    kernel = np.exp(-((points[:, None] - points[None]) ** 2).sum(axis=-1) / 4).astype(np.float32)
    targets = random.normal(size=(30, 2)).astype(np.float32)
    weights = random.uniform(0.5, 2.0, size=30).astype(np.float32)
    fit = fit_ridge(kernel.copy(), targets, weights, 0.3)
    for left_out in (0, 11, 29):
        kept = np.arange(30) != left_out
        system = kernel[np.ix_(kept, kept)] + np.diag(0.3 / weights[kept])
        duals = np.linalg.solve(system.astype(float), (targets - fit.offset)[kept].astype(float))
        expected = fit.offset + kernel[left_out, kept] @ duals
        assert fit.unseen[left_out] == pytest.approx(expected, abs=1e-4)


def test_a_small_penalty_follows_the_examples_and_a_large_one_their_mean() -> None:
    kernel = np.eye(4, dtype=np.float32)
    targets = np.array([[1.0], [0.0], [0.0], [1.0]], dtype=np.float32)
    weights = np.ones(4, dtype=np.float32)
    close = fit_ridge(kernel.copy(), targets, weights, 1e-4)
    far = fit_ridge(kernel.copy(), targets, weights, 1e4)
    assert close.offset + kernel @ close.duals == pytest.approx(targets, abs=1e-3)
    assert far.offset + kernel @ far.duals == pytest.approx(np.full((4, 1), 0.5), abs=1e-3)
