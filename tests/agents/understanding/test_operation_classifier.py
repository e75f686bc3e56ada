import numpy as np
import pytest

from agents.understanding.operation_classifier import OperationClassifier, OperationWeights
from agents.understanding.tokens import tokenise
from tests.fakes.embedders import WordEmbedder

LABELS = ("documents", "help", "outside", "pause", "resume")


def classifier() -> OperationClassifier:
    words = np.zeros((2, 5), dtype=np.int8)
    words[0, 3], words[1, 4] = 100, 100
    embedder = WordEmbedder()
    size = embedder.embed(["a"]).shape[1]
    weights = OperationWeights(
        LABELS,
        {"w pause": 0, "w resume": 1},
        words,
        np.full(5, 0.05, dtype=np.float32),
        np.zeros((size, 5), dtype=np.float32),
        np.array([0.5, 0.0, 0.2, 0.0, 0.0], dtype=np.float32),
    )
    return OperationClassifier(weights, embedder)


def test_labels_are_ranked_by_probabilities_that_sum_to_one() -> None:
    ranked = classifier().rank(tokenise("pause it"))
    assert [one.label for one in ranked][:2] == ["pause", "documents"]
    assert {one.label for one in ranked} == set(LABELS)
    assert sum(one.probability for one in ranked) == pytest.approx(1.0)
    assert [one.probability for one in ranked] == sorted((one.probability for one in ranked), reverse=True)


def test_what_the_caller_may_not_call_has_no_probability_and_other_labels_stay() -> None:
    ranked = {one.label: one.probability for one in classifier().rank(tokenise("pause it"), frozenset({"resume"}))}
    assert ranked["pause"] == 0.0
    assert sum(ranked.values()) == pytest.approx(1.0)
    assert min(ranked["documents"], ranked["resume"]) > 0


def test_words_that_nobody_knows_leave_the_offsets() -> None:
    assert [one.label for one in classifier().rank(())][:2] == ["documents", "outside"]
