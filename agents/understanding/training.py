"""Train the operation classifier and the slot tagger on the examples of the slices; the weights are shipped.

`make understanding` writes them beside this module, in a minute or two. A test holds the digest that they carry against
the examples, so that neither changes alone.
"""

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from agents.understanding.arguments import Slot, slots_of
from agents.understanding.examples import Example, examples_of, load_talk
from agents.understanding.features import operation_features, tag_features
from agents.understanding.operation_classifier import OTHER_LABELS, OperationWeights
from agents.understanding.tokens import Token, plain, tokenise
from agents.understanding.training_set import Labelled, found_quantities, label_example
from agents.understanding.weights import Learnt, digest_of
from memory.embedding import Embedder
from memory.yaml_text import parse_yaml
from tools.spec import ToolSpec

LEAST_SEEN = 2
"""Messages in which a feature must occur to be learnt."""
PENALTY = 0.15
"""Of the ridge; by leave-one-out accuracy, as the next."""
MEANING = 1.0
"""Length of an embedding beside the words, which have length 1."""
LEFT_OUT = 0.1
"""Share of the messages by which probabilities are calibrated."""
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


def labelled_examples(
    examples: Sequence[Example], slots: Mapping[str, Mapping[str, Slot]], copies: int = COPIES
) -> list[Labelled]:
    """The examples with their tokens and labels; all but the first copy with some names unknown."""
    chance = random.Random(SEED)  # noqa: S311 # nosec B311: no secret
    return [
        label_example(example, slots[example.tool], chance, unknown=copy > 0)
        for copy in range(copies)
        for example in examples
    ]


def other_messages_text() -> bytes:
    """The file of messages that ask for no operation."""
    return files("agents.understanding").joinpath("other_messages.yaml").read_bytes()


def other_messages() -> list[Message]:
    """Messages that ask for no operation."""
    body = cast("dict[str, dict[str, list[str]]]", parse_yaml(other_messages_text()))
    return [
        Message(label, language, tokenise(text, found_quantities(text, [])))
        for label in OTHER_LABELS
        for language, texts in body[label].items()
        for text in texts
    ]


def messages_of(labelled: Sequence[Labelled]) -> list[Message]:
    """Labelled examples for the classifier."""
    return [Message(one.tool, one.language, one.tokens) for one in labelled]


def train_classifier(messages: Sequence[Message], embedder: Embedder) -> tuple[OperationWeights, float]:
    """Kernel ridge regression of the labels on words and meaning; its accuracy on a tenth that is left out at first.

    The probabilities are a softmax of the scores, as sharp as makes that tenth likeliest. About a minute for 10,000
    messages.
    """
    featured = [operation_features(one.tokens) for one in messages]
    vocabulary = _vocabulary(featured)
    words = _word_matrix(featured, vocabulary)
    meaning = MEANING * embedder.embed([plain(one.tokens) for one in messages])
    labels = tuple(sorted({one.label for one in messages}))
    truth = np.array([labels.index(one.label) for one in messages])
    wanted = np.eye(len(labels), dtype=np.float32)[truth] - np.float32(1.0 / len(labels))
    kernel = (words @ words.T).toarray() + meaning @ meaning.T + 1.0
    left_out = np.random.default_rng(SEED).random(len(messages)) < LEFT_OUT
    scores = kernel[np.ix_(left_out, ~left_out)] @ _duals(kernel[np.ix_(~left_out, ~left_out)], wanted[~left_out])
    sharpness = _sharpness(scores, truth[left_out])
    duals = _duals(kernel, wanted) * sharpness
    learnt = np.asarray(words.T @ duals, dtype=np.float32)
    kept = np.abs(learnt).max(axis=1) > np.abs(learnt).max() / 254
    names = [name for name, keep in zip(vocabulary, kept, strict=True) if keep]
    scale = np.maximum(np.abs(learnt).max(axis=0), 1e-9) / 127.0
    weights = OperationWeights(
        labels,
        {name: at for at, name in enumerate(names)},
        np.round(learnt[kept] / scale).astype(np.int8),
        scale.astype(np.float32),
        (meaning.T @ duals * MEANING).astype(np.float32),
        duals.sum(axis=0).astype(np.float32),
    )
    return weights, float((scores.argmax(axis=1) == truth[left_out]).mean())


def _word_matrix(featured: Sequence[Sequence[str]], vocabulary: Mapping[str, int]) -> Any:
    """Rows of length 1, shape (messages, features), sparse."""
    from scipy.sparse import csr_matrix

    rows, columns, values = list[int](), list[int](), list[float]()
    for row, names in enumerate(featured):
        own = [vocabulary[name] for name in names if name in vocabulary]
        rows += [row] * len(own)
        columns += own
        values += [max(len(own), 1) ** -0.5] * len(own)
    return csr_matrix((values, (rows, columns)), shape=(len(featured), len(vocabulary)), dtype=np.float32)


def _duals(kernel: Floats, wanted: Floats) -> Floats:
    """The weight of each message's kernel on each label, shape (messages, labels)."""
    from scipy.linalg import cho_factor, cho_solve

    damped = kernel.copy()
    damped[np.diag_indices_from(damped)] += PENALTY
    return cho_solve(cho_factor(damped, overwrite_a=True, check_finite=False), wanted, check_finite=False)


def _vocabulary(featured: Sequence[Sequence[str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for names in featured:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return {name: at for at, name in enumerate(sorted(name for name, n in counts.items() if n >= LEAST_SEEN))}


def _sharpness(scores: Floats, truth: NDArray[np.int64]) -> float:
    """The factor of the scores whose softmax gives the truth the best likelihood."""

    def loss(factor: float) -> float:
        scaled = scores * factor
        scaled -= scaled.max(axis=1, keepdims=True)
        total = np.log(np.exp(scaled).sum(axis=1))
        return float((total - scaled[np.arange(len(truth)), truth]).mean())

    return min((2.0**power for power in np.arange(0, 6, 0.25)), key=loss)


def train_taggers(labelled: Sequence[Labelled], slices: Mapping[str, str]) -> dict[str, bytes]:
    """A conditional random field for each slice, by CRFsuite's L-BFGS; about a minute in all."""
    import pycrfsuite

    fields: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for slice_ in sorted({slices[one.tool] for one in labelled}):
            trainer = cast("Any", pycrfsuite).Trainer(verbose=False)
            for one in labelled:
                if slices[one.tool] == slice_:
                    trainer.append(tag_features(one.tokens, one.tool), list(one.labels))
            trainer.set_params({"c1": 0.1, "c2": 0.01, "max_iterations": 100, "feature.possible_transitions": False})
            path = Path(folder) / "field"
            trainer.train(str(path))
            fields[slice_] = path.read_bytes()
    return fields


def train(tools: Mapping[str, ToolSpec], embedder: Embedder) -> tuple[Learnt, float]:
    """What is learnt from what people say to these tools, and the classifier's accuracy on what was left out."""
    talk = load_talk(tools)
    examples = examples_of(talk)
    slots = {name: slots_of(tools[name]) for name in talk}
    slices = {name: tools[name].run.__module__ for name in talk}
    linked = labelled_examples(examples, slots)[-len(examples) :]  # with names as linking finds them
    messages = [*messages_of(linked), *other_messages()]
    operations, accuracy = train_classifier(messages, embedder)
    fields = train_taggers(labelled_examples(examples, slots), slices)
    return Learnt(operations, fields, digest_of(talk, other_messages_text(), embedder.name)), accuracy
