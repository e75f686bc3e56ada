import numpy as np
import pytest
from filelock import FileLock

from agents.router.classifier import Classifier
from agents.router.training import load_classifier
from agents.router.utterances import Utterance, held_out_of, load_intents
from memory.embedding import MiniLM


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory, minilm: MiniLM) -> Classifier:
    """The classifier of the current utterances, trained once for all workers of a test run."""
    shared = tmp_path_factory.getbasetemp().parent / "router-cache"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "training.lock"):
        return load_classifier(shared, minilm)


@pytest.fixture(scope="session")
def held_out() -> list[Utterance]:
    file, _ = load_intents()
    return held_out_of(file)


@pytest.fixture(scope="session")
def probabilities(classifier: Classifier, minilm: MiniLM, held_out: list[Utterance]) -> np.ndarray:
    """Of the held-out utterances, shape (n, 6)."""
    rows = [classifier.probabilities(entry.text, minilm, entry.previous) for entry in held_out]
    return np.stack(rows)
