"""Train the classifier on the utterances: once for each content of the files, then from the cache."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.router.classifier import Classifier, load_weights, meaning_of, save_weights
from agents.router.features import BUCKETS, DIMENSIONS, FEATURE_VERSION, Features, featurise, vectorise
from agents.router.glossary import Glossary, load_glossary
from agents.router.intents import INTENTS, Intent
from agents.router.utterances import Utterance, content_hash, is_held_out, load_intents, utterances_of
from memory.embedding import Embedder

__all__ = ["load_classifier", "train"]

PENALTY = 30.0
"""Inverse strength of the L2 penalty, by cross-validation."""

FOLDS = 4
SEED = 13
LEANING_COPIES = 3
"""How often a follow-up counts: they are few, and only they teach what the turn before means."""


def load_classifier(cache: Path, embedder: Embedder, trained: Callable[[Classifier], None] | None = None) -> Classifier:
    """The classifier of the current utterances, from the cache where it is there and whole.

    Args:
        trained: told of a classifier that was trained just now, before it is kept.
    """
    intents, digest = load_intents()
    glossary = load_glossary()
    hints: dict[Intent, str] = {intent: definition.hint for intent, definition in intents.items()}
    key = content_hash(f"{digest} {FEATURE_VERSION} {embedder.name} {PENALTY} {glossary.digest}".encode())
    path = cache / f"intents-{key[:20]}.npz"
    cached = load_weights(path, hints, glossary)
    if cached is not None:
        return cached
    kept = [utterance for utterance in utterances_of(intents) if not is_held_out(utterance)]
    fresh = replace(train(kept, embedder, glossary), hints=hints)
    if trained is not None:
        trained(fresh)
    save_weights(fresh, path)
    return fresh


def train(utterances: Sequence[Utterance], embedder: Embedder, glossary: Glossary) -> Classifier:
    """Fit the linear model, then its temperature on folds that it has not seen.

    A message that stands alone is also shown after a turn of some random intent, so that only messages that lean on
    the turn before are swayed by it.
    """
    from scipy.sparse import csr_matrix
    from sklearn.model_selection import StratifiedGroupKFold

    shown = _with_random_turns_before(utterances)
    texts = list(dict.fromkeys(utterance.text for utterance in shown))
    features = {text: featurise(text, glossary) for text in texts}
    vectors = embedder.embed([meaning_of(text, glossary) for text in texts])
    meanings = dict(zip(texts, vectors, strict=True))
    rarity = _rarity([features[text] for text in texts])
    data = vectorise(
        [features[utterance.text] for utterance in shown],
        np.stack([meanings[utterance.text] for utterance in shown]),
        rarity,
        [utterance.previous for utterance in shown],
    )
    matrix: Any = csr_matrix(data, shape=(len(shown), DIMENSIONS))
    labels = np.array([INTENTS.index(utterance.intent) for utterance in shown])
    strata = [f"{utterance.intent} {utterance.language}" for utterance in shown]
    logits = np.zeros((len(shown), len(INTENTS)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for known, unseen in folds.split(labels, strata, [utterance.text for utterance in shown]):
        logits[unseen] = _fit(matrix[known], labels[known]).decision_function(matrix[unseen])
    model = _fit(matrix, labels)
    return Classifier(
        weights=np.ascontiguousarray(model.coef_.T, dtype=np.float32),
        bias=model.intercept_.astype(np.float32),
        rarity=rarity,
        temperature=_temperature(logits, labels),
        glossary=glossary,
    )


def _with_random_turns_before(utterances: Sequence[Utterance]) -> list[Utterance]:
    generator = np.random.default_rng(SEED)
    shown: list[Utterance] = []
    for utterance in utterances:
        if utterance.previous is not None:
            shown.extend([utterance] * LEANING_COPIES)
        else:
            before = INTENTS[int(generator.integers(len(INTENTS)))]
            shown.extend([utterance, replace(utterance, previous=before)])
    return shown


def _rarity(features: Sequence[Features]) -> NDArray[np.float32]:
    frequency = np.zeros(BUCKETS)
    for own in features:
        frequency[own.buckets] += 1
    return (np.log((1 + len(features)) / (1 + frequency)) + 1).astype(np.float32)


def _fit(matrix: Any, labels: NDArray[np.int64]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=PENALTY, max_iter=150, tol=1e-3).fit(matrix, labels)


def _temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature of least log loss on logits that were not trained on (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    best: Any = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded")
    return float(np.exp(best.x))
