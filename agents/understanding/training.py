"""Train the operation classifier and the slot tagger on the examples of the slices; the weights are shipped.

`python -m agents.understanding.training` (`make understanding`) writes them beside this module, in a minute or two. A test
holds the digest that they carry against the examples, so that neither changes alone.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from agents.understanding.arguments import Slot
from agents.understanding.examples import Example, ToolTalk, examples_of
from agents.understanding.features import operation_features, tag_features
from agents.understanding.operation_classifier import OTHER_LABELS, OperationWeights
from agents.understanding.tokens import Token, plain, tokenise
from agents.understanding.training_set import Labelled, found_quantities, label_example
from memory.embedding import Embedder
from memory.yaml_text import parse_yaml

LEAST_SEEN = 2
"""Messages in which a feature must occur to be learnt."""
STRENGTH = 30.0
"""Inverse of the regularisation of the classifier; by cross-validation, as the next."""
MEANING = 3.0
"""Length of an embedding beside the words, which have length 1."""
COPIES = 2
"""Copies of each example for the tagger, with names left unknown here and there."""
SEED = 7

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its label for the classifier."""

    label: str
    language: str
    tokens: tuple[Token, ...]


def labelled_examples(examples: Sequence[Example], slots: Mapping[str, Mapping[str, Slot]], copies: int = COPIES) -> list[Labelled]:
    """The examples with their tokens and labels; all but the first copy with some names unknown."""
    chance = random.Random(SEED)  # noqa: S311 # nosec B311: no secret
    return [
        label_example(example, slots[example.tool], chance, unknown=copy > 0)
        for copy in range(copies)
        for example in examples
    ]


def other_messages() -> list[Message]:
    """Messages that ask for no operation."""
    body = cast("dict[str, dict[str, list[str]]]", parse_yaml(files("agents.understanding").joinpath("other_messages.yaml").read_bytes()))
    return [
        Message(label, language, tokenise(text, found_quantities(text, [])))
        for label in OTHER_LABELS
        for language, texts in body[label].items()
        for text in texts
    ]


def messages_of(labelled: Sequence[Labelled]) -> list[Message]:
    """Labelled examples for the classifier."""
    return [Message(one.tool, one.language, one.tokens) for one in labelled]


def train_classifier(messages: Sequence[Message], embedder: Embedder) -> OperationWeights:
    """Multinomial logistic regression over words and meaning; scikit-learn, about a minute."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    featured = [operation_features(one.tokens) for one in messages]
    counts: dict[str, int] = {}
    for names in featured:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    vocabulary = {name: at for at, name in enumerate(sorted(name for name, n in counts.items() if n >= LEAST_SEEN))}
    rows, columns, values = list[int](), list[int](), list[float]()
    for row, names in enumerate(featured):
        own = [vocabulary[name] for name in names if name in vocabulary]
        rows += [row] * len(own)
        columns += own
        values += [max(len(own), 1) ** -0.5] * len(own)
    words = csr_matrix((values, (rows, columns)), shape=(len(messages), len(vocabulary)), dtype=np.float32)
    meaning = MEANING * embedder.embed([plain(one.tokens) for one in messages])
    model = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3, class_weight=None)
    model.fit(hstack([words, csr_matrix(meaning)]).tocsr(), [one.label for one in messages])
    weights = cast("Floats", model.coef_.T.astype(np.float32))
    learnt, dense = weights[: len(vocabulary)], weights[len(vocabulary) :] * MEANING
    kept = np.abs(learnt).max(axis=1) > np.abs(learnt).max() / 254
    names = [name for name, keep in zip(vocabulary, kept, strict=True) if keep]
    scale = np.maximum(np.abs(learnt).max(axis=0), 1e-9) / 127.0
    return OperationWeights(
        tuple(cast("Sequence[str]", model.classes_)),
        {name: at for at, name in enumerate(names)},
        np.round(learnt[kept] / scale).astype(np.int8),
        scale.astype(np.float32),
        dense.astype(np.float32),
        cast("Floats", model.intercept_.astype(np.float32)),
    )


def train_tagger(labelled: Sequence[Labelled], path: Path) -> None:
    """A conditional random field, by CRFsuite's L-BFGS; about a minute."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for one in labelled:
        trainer.append(tag_features(one.tokens, one.tool), list(one.labels))
    trainer.set_params({"c1": 0.1, "c2": 0.01, "max_iterations": 120, "feature.possible_transitions": False})
    trainer.train(str(path))


def save_weights(weights: OperationWeights, path: Path, digest: str) -> None:
    """Write the classifier's numbers."""
    arrays: dict[str, Any] = {
        "labels": np.array(weights.labels),
        "vocabulary": np.array(list(weights.vocabulary)),
        "words": weights.words,
        "scale": weights.scale,
        "meaning": weights.meaning.astype(np.float16),
        "offset": weights.offset,
        "digest": np.array(digest),
    }
    np.savez_compressed(path, **arrays)


def examples_for(talk: Mapping[str, ToolTalk]) -> list[Example]:
    """All examples of the tools that people speak to."""
    return examples_of(talk)
