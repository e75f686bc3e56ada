from pathlib import Path

import numpy as np
import pytest

from agents.router.classifier import Classifier, load_weights
from agents.router.features import BUCKETS, featurise
from agents.router.glossary import Glossary
from agents.router.intents import INTENTS
from agents.router.training import load_classifier, train
from agents.router.utterances import Utterance
from evals.classification import accuracy, expected_calibration_error
from memory.embedding import MiniLM


def labels(utterances: list[Utterance]) -> np.ndarray:
    return np.array([INTENTS.index(entry.intent) for entry in utterances])


def test_held_out_accuracy(probabilities: np.ndarray, held_out: list[Utterance]) -> None:
    """A floor a little below what `python -m tests.bench.router` measures, so that a fall is seen."""
    alone = np.array([entry.previous is None for entry in held_out])
    in_scope = np.array([entry.intent != "out_of_scope" for entry in held_out])
    predicted, true = probabilities.argmax(axis=1), labels(held_out)
    assert accuracy(predicted[alone & in_scope], true[alone & in_scope]) >= FLOOR_IN_SCOPE
    assert accuracy(predicted[alone & ~in_scope], true[alone & ~in_scope]) >= FLOOR_OUT_OF_SCOPE


FLOOR_IN_SCOPE, FLOOR_OUT_OF_SCOPE = 0.85, 0.90


def test_confidence_is_calibrated(probabilities: np.ndarray, held_out: list[Utterance]) -> None:
    correct = probabilities.argmax(axis=1) == labels(held_out)
    assert expected_calibration_error(probabilities.max(axis=1).astype(float), correct) <= 0.06


def test_probabilities_are_probabilities(probabilities: np.ndarray) -> None:
    assert probabilities.min() >= 0
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(probabilities)), abs=1e-5)


def test_the_turn_before_decides_an_elliptical_message(classifier: Classifier, minilm: MiniLM) -> None:
    after = {
        before: INTENTS[int(classifier.probabilities("and for phi-4-mini?", minilm, before).argmax())]
        for before in ("evaluation", "governance", "deployment")
    }
    assert after == {"evaluation": "evaluation", "governance": "governance", "deployment": "deployment"}


def test_the_turn_before_does_not_sway_a_full_message(classifier: Classifier, minilm: MiniLM) -> None:
    text = "What does the LED on the front of the Boreal R2 mean when it blinks amber?"
    decided = {INTENTS[int(classifier.probabilities(text, minilm, before).argmax())] for before in (None, *INTENTS)}
    assert decided == {"knowledge"}


@pytest.mark.parametrize("text", ["😀", "\x00\x01\x02", "a" * 100_000, "灰" * 50_000, "\ud800", "!!!", " "])
def test_any_text_gets_probabilities(classifier: Classifier, minilm: MiniLM, text: str) -> None:
    safe = text.encode("utf-8", errors="replace").decode()
    assert classifier.probabilities(safe, minilm, None).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_damaged_cache_is_trained_again(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "intents-damaged.npz"
    path.write_bytes(b"PK\x03\x04 not an archive")
    assert load_weights(path, {}, Glossary({})) is None
    assert load_weights(tmp_path / "absent.npz", {}, Glossary({})) is None


def test_the_cache_gives_the_same_classifier(
    tmp_path_factory: pytest.TempPathFactory, classifier: Classifier, minilm: MiniLM
) -> None:
    again = load_classifier(tmp_path_factory.getbasetemp().parent / "router-cache", minilm)
    assert np.array_equal(again.weights, classifier.weights)
    assert again.temperature == classifier.temperature


def test_training_learns_what_it_is_shown(minilm: MiniLM) -> None:
    words = {
        "evaluation": "score", "deployment": "canary", "governance": "licence",
        "knowledge": "manual", "help": "hello", "out_of_scope": "pizza",
    }  # fmt: skip
    shown = [Utterance(f"{word} number {n}", intent, "en") for intent, word in words.items() for n in range(12)]
    small = train(shown, minilm, Glossary({}))
    assert INTENTS[int(small.probabilities("pizza, please", minilm, None).argmax())] == "out_of_scope"
    assert small.temperature > 0


def test_features_of_a_message_do_not_depend_on_digits_or_case() -> None:
    one, other = featurise("Canary 10%", Glossary({})), featurise("canary 25%", Glossary({}))
    assert np.array_equal(np.sort(one.buckets), np.sort(other.buckets))
    assert one.buckets.max() < BUCKETS
