"""An embedder without weights."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from edge.kernel.text_analysis import terms_of

__all__ = ["WordEmbedder"]


class WordEmbedder:
    """Texts with the same words have the same vector: each word adds to one of the dimensions."""

    name = "words"
    dimensions = 256

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), 256); zeros for a text without words."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in terms_of(text):
                vectors[row, crc32(term.encode()) % self.dimensions] += 1.0
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
