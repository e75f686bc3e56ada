"""How good the classifier is on the utterances that were held out from its training."""

from dataclasses import dataclass

import numpy as np

from agents.router.classifier import Classifier
from agents.router.intents import INTENTS
from agents.router.utterances import held_out_of, load_intents
from evals.classification import accuracy, recall
from memory.embedding import Embedder

__all__ = ["HeldOutResult", "measure_held_out"]


@dataclass(frozen=True, slots=True)
class HeldOutResult:
    """Shares are 0 to 1.

    Attributes:
        digest: SHA-256 of the utterance file.
        samples: how many utterances were held out.
        metrics: accuracy over all; accuracy_in_scope over those of the five intents that are served;
            recall_out_of_scope over the rest.
    """

    digest: str
    samples: int
    metrics: dict[str, float]


def measure_held_out(classifier: Classifier, embedder: Embedder) -> HeldOutResult:
    """Classify the held-out fifth; some seconds."""
    file, digest = load_intents()
    kept = held_out_of(file)
    probabilities = [classifier.probabilities(entry.text, embedder, entry.previous) for entry in kept]
    predicted = np.array([int(row.argmax()) for row in probabilities])
    true = np.array([INTENTS.index(entry.intent) for entry in kept])
    outside = INTENTS.index("out_of_scope")
    inside = true != outside
    metrics = {
        "accuracy": accuracy(predicted, true),
        "accuracy_in_scope": accuracy(predicted[inside], true[inside]),
        "recall_out_of_scope": recall(predicted, true, outside),
    }
    return HeldOutResult(digest, len(kept), metrics)
