from dataclasses import replace

import numpy as np
import pytest

from agents.router.classifier import MEANING_WEIGHT, Classifier, meaning_kernel
from agents.router.features import Glossary, meaning_of
from memory.embedding import MiniLM


def test_an_example_is_nearest_to_itself() -> None:
    examples = np.eye(7, dtype=np.float32)
    near = meaning_kernel(examples @ examples.T)
    assert near.dtype == np.float32
    assert near.argmax(axis=1).tolist() == list(range(7))
    assert near.diagonal() == pytest.approx(np.full(7, MEANING_WEIGHT))


def test_scores_are_offset_meanings_and_grams_together(classifier: Classifier, minilm: MiniLM) -> None:
    text = "canary phi-4-mini to 10 percent on the gateways"
    weights = classifier.weights
    silent = replace(weights, duals=np.zeros_like(weights.duals))
    by_grams = Classifier(silent, classifier.hints, classifier.glossary).scores(text, minilm)
    meaning = minilm.embed([meaning_of(text, classifier.glossary)])[0].astype(float)
    exact = 2.0 * np.exp(2.0 * (weights.examples.astype(float) @ meaning - 1.0)) @ weights.duals.astype(float)
    assert classifier.scores(text, minilm) - by_grams == pytest.approx(exact, abs=1e-3)


def test_a_message_without_meaning_or_known_grams_scores_finite(classifier: Classifier, minilm: MiniLM) -> None:
    empty = replace(classifier.weights, examples=np.zeros_like(classifier.weights.examples))
    assert np.isfinite(Classifier(empty, {}, Glossary({})).scores("", minilm)).all()
