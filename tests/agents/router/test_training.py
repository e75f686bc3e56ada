import json
from pathlib import Path

import numpy as np
import pytest

from agents.router.classifier import Classifier, load_weights, save_weights
from agents.router.features import BUCKETS, featurise
from agents.router.glossary import Glossary
from agents.router.intents import INTENTS
from agents.router.training import load_classifier, train
from agents.router.utterances import Corpus, Utterance
from evals.classification import accuracy, expected_calibration_error
from memory.embedding import MiniLM
from tests.bench.router import TALK_WITH_THE_ASSISTANT

FLOOR_IN_SCOPE, FLOOR_OUT_OF_SCOPE, FLOOR_FOLLOW_UPS, FLOOR_CLINC = 0.94, 0.95, 0.88, 0.945
"""A little below what `python -m tests.bench.router` measures, so that a fall is seen."""


def labels(utterances: list[Utterance]) -> np.ndarray:
    return np.array([INTENTS.index(entry.intent) for entry in utterances])


def test_held_out_accuracy(probabilities: np.ndarray, held_out: list[Utterance]) -> None:
    alone = np.array([entry.previous is None for entry in held_out])
    in_scope = np.array([entry.intent != "out_of_scope" for entry in held_out])
    predicted, true = probabilities.argmax(axis=1), labels(held_out)
    assert accuracy(predicted[alone & in_scope], true[alone & in_scope]) >= FLOOR_IN_SCOPE
    assert accuracy(predicted[alone & ~in_scope], true[alone & ~in_scope]) >= FLOOR_OUT_OF_SCOPE
    assert accuracy(predicted[~alone], true[~alone]) >= FLOOR_FOLLOW_UPS


def test_requests_that_nobody_here_wrote_are_declined(
    classifier: Classifier, minilm: MiniLM, shared_data: Path
) -> None:
    """Every fourth item of CLINC150, without those that are `help` by our definition."""
    lines = (shared_data / "eval" / "clinc150.jsonl").read_text(encoding="utf-8").splitlines()[::4]
    texts = [row["input"] for row in map(json.loads, lines) if row["target"] not in TALK_WITH_THE_ASSISTANT]
    decided = np.array([classifier.probabilities(text, minilm, None).argmax() for text in texts])
    assert (decided == INTENTS.index("out_of_scope")).mean() >= FLOOR_CLINC


def test_confidence_is_calibrated(probabilities: np.ndarray, held_out: list[Utterance]) -> None:
    correct = probabilities.argmax(axis=1) == labels(held_out)
    assert expected_calibration_error(probabilities.max(axis=1).astype(float), correct) <= 0.04


def test_probabilities_are_probabilities(probabilities: np.ndarray) -> None:
    assert probabilities.min() >= 0
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(probabilities)), abs=1e-5)


def test_the_turn_before_decides_an_elliptical_message(classifier: Classifier, minilm: MiniLM) -> None:
    for text in ("and for phi-4-mini?", "the other one please", "三号车间呢"):
        for before in ("evaluation", "deployment", "governance", "knowledge"):
            assert INTENTS[int(classifier.probabilities(text, minilm, before).argmax())] == before, (text, before)


def test_the_turn_before_does_not_sway_a_full_message(classifier: Classifier, minilm: MiniLM) -> None:
    text = "What does the LED on the front of the Boreal R2 mean when it blinks amber?"
    decided = {INTENTS[int(classifier.probabilities(text, minilm, before).argmax())] for before in (None, *INTENTS)}
    assert decided == {"knowledge"}


@pytest.mark.parametrize("text", ["", "😀", "\x00\x01\x02", "a" * 100_000, "灰" * 50_000, "\ud800", "!!!", " "])
def test_any_text_gets_probabilities(classifier: Classifier, minilm: MiniLM, text: str) -> None:
    assert classifier.probabilities(text, minilm, None).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_question_at_the_end_of_a_long_paste_is_seen() -> None:
    paste = "zzz " * 5000
    asked = featurise(f"{paste} may we sell it", Glossary({}))
    assert set(featurise("sell", Glossary({})).buckets) & set(asked.buckets)


def test_a_damaged_cache_is_not_loaded(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "intents-damaged.npz"
    save_weights(classifier.weights, path)
    assert load_weights(path) is not None
    path.write_bytes(path.read_bytes()[:5000])
    assert load_weights(path) is None
    assert load_weights(tmp_path / "absent.npz") is None


def test_the_cache_gives_the_same_classifier(
    tmp_path_factory: pytest.TempPathFactory, classifier: Classifier, minilm: MiniLM
) -> None:
    told: list[Classifier] = []
    again = load_classifier(tmp_path_factory.getbasetemp().parent / "router-cache", minilm, told.append)
    assert told == []
    assert again.weights.meanings.graph == classifier.weights.meanings.graph
    assert np.array_equal(again.weights.grams, classifier.weights.grams)


def test_training_is_told_of_before_it_begins_and_only_then(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, classifier: Classifier, minilm: MiniLM
) -> None:
    class Begun(Exception):
        """Ends the training before it costs anything."""

    def begins() -> None:
        raise Begun

    load_classifier(tmp_path_factory.getbasetemp().parent / "router-cache", minilm, begins=begins)
    with pytest.raises(Begun):
        load_classifier(tmp_path, minilm, begins=begins)
    assert list(tmp_path.iterdir()) == []


def test_training_learns_what_it_is_shown(minilm: MiniLM) -> None:
    words = {
        "evaluation": "score", "deployment": "canary", "governance": "licence",
        "knowledge": "manual", "help": "hello", "out_of_scope": "pizza",
    }  # fmt: skip
    shown = [Utterance(f"{word} number {n}", intent, "en") for intent, word in words.items() for n in range(12)]
    small = Classifier(train(Corpus(tuple(shown)), minilm, Glossary({})), {}, Glossary({}))
    assert INTENTS[int(small.probabilities("pizza, please", minilm, None).argmax())] == "out_of_scope"


def test_features_of_a_message_do_not_depend_on_digits_or_case() -> None:
    one, other = featurise("Canary 10%", Glossary({})), featurise("canary 25%", Glossary({}))
    assert np.array_equal(np.sort(one.buckets), np.sort(other.buckets))
    assert one.buckets.max() < BUCKETS
