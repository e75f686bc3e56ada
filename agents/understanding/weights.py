"""The shipped weights of the operation classifier and the slot taggers, one file beside this module."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from agents.understanding.examples import ToolTalk
from agents.understanding.features import FEATURE_VERSION
from agents.understanding.operation_classifier import OperationWeights

WEIGHTS = "weights.npz"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt from the examples, and the digest of what it was learnt from."""

    operations: OperationWeights
    fields: Mapping[str, bytes]
    digest: str


def digest_of(talk: Mapping[str, ToolTalk], others: bytes, embedder: str) -> str:
    """The digest of everything that is learnt from; a test holds the weights against it."""
    parts = [f"{name} {said.model_dump_json(include={'en', 'zh'})}" for name, said in sorted(talk.items())]
    body = "\n".join([f"features {FEATURE_VERSION} {embedder}", *parts]).encode()
    return hashlib.sha256(body + others).hexdigest()[:20]


@cache
def load_weights() -> Learnt:
    """The shipped weights; some 20 ms."""
    return read_weights(BytesIO(files("agents.understanding").joinpath(WEIGHTS).read_bytes()))


def read_weights(file: BytesIO) -> Learnt:
    """As `write_weights` wrote them."""
    with np.load(file, allow_pickle=False) as saved:
        operations = OperationWeights(
            tuple(str(label) for label in saved["labels"]),
            {str(name): at for at, name in enumerate(bytes(saved["vocabulary"]).decode().split("\n"))},
            saved["words"],
            saved["scale"],
            saved["meaning"].astype(np.float32),
            saved["offset"],
        )
        fields = {name.removeprefix("field "): bytes(saved[name]) for name in saved.files if name.startswith("field ")}
        return Learnt(operations, fields, str(saved["digest"]))


def write_weights(learnt: Learnt, path: Path) -> None:
    """Write them, compressed."""
    operations = learnt.operations
    arrays: dict[str, Any] = {
        "labels": np.array(operations.labels),
        "vocabulary": np.frombuffer("\n".join(operations.vocabulary).encode(), dtype=np.uint8),
        "words": operations.words,
        "scale": operations.scale,
        "meaning": operations.meaning.astype(np.float16),
        "offset": operations.offset,
        "digest": np.array(learnt.digest),
    }
    arrays |= {f"field {slice_}": np.frombuffer(body, dtype=np.uint8) for slice_, body in learnt.fields.items()}
    np.savez_compressed(path, **arrays)
