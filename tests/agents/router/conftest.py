import numpy as np
import pytest

from agents.router.classifier import Classifier
from agents.router.intents import Utterance, held_out_of, load_intents
from agents.router.training import load_classifier
from memory.embedding import MiniLM
from tests.fakes.weights import WEIGHT_CACHE


@pytest.fixture(scope="session")
def classifier(minilm: MiniLM) -> Classifier:
    """The classifier of the current utterances."""
    return load_classifier(WEIGHT_CACHE, minilm).classifier


@pytest.fixture(scope="session")
def held_out() -> list[Utterance]:
    file, _ = load_intents()
    return held_out_of(file)


@pytest.fixture(scope="session")
def probabilities(classifier: Classifier, minilm: MiniLM, held_out: list[Utterance]) -> np.ndarray:
    """Of the held-out utterances, shape (n, 6)."""
    rows = [classifier.probabilities(entry.text, minilm, entry.previous) for entry in held_out]
    return np.stack(rows)
