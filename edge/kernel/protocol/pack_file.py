"""The file of a knowledge pack: one SQLite database that is written once and only read afterwards.

Passages are ranked by BM25 (Robertson & Zaragoza 2009), whose weights are worked out by the hub and stored with each
term, and by vectors of few dimensions. A passage has the vector that the hub's embedder gives it; a query, for which
there is no embedder on the device, has the weighted sum of its words' vectors, which the hub has fitted to stand where
the embedder would put them (in the manner of Model2Vec, Tulkens & van Dongen 2024, and of SIF, Arora et al. 2017).
"""

import array
import sys
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.protocol.artifacts import ArtifactRef

FORMAT = "chargehand-pack-1"
MEDIA_TYPE = "application/vnd.chargehand.pack+sqlite3"
COARSE = 16
"""The first dimensions, which carry most: all passages are compared by them, the best of these by all dimensions."""

TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, heading TEXT NOT NULL, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, text BLOB NOT NULL
);
CREATE TABLE terms (
    term TEXT PRIMARY KEY, passages BLOB NOT NULL, weights BLOB NOT NULL, scale REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE words (word TEXT PRIMARY KEY, scale REAL NOT NULL, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE vectors (id INTEGER PRIMARY KEY, coarse BLOB NOT NULL, fine BLOB NOT NULL, norms BLOB NOT NULL);
"""
"""
- facts: "format", "analyser", "tenant", "name", "version", "passages", "dimensions" (0: a pack without vectors).
- passages: numbered from 0; `text` is deflated (zlib); `heading` is the path of headings with " > " between.
- terms: `passages` are their numbers (`numbers`), `weights` one byte each: BM25 = weight * scale.
- words: `vector` is one signed byte for each dimension; a query is the sum of vector * scale.
- vectors: one row, id 0: for each passage one signed byte for each dimension, the first `COARSE` in one array and the
  others in another, and its norm (float32, little-endian).
"""

COLUMNS = {
    "facts": ("name", "value"),
    "documents": ("id", "name", "title"),
    "passages": ("id", "document", "heading", "start", "end", "text"),
    "terms": ("term", "passages", "weights", "scale"),
    "words": ("word", "scale", "vector"),
    "vectors": ("id", "coarse", "fine", "norms"),
}

PackName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class PackManifest(BaseModel):
    """What a hub says of a pack that it has built and keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str
    name: PackName
    version: Annotated[str, Field(min_length=1, max_length=64)]
    content: ArtifactRef
    documents: Annotated[int, Field(ge=0)]
    passages: Annotated[int, Field(ge=0)]


def numbers(values: Iterable[int]) -> bytes:
    """Whole numbers of 0 to 2**32 - 1, four bytes each, little-endian."""
    return _little_endian(array.array("I", values)).tobytes()


def numbers_from(content: bytes) -> "array.array[int]":
    """The numbers. Raises ValueError: it is not a whole number of them."""
    return _little_endian(array.array("I", content))


def _little_endian(values: "array.array[int]") -> "array.array[int]":
    if sys.byteorder == "big":
        values.byteswap()
    return values
