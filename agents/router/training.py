"""Train the classifier on the messages of `intents.yaml`: once for each content of the files, then from the cache."""

from collections.abc import Callable
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.router.classifier import Classifier, Weights, load_weights, save_weights, weigh
from agents.router.features import BUCKETS, FEATURE_VERSION, Features, featurise, meaning_of
from agents.router.glossary import Glossary, load_glossary
from agents.router.intents import INTENTS, Intent
from agents.router.meanings import MeaningPull, draw_pull, pull_of
from agents.router.ridge import fit_ridge
from agents.router.utterances import Corpus, content_hash, corpus_of, load_intents
from memory.embedding import Embedder

__all__ = ["Turns", "load_classifier", "train", "turns_of"]

PENALTY = 0.15
TERM_WEIGHT = 0.1
LESSON_WEIGHT = 0.5
"""Of a lesson beside 1.0 for an utterance where probabilities are learnt: lessons are harder than what people say."""

LOGISTIC_STRENGTH = 10.0
SEED = 13
ROWS_AT_ONCE = 512


def load_classifier(
    cache: Path,
    embedder: Embedder,
    trained: Callable[[Classifier], None] | None = None,
    begins: Callable[[], None] | None = None,
) -> Classifier:
    """The classifier of the current files, from the cache where it is there and whole.

    Args:
        trained: told of a classifier that was trained just now, before it is kept.
        begins: told that training begins, where the cache has no classifier.
    """
    file, digest = load_intents()
    glossary = load_glossary()
    hints: dict[Intent, str] = {intent: definition.hint for intent, definition in file.intents.items()}
    key = content_hash(f"{digest} {FEATURE_VERSION} {embedder.name} {glossary.digest}".encode())
    path = cache / f"intents-{key[:20]}.npz"
    cached = load_weights(path)
    if cached is not None:
        return Classifier(cached, hints, glossary)
    if begins is not None:
        begins()
    fresh = Classifier(train(corpus_of(file), embedder, glossary), hints, glossary)
    if trained is not None:
        trained(fresh)
    save_weights(fresh.weights, path)
    return fresh


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
        kernel[rows] = pull_of(examples[rows] @ examples.T) + (grams[rows] @ grams.T).toarray()
    with threadpool_limits(cpu_count() or 1, "blas"):
        fit = fit_ridge(kernel, targets, weights, PENALTY)
    turns = turns_of(corpus)
    place = {text: row for row, text in enumerate(texts)}
    seen = weigh(fit.unseen[[place[text] for text in turns.texts]], turns.previous)
    model = _logistic(seen, turns)
    return Weights(
        meanings=MeaningPull(draw_pull(examples, fit.duals)),
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


def _examples(corpus: Corpus) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
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


def _rarity(features: list[Features]) -> NDArray[np.float32]:
    frequency = np.zeros(BUCKETS)
    for own in features:
        frequency[own.buckets] += 1
    return (np.log((1 + len(features)) / (1 + frequency)) + 1).astype(np.float32)


def _gram_matrix(features: list[Features], rarity: NDArray[np.float32]) -> Any:
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(own.buckets) for own in features)])
    data = np.concatenate([own.scaled(rarity) for own in features])
    return csr_matrix((data, np.concatenate([own.buckets for own in features]), ends), shape=(len(features), BUCKETS))


def _logistic(seen: NDArray[np.float32], turns: Turns) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=LOGISTIC_STRENGTH, max_iter=1000)
    return model.fit(seen, turns.labels, sample_weight=turns.weights)
