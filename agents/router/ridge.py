"""Kernel ridge regression (Saunders, Gammerman, Vovk 1998) that also predicts each example as if it had not seen it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "fit_ridge"]

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fit:
    """The solution: a prediction is `offset + kernel(new, examples) @ duals`.

    Attributes:
        duals: shape (n_examples, n_targets).
        offset: shape (n_targets,).
        unseen: predictions of each example by the fit without it, shape (n_examples, n_targets).
    """

    duals: Matrix
    offset: Matrix
    unseen: Matrix


def fit_ridge(kernel: Matrix, targets: Matrix, weights: Matrix, penalty: float) -> Fit:
    """Fit in closed form.

    The leave-one-out predictions cost nothing more: an example's residual is its dual over the diagonal of the
    inverse (Cawley, Talbot 2004, with a fixed offset).

    Args:
        kernel: of the examples with each other, shape (n, n); overwritten, since it is the largest thing here.
        targets: shape (n, n_targets).
        weights: how much each example counts, > 0, shape (n,).
        penalty: > 0; more is smoother.
    """
    from scipy.linalg import get_lapack_funcs

    kernel[np.diag_indices(len(kernel))] += penalty / weights
    lapack: Any = get_lapack_funcs(("potrf", "potri"), (kernel,))
    factor, _ = lapack[0](kernel.T, lower=True, overwrite_a=True)
    half, _ = lapack[1](factor, lower=True, overwrite_c=True)
    diagonal = half.diagonal().copy()
    offset = (weights[:, None] * targets).sum(axis=0) / weights.sum()
    centred = targets - offset
    # potri fills one triangle of the inverse; the other holds what was left of the factor.
    half = np.tril(half)
    duals = half @ centred + half.T @ centred - diagonal[:, None] * centred
    return Fit(duals, offset, targets - duals / diagonal[:, None])
