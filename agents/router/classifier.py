"""The trained classifier: a linear model in numpy, since scikit-learn (4 s, 130 MB) is for training only."""

import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from agents.router.features import BUCKETS, EMBEDDING, MEANING_WEIGHT, PREVIOUS_WEIGHT, featurise
from agents.router.glossary import Glossary
from agents.router.intents import INTENTS, Intent
from memory.embedding import Embedder

__all__ = ["Classifier", "load_weights", "meaning_of", "save_weights"]


def meaning_of(text: str, glossary: Glossary) -> str:
    """What is embedded for a message: itself, or its gloss where it is Chinese."""
    return glossary.gloss(text) or text


@dataclass(frozen=True)
class Classifier:
    """Multinomial logistic regression with a temperature.

    Attributes:
        weights: shape (DIMENSIONS, 6).
        bias: shape (6,).
        rarity: inverse document frequency of each bucket, shape (BUCKETS,).
        temperature: > 0; the logits are divided by it (Guo et al. 2017).
        hints: a line on each intent, for a model that has to choose.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    rarity: NDArray[np.float32]
    temperature: float
    hints: dict[Intent, str] = field(default_factory=dict[Intent, str])
    glossary: Glossary = field(default_factory=lambda: Glossary({}))

    def probabilities(self, text: str, embedder: Embedder, previous: Intent | None) -> NDArray[np.float32]:
        """Calibrated probabilities of the six intents, shape (6,), in the order of INTENTS."""
        own = featurise(text, self.glossary)
        meaning = embedder.embed([meaning_of(text, self.glossary)])[0]
        scaled = own.weights * self.rarity[own.buckets]
        scaled = scaled / max(float(np.linalg.norm(scaled)), 1e-9)
        logits = scaled @ self.weights[own.buckets] + self.bias
        logits = logits + (meaning * MEANING_WEIGHT) @ self.weights[BUCKETS : BUCKETS + EMBEDDING]
        if previous is not None:
            logits = logits + PREVIOUS_WEIGHT * self.weights[BUCKETS + EMBEDDING + INTENTS.index(previous)]
        exponents = np.exp((logits - logits.max()) / self.temperature)
        return exponents / exponents.sum()


def save_weights(classifier: Classifier, path: Path) -> None:
    """Write the numbers so that a reader finds them whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            weights=classifier.weights,
            bias=classifier.bias,
            rarity=classifier.rarity,
            temperature=np.float64(classifier.temperature),
        )
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_weights(path: Path, hints: dict[Intent, str], glossary: Glossary) -> Classifier | None:
    """The classifier of a file; None where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            return Classifier(
                saved["weights"], saved["bias"], saved["rarity"], float(saved["temperature"]), hints, glossary
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None
