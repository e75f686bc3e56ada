"""Vectors of single words: the embedder's own table of word pieces, read without running the model.

Near enough to tell that "bike" is "bicycle" and "permitted" is "allowed", and cheap: no text is embedded.
"""

from __future__ import annotations

import json
import mmap
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.kernel.errors import Unavailable
from memory.embedding.embedder import find_minilm

_TABLE, _SCALES = b"inner.embeddings.word_embeddings.weight_q", b"inner.embeddings.word_embeddings.weight_scale"
_UNUSED = 1996
"""Pieces before this one are marks, letters and places that were never trained; words follow, the commonest first."""
_LONGEST_WORD = 60

Vector = NDArray[np.float32]


class WordPieces:
    """The table. Safe to use from several threads.

    Args:
        table: of whole numbers, shape (pieces, dimensions).
        scales: what each row is multiplied with, shape (pieces, 1).
        vocabulary: piece -> row; pieces within a word begin with "##".
    """

    def __init__(self, table: NDArray[np.int8], scales: Vector, vocabulary: dict[str, int]) -> None:
        self._table, self._scales, self._vocabulary = table, scales, vocabulary
        some = slice(_UNUSED, None, 16)
        self._mean: Vector = (table[some].astype(np.float32) * scales[some]).mean(axis=0)
        self.vector = lru_cache(maxsize=8192)(self._vector)

    def commonness(self, word: str) -> int | None:
        """Place of a word among the commonest of English, from 0; None where it is none of the 30,000."""
        row = self._vocabulary.get(word)
        return max(0, row - _UNUSED) if row is not None else None

    def _vector(self, word: str) -> Vector | None:
        """Unit vector of a word in lower case; None where the table has none of its pieces."""
        rows = self._rows(word[:_LONGEST_WORD])
        if not rows:
            return None
        vectors = self._table[rows].astype(np.float32) * self._scales[rows] - self._mean
        whole = vectors.mean(axis=0)
        return whole / max(float(np.linalg.norm(whole)), 1e-9)

    def _rows(self, word: str) -> list[int]:
        """The word's pieces, the longest first; none where a part of it is unknown."""
        rows: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                row = self._vocabulary.get(f"##{word[start:end]}" if start else word[:end])
                if row is not None:
                    rows.append(row)
                    start = end
                    break
            else:
                return []
        return rows


@lru_cache(maxsize=1)
def load_word_pieces() -> WordPieces | None:
    """Map the table from the packaged weights, about 30 ms; None where the `local` extra is not installed."""
    try:
        return read_word_pieces(*find_minilm())
    except Unavailable:
        return None


def read_word_pieces(weights: Path, tokenizer: Path) -> WordPieces | None:
    """The table of an ONNX file and its tokenizer; None where they have no such table."""
    try:
        vocabulary: dict[str, int] = json.loads(tokenizer.read_bytes())["model"]["vocab"]
        return _read(weights, vocabulary)
    except (OSError, KeyError, ValueError):
        return None


def _read(weights: Path, vocabulary: dict[str, int]) -> WordPieces:
    """Raises ValueError: the file has no such tables."""
    with weights.open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    size, start = _data_of(whole, _TABLE)
    table = np.frombuffer(whole, np.int8, size, start).reshape(len(vocabulary), -1)
    size, start = _data_of(whole, _SCALES)
    scales = np.frombuffer(whole, np.float32, size // 4, start).reshape(len(vocabulary), 1)
    return WordPieces(table, scales, vocabulary)


def _data_of(whole: mmap.mmap, name: bytes) -> tuple[int, int]:
    """(size in bytes, offset) of a tensor's raw data in an ONNX file: fields 8 (name) and 9 (data) of its protobuf.

    Raises ValueError: there is no such tensor.
    """
    field = b"\x42" + bytes([len(name)]) + name + b"\x4a"
    at = whole.find(field)
    if at < 0:
        raise ValueError(f"no tensor {name.decode()}")
    at += len(field)
    size = shift = 0
    while True:
        byte = whole[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return size, at
