"""The trained classifier, in numpy: scikit-learn (4 s, 130 MB) is for training only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.router.features import Glossary, featurise, meaning_of
from agents.router.intents import INTENTS, Intent
from memory.embedding import Embedder

Floats = NDArray[np.float32]

MEANING_WEIGHT = 2.0
"""Weight of the kernel of meanings beside 1.0 for that of n-grams; by cross-validation, as the next."""

MEANING_SHARPNESS = 2.0
"""How fast the kernel of meanings falls: MEANING_WEIGHT * exp(MEANING_SHARPNESS * (cosine - 1))."""


@dataclass(frozen=True)
class Weights:
    """What was learnt.

    Attributes:
        examples: unit embeddings of the training messages, shape (n, dimensions).
        duals: weight of each example's kernel on the seven scores, six intents and leaning, shape (n, 7).
        grams: weight of the n-grams, shape (BUCKETS, 7).
        offset: shape (7,).
        rarity: inverse document frequency of each bucket, shape (BUCKETS,).
        mixing: from what `weigh` returns to the six logits, shape (19, 6).
        bias: shape (6,).
    """

    examples: Floats
    duals: Floats
    grams: Floats
    offset: Floats
    rarity: Floats
    mixing: Floats
    bias: Floats


@dataclass(frozen=True)
class Classifier:
    """Kernel ridge regression scores the text alone; a logistic regression turns scores and turn into probabilities.

    Attributes:
        hints: a line on each intent, for a model that has to choose.
    """

    weights: Weights
    hints: dict[Intent, str]
    glossary: Glossary

    def probabilities(self, text: str, embedder: Embedder, previous: Intent | None) -> Floats:
        """Calibrated probabilities of the six intents, shape (6,), in the order of INTENTS."""
        return self.calibrated(self.scores(text, embedder), [previous])[0]

    def scores(self, text: str, embedder: Embedder) -> Floats:
        """Scores of the text alone: the six intents in the order of INTENTS, and leaning; shape (7,)."""
        meaning = embedder.embed([meaning_of(text, self.glossary)])[0]
        own, weights = featurise(text, self.glossary), self.weights
        near = meaning_kernel(weights.examples @ meaning) @ weights.duals
        scores = weights.offset + near + own.scaled(weights.rarity) @ weights.grams[own.buckets]
        return scores.astype(np.float32)

    def calibrated(self, scores: Floats, previous: Sequence[Intent | None]) -> Floats:
        """The probabilities that scores come to after a turn of each intent `previous`, shape (len(previous), 6)."""
        features = weigh(np.broadcast_to(scores, (len(previous), len(scores))), previous)
        logits = features @ self.weights.mixing + self.weights.bias
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponents / exponents.sum(axis=1, keepdims=True)


def meaning_kernel(cosines: Floats) -> Floats:
    """How near meanings are, as kernel ridge regression takes it; any shape."""
    return (MEANING_WEIGHT * np.exp(MEANING_SHARPNESS * (cosines - 1.0))).astype(np.float32, copy=False)


def weigh(scores: Floats, previous: Sequence[Intent | None]) -> Floats:
    """What the logistic regression sees: the turn before counts only as far as the message leans on it.

    Args:
        scores: of n texts, shape (n, 7).
        previous: intent of the turn before each.

    Returns:
        Shape (n, 19): six scores, leaning, leaning times each score, leaning times each intent before.
    """
    lean = np.clip(scores[:, 6:], 0.0, 1.0)
    before = np.array([[float(intent == own) for intent in INTENTS] for own in previous], dtype=np.float32)
    return np.hstack([scores[:, :6], lean, lean * scores[:, :6], lean * before])
