"""Which operation a message asks for: a linear model over words, pairs, letters, kinds of names and meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.understanding.features import operation_features
from agents.understanding.tokens import Token, plain
from memory.embedding import Embedder

Floats = NDArray[np.float32]

OTHER_LABELS = ("documents", "help", "outside")
"""What a message may be beside an operation: a question that documents may answer, how to use the assistant,
small talk and whatever else."""


@dataclass(frozen=True)
class OperationWeights:
    """What was learnt.

    Attributes:
        labels: names of tools, and OTHER_LABELS; the columns.
        vocabulary: features, in the order of the rows of `words`.
        words: int8, shape (features, labels), to be multiplied by `scale`.
        scale: shape (labels,).
        meaning: shape (dimensions of the embedder, labels).
        offset: shape (labels,).
    """

    labels: tuple[str, ...]
    vocabulary: dict[str, int]
    words: NDArray[np.int8]
    scale: Floats
    meaning: Floats
    offset: Floats


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation, or one of OTHER_LABELS, with its probability."""

    label: str
    probability: float


class OperationClassifier:
    """Ranks operations for messages. Safe to use from several threads."""

    def __init__(self, weights: OperationWeights, embedder: Embedder) -> None:
        self._weights = weights
        self._embedder = embedder

    def rank(self, tokens: Sequence[Token], allowed: frozenset[str] | None = None) -> list[Candidate]:
        """All labels by probability, best first.

        Args:
            allowed: tools that there are for the caller; others are left out before probabilities are taken.
        """
        weights = self._weights
        rows = [weights.vocabulary[name] for name in operation_features(tokens) if name in weights.vocabulary]
        scores = weights.offset + self._embedder.embed([plain(tokens)])[0] @ weights.meaning
        if rows:
            norm = len(rows) ** 0.5  # as in training
            scores = scores + weights.words[rows].sum(axis=0, dtype=np.int32) * weights.scale / norm
        if allowed is not None:
            out = [at for at, label in enumerate(weights.labels) if label not in allowed and label not in OTHER_LABELS]
            scores[out] = -np.inf
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        order = np.argsort(-chances, kind="stable")
        return [Candidate(weights.labels[at], float(chances[at])) for at in order]
