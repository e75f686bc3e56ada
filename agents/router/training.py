"""Train the intent classifier on the messages of `intents.yaml`, and measure it; once, then from the weight cache."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from agents.router.classifier import Classifier, Weights, meaning_kernel, weigh
from agents.router.features import (
    BUCKETS,
    FEATURE_VERSION,
    Features,
    Glossary,
    featurise,
    load_glossary,
    meaning_of,
)
from agents.router.intents import INTENTS, Corpus, Intent, corpus_of, held_out_of, load_intents
from evals.classification import accuracy, recall
from memory.embedding import Embedder
from memory.weight_cache import build_lock, digest_of_inputs, write_whole

Floats = NDArray[np.float32]

TRAINING_VERSION = 1
"""Raised whenever the same messages and features give other weights."""

PENALTY = 0.15
TERM_WEIGHT = 0.1
LESSON_WEIGHT = 0.5
"""Of a lesson beside 1.0 for an utterance where probabilities are learnt: lessons are harder than what people say."""

LOGISTIC_STRENGTH = 10.0
SEED = 13
ROWS_AT_ONCE = 512

_ARRAYS = tuple(field.name for field in fields(Weights))
_PACKAGES = ("numpy", "scipy", "scikit-learn")


class HeldOutResult(BaseModel):
    """How good a classifier is on the utterances that were held out from its training. Shares are 0 to 1.

    Attributes:
        digest: SHA-256 of the utterance file.
        samples: how many utterances were held out.
        metrics: accuracy over all; accuracy_in_scope over those of the five intents that are served;
            recall_out_of_scope over the rest.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    samples: int
    metrics: dict[str, float]
    measured_at: datetime


@dataclass(frozen=True)
class Trained:
    """A classifier with how good it is."""

    classifier: Classifier
    held_out: HeldOutResult


def load_classifier(cache: Path, embedder: Embedder, begins: Callable[[], None] | None = None) -> Trained:
    """The classifier of the current files, from the cache where it is there and whole; else trained within a minute.

    Args:
        cache: `Home.weights`, or any folder.
        begins: told that training begins, or that another process trains and is waited for.

    Raises:
        StorageFailed: the weights cannot be kept.
    """
    file, digest = load_intents()
    glossary = load_glossary()
    versions = f"{FEATURE_VERSION} {TRAINING_VERSION} {embedder.name}"
    key = digest_of_inputs(digest, glossary.digest, versions, packages=_PACKAGES)
    path = cache / f"intents-{key}.npz"
    hints: dict[Intent, str] = {intent: definition.hint for intent, definition in file.intents.items()}
    cached = load_weights(path)
    if cached is None:
        if begins is not None:
            begins()
        with build_lock(path):
            cached = load_weights(path)  # another process may have trained meanwhile
            if cached is None:
                weights = train(corpus_of(file), embedder, glossary)
                held_out = measure_held_out(Classifier(weights, hints, glossary), embedder)
                cached = weights, held_out
                save_weights(weights, held_out, path)
    return Trained(Classifier(cached[0], hints, glossary), cached[1])


def measure_held_out(classifier: Classifier, embedder: Embedder) -> HeldOutResult:
    """Classify the held-out fifth; some seconds."""
    file, digest = load_intents()
    kept = held_out_of(file)
    probabilities = [classifier.probabilities(entry.text, embedder, entry.previous) for entry in kept]
    predicted = np.array([int(row.argmax()) for row in probabilities])
    true, outside = np.array([INTENTS.index(entry.intent) for entry in kept]), INTENTS.index("out_of_scope")
    metrics = {
        "accuracy": accuracy(predicted, true),
        "accuracy_in_scope": accuracy(predicted[true != outside], true[true != outside]),
        "recall_out_of_scope": recall(predicted, true, outside),
    }
    return HeldOutResult(digest=digest, samples=len(kept), metrics=metrics, measured_at=datetime.now(UTC))


def save_weights(weights: Weights, held_out: HeldOutResult, path: Path) -> None:
    """Write the numbers, within `build_lock`, so that a reader finds them whole or not at all."""
    arrays = {name: getattr(weights, name) for name in _ARRAYS}
    write_whole(path, lambda file: np.savez(file, held_out=np.array(held_out.model_dump_json()), **arrays))


def load_weights(path: Path) -> tuple[Weights, HeldOutResult] | None:
    """The numbers of a file; None where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            weights = Weights(**{name: saved[name] for name in _ARRAYS})
            return weights, HeldOutResult.model_validate_json(str(saved["held_out"]))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None


@dataclass(frozen=True, slots=True)
class Turns:
    """Messages after a turn, for the second stage: `texts[i]` after `previous[i]` has label `labels[i]`."""

    texts: list[str]
    previous: list[Intent | None]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]


def train(corpus: Corpus, embedder: Embedder, glossary: Glossary) -> Weights:
    """Fit the scores of texts alone, then probabilities on the scores that each text gets when it is left out."""
    from threadpoolctl import threadpool_limits

    texts, targets, weights = _examples(corpus)
    features = [featurise(text, glossary) for text in texts]
    rarity = _rarity(features)
    examples = embedder.embed([meaning_of(text, glossary) for text in texts])
    grams = _gram_matrix(features, rarity)
    kernel = np.empty((len(texts), len(texts)), dtype=np.float32)
    for start in range(0, len(texts), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        kernel[rows] = meaning_kernel(examples[rows] @ examples.T) + (grams[rows] @ grams.T).toarray()
    with threadpool_limits(cpu_count() or 1, "blas"):
        fit = fit_ridge(kernel, targets, weights, PENALTY)
    turns = turns_of(corpus)
    place = {text: row for row, text in enumerate(texts)}
    seen = weigh(fit.unseen[[place[text] for text in turns.texts]], turns.previous)
    model = _logistic(seen, turns)
    return Weights(
        examples=examples,
        duals=fit.duals,
        grams=np.asarray(grams.T @ fit.duals, dtype=np.float32),
        offset=fit.offset,
        rarity=rarity,
        mixing=np.ascontiguousarray(model.coef_.T, dtype=np.float32),
        bias=model.intercept_.astype(np.float32),
    )


def turns_of(corpus: Corpus) -> Turns:
    """Messages with the turn before them.

    A standalone message is shown at the start and after a random turn, so that only what leans on the turn before is
    swayed by it. A leaning one keeps every intent before it, and at the start may mean any.
    """
    generator = np.random.default_rng(SEED)
    rows: list[tuple[str, Intent | None, Intent, float]] = []
    for entry in corpus.utterances:
        if entry.previous is None:
            before = INTENTS[int(generator.integers(len(INTENTS)))]
            rows.extend([(entry.text, None, entry.intent, 1.0), (entry.text, before, entry.intent, 1.0)])
        else:
            rows.append((entry.text, entry.previous, entry.intent, 2.0))
    rows.extend((entry.text, None, entry.intent, LESSON_WEIGHT) for entry in corpus.lessons)
    for text in corpus.leaning:
        rows.extend((text, intent, intent, 0.5) for intent in INTENTS)
        rows.extend((text, None, intent, 0.1) for intent in INTENTS)
    texts, previous, intents, weights = zip(*rows, strict=True)
    labels = np.array([INTENTS.index(intent) for intent in intents])
    return Turns(list(texts), list(previous), labels, np.array(weights))


def _examples(corpus: Corpus) -> tuple[list[str], Floats, Floats]:
    """Texts, each once; their targets, six intents and leaning, shape (n, 7); their weights, shape (n,)."""
    labelled: dict[str, list[tuple[Intent | None, float, float]]] = {}
    for entries, weight in ((corpus.utterances, 1.0), (corpus.lessons, 1.0), (corpus.terms, TERM_WEIGHT)):
        for entry in entries:
            leans = entry.previous is not None and entry.previous == entry.intent
            labelled.setdefault(entry.text, []).append((entry.intent, float(leans), weight))
    for text in corpus.leaning:
        labelled.setdefault(text, []).append((None, 1.0, 1.0))
    targets = np.zeros((len(labelled), len(INTENTS) + 1), dtype=np.float32)
    weights = np.zeros(len(labelled), dtype=np.float32)
    for row, labels in enumerate(labelled.values()):
        for intent, leans, weight in labels:
            share = np.full(len(INTENTS), 1 / len(INTENTS)) if intent is None else np.eye(6)[INTENTS.index(intent)]
            targets[row] += np.append(share, leans) / len(labels)
            weights[row] = max(weights[row], weight)
    return list(labelled), targets, weights


def _rarity(features: list[Features]) -> Floats:
    frequency = np.zeros(BUCKETS)
    for own in features:
        frequency[own.buckets] += 1
    return (np.log((1 + len(features)) / (1 + frequency)) + 1).astype(np.float32)


def _gram_matrix(features: list[Features], rarity: Floats) -> Any:
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(own.buckets) for own in features)])
    data = np.concatenate([own.scaled(rarity) for own in features])
    return csr_matrix((data, np.concatenate([own.buckets for own in features]), ends), shape=(len(features), BUCKETS))


def _logistic(seen: Floats, turns: Turns) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=LOGISTIC_STRENGTH, max_iter=1000)
    return model.fit(seen, turns.labels, sample_weight=turns.weights)


@dataclass(frozen=True, slots=True)
class RidgeFit:
    """The solution: a prediction is `offset + kernel(new, examples) @ duals`.

    Attributes:
        duals: shape (n_examples, n_targets).
        offset: shape (n_targets,).
        unseen: predictions of each example by the fit without it, shape (n_examples, n_targets).
    """

    duals: Floats
    offset: Floats
    unseen: Floats


def fit_ridge(kernel: Floats, targets: Floats, weights: Floats, penalty: float) -> RidgeFit:
    """Kernel ridge regression (Saunders, Gammerman, Vovk 1998), in closed form.

    The leave-one-out predictions cost nothing more: an example's residual is its dual over the diagonal of the
    inverse (Cawley, Talbot 2004, with a fixed offset).

    Args:
        kernel: of the examples with each other, shape (n, n); overwritten, since it is the largest thing here.
        targets: shape (n, n_targets).
        weights: how much each example counts, > 0, shape (n,).
        penalty: > 0; more is smoother.
    """
    from scipy.linalg import get_lapack_funcs

    kernel[np.diag_indices(len(kernel))] += penalty / weights
    lapack: Any = get_lapack_funcs(("potrf", "potri"), (kernel,))
    factor, _ = lapack[0](kernel.T, lower=True, overwrite_a=True)
    half, _ = lapack[1](factor, lower=True, overwrite_c=True)
    diagonal = half.diagonal().copy()
    offset = (weights[:, None] * targets).sum(axis=0) / weights.sum()
    centred = targets - offset
    # potri fills one triangle of the inverse; the other holds what was left of the factor.
    half = np.tril(half)
    duals = half @ centred + half.T @ centred - diagonal[:, None] * centred
    return RidgeFit(duals, offset, targets - duals / diagonal[:, None])
