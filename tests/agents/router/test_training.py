import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from agents.router.classifier import Classifier, Weights
from agents.router.features import Glossary
from agents.router.intents import INTENTS, Corpus, Utterance
from agents.router.training import (
    HeldOutResult,
    fit_ridge,
    load_classifier,
    load_weights,
    measure_held_out,
    save_weights,
    train,
)
from evals.classification import accuracy, expected_calibration_error
from memory.embedding import MiniLM
from tests.bench.router import TALK_WITH_THE_ASSISTANT
from tests.fakes.weights import WEIGHT_CACHE

MEASURED = HeldOutResult(
    digest="d", samples=2, metrics={"accuracy": 0.5}, measured_at=datetime(2026, 11, 3, tzinfo=UTC)
)
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


def test_a_damaged_cache_is_not_loaded(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "intents-damaged.npz"
    save_weights(classifier.weights, MEASURED, path)
    loaded = load_weights(path)
    assert loaded is not None
    assert loaded[1] == MEASURED
    path.write_bytes(path.read_bytes()[:5000])
    assert load_weights(path) is None
    assert load_weights(tmp_path / "absent.npz") is None


def test_the_cache_gives_the_same_classifier_and_how_good_it_is(classifier: Classifier, minilm: MiniLM) -> None:
    told: list[str] = []
    again = load_classifier(WEIGHT_CACHE, minilm, lambda: told.append("training"))
    assert told == []
    for field in fields(Weights):
        assert np.array_equal(getattr(again.classifier.weights, field.name), getattr(classifier.weights, field.name))
    measured = measure_held_out(classifier, minilm)
    assert again.held_out == measured.model_copy(update={"measured_at": again.held_out.measured_at})
    assert again.held_out.metrics["accuracy"] >= FLOOR_IN_SCOPE


def test_training_is_told_of_before_it_begins_and_only_then(
    tmp_path: Path, classifier: Classifier, minilm: MiniLM
) -> None:
    class Begun(Exception):
        """Ends the training before it costs anything."""

    def begins() -> None:
        raise Begun

    load_classifier(WEIGHT_CACHE, minilm, begins=begins)
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


def test_predictions_of_unseen_examples_are_those_of_a_fit_without_them() -> None:
    random = np.random.default_rng(7)
    points = random.normal(size=(30, 4)).astype(np.float32)
    kernel = np.exp(-((points[:, None] - points[None]) ** 2).sum(axis=-1) / 4).astype(np.float32)
    targets = random.normal(size=(30, 2)).astype(np.float32)
    weights = random.uniform(0.5, 2.0, size=30).astype(np.float32)
    fit = fit_ridge(kernel.copy(), targets, weights, 0.3)
    for left_out in (0, 11, 29):
        kept = np.arange(30) != left_out
        system = kernel[np.ix_(kept, kept)] + np.diag(0.3 / weights[kept])
        duals = np.linalg.solve(system.astype(float), (targets - fit.offset)[kept].astype(float))
        expected = fit.offset + kernel[left_out, kept] @ duals
        assert fit.unseen[left_out] == pytest.approx(expected, abs=1e-4)


def test_a_small_penalty_follows_the_examples_and_a_large_one_their_mean() -> None:
    kernel = np.eye(4, dtype=np.float32)
    targets = np.array([[1.0], [0.0], [0.0], [1.0]], dtype=np.float32)
    weights = np.ones(4, dtype=np.float32)
    close = fit_ridge(kernel.copy(), targets, weights, 1e-4)
    far = fit_ridge(kernel.copy(), targets, weights, 1e4)
    assert close.offset + kernel @ close.duals == pytest.approx(targets, abs=1e-3)
    assert far.offset + kernel @ far.duals == pytest.approx(np.full((4, 1), 0.5), abs=1e-3)
