"""The trained classifier, in numpy: scikit-learn (4 s, 130 MB) is for training only."""

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from agents.router.features import featurise, meaning_of
from agents.router.glossary import Glossary
from agents.router.intents import INTENTS, Intent
from agents.router.meanings import MeaningPull
from memory.embedding import Embedder

__all__ = ["Classifier", "Weights", "load_weights", "save_weights", "weigh"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """What was learnt.

    Attributes:
        meanings: pull of the training messages' meanings on the seven scores, six intents and leaning.
        grams: pull of the n-grams, shape (BUCKETS, 7).
        offset: shape (7,).
        rarity: inverse document frequency of each bucket, shape (BUCKETS,).
        mixing: from what `weigh` returns to the six logits, shape (19, 6).
        bias: shape (6,).
    """

    meanings: MeaningPull
    grams: Floats
    offset: Floats
    rarity: Floats
    mixing: Floats
    bias: Floats


_ARRAYS = tuple(field.name for field in fields(Weights) if field.name != "meanings")


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
        scores = weights.offset + weights.meanings(meaning) + own.scaled(weights.rarity) @ weights.grams[own.buckets]
        return scores.astype(np.float32)

    def calibrated(self, scores: Floats, previous: Sequence[Intent | None]) -> Floats:
        """The probabilities that scores come to after a turn of each intent `previous`, shape (len(previous), 6)."""
        features = weigh(np.broadcast_to(scores, (len(previous), len(scores))), previous)
        logits = features @ self.weights.mixing + self.weights.bias
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponents / exponents.sum(axis=1, keepdims=True)


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


def save_weights(weights: Weights, path: Path) -> None:
    """Write the numbers so that a reader finds them whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    arrays = {name: getattr(weights, name) for name in _ARRAYS}
    with part.open("wb") as file:
        np.savez(file, meanings=np.frombuffer(weights.meanings.graph, dtype=np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_weights(path: Path) -> Weights | None:
    """The numbers of a file; None where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            arrays = {name: saved[name] for name in _ARRAYS}
            return Weights(meanings=MeaningPull(saved["meanings"].tobytes()), **arrays)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None
