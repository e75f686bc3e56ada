"""Small vectors for a knowledge pack: passages as the embedder sees them, and words fitted to stand where it would put
queries, so that a device needs no embedder.

Each word is embedded by itself once. A text's words, weighted by how rare they are (SIF, Arora et al. 2017), sum up to
a vector near the text's own; a ridge regression over the pack's passages brings it nearer. The passages' principal
components then keep what tells them apart in a few dimensions of one byte each.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.kernel.errors import Unavailable
from memory.embedding import Embedder, find_minilm
from memory.home import storage_errors

DIMENSIONS = 64
_RARITY = 1e-3
"""SIF's constant: words that are a larger share of all words than this weigh less than half."""
_RIDGE = 1.0
_PRIOR = 16
"""Passages that stand for the mean of all texts, 0, beside the pack's own: few passages say little about a mean."""
_WORDS_AT_ONCE = 2048
_WORD = re.compile("[a-z]{2,}")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Distilled:
    """What a pack holds of vectors.

    Attributes:
        passages: shape (passages, DIMENSIONS), int8; `norms` are theirs, shape (passages,), > 0.
        words: shape (words, DIMENSIONS), int8; `scales` bring them back, shape (words,).
    """

    passages: NDArray[np.int8]
    norms: Floats
    words: NDArray[np.int8]
    scales: Floats


def distil(bags: Sequence[Counter[str]], passages: Floats, words: Sequence[str], vectors: Floats) -> Distilled:
    """Make small vectors.

    Args:
        bags: the words of each passage.
        passages: unit vectors of the passages, shape (len(bags), n), n >= DIMENSIONS, len(bags) >= 1.
        words: those that shall have a vector; those of the passages among them.
        vectors: their unit vectors, shape (len(words), n).
    """
    counts: Counter[str] = Counter()
    for bag in bags:
        counts.update(bag)
    total = max(1, counts.total())
    weights = np.array([_RARITY / (_RARITY + counts[word] / total) for word in words], dtype=np.float32)
    often = weights * np.array([counts[word] for word in words], dtype=np.float32)
    words_mean = (often @ vectors / max(float(often.sum()), 1e-9)).astype(np.float32)
    passages_mean = (passages.sum(axis=0) / (len(bags) + _PRIOR)).astype(np.float32)
    moved, target = vectors - words_mean, passages - passages_mean
    sums = _unit(_bag_sums(bags, words, moved * weights[:, None]))
    fitted = _ridge(sums, target)
    axes = _principal_axes(target)
    small, small_words = _unit(target @ axes), (moved @ (fitted @ axes)).astype(np.float32)
    kept, _ = _bytes(small)
    norms = np.maximum(np.linalg.norm(kept.astype(np.float32), axis=1), 1.0)
    kept_words, scales = _bytes(small_words)
    return Distilled(kept, norms.astype(np.float32), kept_words, (scales * weights).astype(np.float32))


def _bag_sums(bags: Sequence[Counter[str]], words: Sequence[str], vectors: Floats) -> Floats:
    place = {word: index for index, word in enumerate(words)}
    sums = np.zeros((len(bags), vectors.shape[1]), dtype=np.float32)
    for row, bag in enumerate(bags):
        known = [(place[word], count) for word, count in sorted(bag.items()) if word in place]
        if known:
            sums[row] = np.array([count for _, count in known], dtype=np.float32) @ vectors[[at for at, _ in known]]
    return sums


def _ridge(sums: Floats, target: Floats) -> Floats:
    """The linear map from sums to targets that stays near the identity where the passages do not say otherwise."""
    size = sums.shape[1]
    weight = np.float32(max(_RIDGE, len(sums) / (2 * size)))
    identity = np.eye(size, dtype=np.float32)
    fitted = np.linalg.solve(sums.T @ sums + weight * identity, sums.T @ target + weight * identity)
    return fitted.astype(np.float32)


def _principal_axes(target: Floats) -> Floats:
    """Shape (n, DIMENSIONS), those of most variance first; their signs are fixed, so that equal packs are equal."""
    _, axes = np.linalg.eigh((target.T @ target).astype(np.float64))
    axes = axes[:, ::-1][:, :DIMENSIONS]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return (axes * np.where(signs == 0, 1.0, signs)).astype(np.float32)


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _bytes(vectors: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Rows as signed bytes, and what each is multiplied by to have its numbers back."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-9) / 127
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


def general_words(limit: int) -> list[str]:
    """English words that people use, the commonest first: those of the embedder's own vocabulary.

    Raises:
        Unavailable: the embedder is not installed.
    """
    return list(_vocabulary()[:limit])


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[str, ...]:
    _, vocabulary = find_minilm()
    try:
        pieces: Mapping[str, int] = json.loads(vocabulary.read_bytes())["model"]["vocab"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("The embedder's vocabulary cannot be read.", "Install chargehand[local] again.") from error
    return tuple(piece for piece in sorted(pieces, key=pieces.__getitem__) if _WORD.fullmatch(piece))


class WordVectors:
    """Vectors of single words, kept in a file: embedding ten thousand takes about 15 s.

    Args:
        folder: of what can be made again.
    """

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self._path = folder / f"words-{embedder.name}.npz"

    def of(self, words: Sequence[str]) -> Floats:
        """Unit vectors, shape (len(words), dimensions). Raises StorageFailed: the file cannot be written."""
        known = self._read()
        missing = sorted(set(words) - known.keys())
        for start in range(0, len(missing), _WORDS_AT_ONCE):
            some = missing[start : start + _WORDS_AT_ONCE]
            # Through the bytes in which they are kept, so that the first pack and the next ones are the same.
            known.update(zip(some, self._embedder.embed(some).astype(np.float16), strict=True))
        if missing:
            self._write(known)
        if not words:
            return np.zeros((0, self._embedder.dimensions), dtype=np.float32)
        return _unit(np.stack([known[word] for word in words]).astype(np.float32))

    def _read(self) -> dict[str, NDArray[np.float16]]:
        try:
            with np.load(self._path, allow_pickle=False) as kept:
                return dict(zip(kept["words"].tolist(), kept["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError):  # not there, or damaged: made anew
            return {}

    def _write(self, known: Mapping[str, NDArray[np.float16]]) -> None:
        words: Iterable[str] = sorted(known)
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex}.npz")
            try:
                np.savez(fresh, words=np.array(list(words)), vectors=np.stack([known[word] for word in words]))
                fresh.replace(self._path)
            finally:
                fresh.unlink(missing_ok=True)
