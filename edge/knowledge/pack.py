"""One knowledge pack: opened once its digest is checked, then searched. Nothing but Python and SQLite is needed."""

import math
import sqlite3
import sys
import threading
import zlib
from array import array
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import nlargest
from operator import mul
from pathlib import Path
from typing import Any

from edge.files import file_digest
from edge.kernel.errors import NotFound, StorageFailed, Untrusted
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.pack_file import COARSE, COLUMNS, FORMAT, numbers_from
from edge.kernel.text_analysis import ANALYSER, terms_of, words_of


def min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """Scores moved to 0 to 1; all 1 where they are the same."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


def fused(lexical: Mapping[int, float], similar: Mapping[int, float], weight: float) -> dict[int, float]:
    """A convex combination of normalised scores (Bruch, Gai, Ingber 2023), 0 to 1.

    Args:
        similar: empty where there are no vectors; then only words count.
        weight: of the vectors, 0 to 1.
    """
    if not similar or weight == 0:
        return min_max(lexical)
    words = min_max({key: lexical.get(key, 0.0) for key in similar} | dict(lexical))
    if not lexical:
        weight = 1.0
    vectors = min_max(similar)
    return {key: (1 - weight) * score + weight * vectors.get(key, 0.0) for key, score in words.items()}


def by_score(scores: Mapping[int, float]) -> list[int]:
    """Keys, best first; the smaller key first where they are equal."""
    return sorted(scores, key=lambda key: (-scores[key], key))


def chinese_share(text: str) -> float:
    """The part of the text's characters that are Chinese, 0 to 1: they have no vectors."""
    letters = [letter for letter in text if not letter.isspace()]
    return sum("\u3400" <= letter <= "\u9fff" for letter in letters) / len(letters) if letters else 0.0


_CANDIDATES = 60
"""That each of words and vectors brings in."""
_CLOSER_LOOK = 5 * _CANDIDATES
_VECTOR_WEIGHT = 0.4
_FEEDBACK = 2
_FEEDBACK_WEIGHT = 0.5
"""As in the hub's retriever: the query's vector is moved towards the best passages (Rocchio 1971), and they are scored
once more. What this is worth is measured by `tests/bench/edge_pack.py`."""
_LONGEST_TEXT = 1 << 20
_MOST_WORDS = 64
"""Different words of a query that count."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, with what is needed to cite it.

    Attributes:
        document, title: the document's name on the hub, and its title.
        heading: headings from the outermost inwards with " > " between; may be empty.
        start, end: characters of the document's text.
        score: 0 to 1, comparable within one search of one pack.
        lexical: BM25; 0 where no word of the query stands in it.
        similarity: cosine; None where query or pack have no vectors.
    """

    pack: str
    document: str
    title: str
    heading: str
    start: int
    end: int
    text: str
    score: float
    lexical: float
    similarity: float | None


class Pack:
    """An open pack; use `open_pack`. Any thread may search."""

    def __init__(self, connection: sqlite3.Connection, where: Path, facts: dict[str, str]) -> None:
        self.name = facts["name"]
        self.version = facts["version"]
        self.passages = int(facts["passages"])
        self._connection = connection
        self._where = where
        self._lock = threading.Lock()
        self._vectors = _Vectors.read(connection, self.passages, int(facts["dimensions"]))

    def search(self, query: str, limit: int, check_time: Callable[[], None] = lambda: None) -> list[Found]:
        """Passages for a query, best first; none where nothing in the pack has to do with it.

        Args:
            check_time: asked now and then; what it raises ends the search.

        Raises:
            StorageFailed: the file cannot be read any more.
        """
        lexical = self._by_words(terms_of(query), check_time)
        vector = self._vector(words_of(query)) if self._vectors is not None else None
        if self._vectors is None or vector is None:
            best = dict(nlargest(limit, lexical.items(), key=lambda item: (item[1], -item[0])))
            return self._found(fused(best, {}, 0.0), lexical, {}, limit)
        weight = _VECTOR_WEIGHT * (1 - chinese_share(query))
        leading = nlargest(_CANDIDATES, lexical, key=lambda key: (lexical[key], -key))
        candidates = dict.fromkeys([*leading, *self._vectors.nearest(vector, _CANDIDATES, check_time)])
        known = {key: lexical[key] for key in candidates if key in lexical}
        similar = self._vectors.cosines(vector, candidates)
        scores = fused(known, similar, weight)
        moved = self._vectors.moved(vector, by_score(scores)[:_FEEDBACK])
        scores = fused(known, self._vectors.cosines(moved, candidates), weight)
        return self._found(scores, lexical, similar, limit)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _by_words(self, terms: Sequence[str], check_time: Callable[[], None]) -> dict[int, float]:
        """Passage -> BM25, of those that hold any of the terms."""
        scores: dict[int, float] = {}
        for term in list(dict.fromkeys(terms))[:_MOST_WORDS]:
            check_time()
            for passages, weights, scale in self._rows(
                "SELECT passages, weights, scale FROM terms WHERE term = ?", (term,)
            ):
                for passage, weight in zip(numbers_from(passages), weights, strict=True):
                    scores[passage] = scores.get(passage, 0.0) + weight * scale
        return scores

    def _vector(self, words: Sequence[str]) -> list[float] | None:
        """The query's vector, of norm 1; None where none of its words has one."""
        chosen = list(dict.fromkeys(words))[:_MOST_WORDS]
        marks = ",".join("?" * len(chosen))
        rows = self._rows(f"SELECT scale, vector FROM words WHERE word IN ({marks})", chosen)  # noqa: S608  # marks only
        scaled = ([part * scale for part in array("b", vector)] for scale, vector in rows)
        sums = [math.fsum(parts) for parts in zip(*scaled, strict=True)]
        norm = math.hypot(*sums)
        return [part / norm for part in sums] if norm > 0 else None

    def _found(
        self, scores: dict[int, float], lexical: dict[int, float], similar: dict[int, float], limit: int
    ) -> list[Found]:
        found: list[Found] = []
        for key in by_score(scores)[:limit]:
            for name, title, heading, start, end, text in self._rows(
                'SELECT name, title, heading, start, "end", text FROM passages'
                " JOIN documents ON documents.id = document WHERE passages.id = ?",
                (key,),
            ):
                found.append(
                    Found(
                        self.name, name, title, heading, start, end, _text(text),
                        round(scores[key], 4), round(lexical.get(key, 0.0), 4),
                        None if key not in similar else round(similar[key], 4),
                    )
                )  # fmt: skip
        return found

    def _rows(self, query: str, parameters: Sequence[object]) -> list[Any]:
        with self._lock, _storage_errors(self._where):
            return self._connection.execute(query, parameters).fetchall()


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Of all passages: signed bytes, `COARSE` of each in one array and the others in another, and norms."""

    coarse: "array[int]"
    fine: "array[int]"
    norms: "array[float]"
    dimensions: int

    @classmethod
    def read(cls, connection: sqlite3.Connection, passages: int, dimensions: int) -> "_Vectors | None":
        """None for a pack without vectors. Raises ValueError: they are not those of so many passages."""
        if dimensions == 0 or passages == 0:
            return None
        coarse, fine, norms = connection.execute("SELECT coarse, fine, norms FROM vectors WHERE id = 0").fetchone()
        read = cls(array("b", coarse), array("b", fine), _floats(norms), dimensions)
        sizes = (passages * COARSE, passages * (dimensions - COARSE), passages)
        if dimensions <= COARSE or (len(read.coarse), len(read.fine), len(read.norms)) != sizes:
            raise ValueError("the vectors are not complete")
        return read

    def nearest(self, vector: Sequence[float], limit: int, check_time: Callable[[], None]) -> list[int]:
        """The passages nearest to a vector: all are compared by the first dimensions, the best of them by all."""
        front, coarse, scores = vector[:COARSE], self.coarse, list[float]()
        for start in range(0, len(self.norms), 512):
            check_time()
            part = coarse[start * COARSE : (start + 512) * COARSE]
            scores.extend(sum(map(mul, front, part[at : at + COARSE])) for at in range(0, len(part), COARSE))
        roughly = [score / norm for score, norm in zip(scores, self.norms, strict=True)]
        some = nlargest(_CLOSER_LOOK, range(len(roughly)), key=roughly.__getitem__)
        exactly = self.cosines(vector, some)
        return nlargest(limit, exactly, key=lambda key: (exactly[key], -key))

    def cosines(self, vector: Sequence[float], keys: Iterable[int]) -> dict[int, float]:
        """Passage -> cosine to a vector of norm 1."""
        return {key: sum(map(mul, vector, self.row(key))) / self.norms[key] for key in keys}

    def moved(self, vector: Sequence[float], keys: Sequence[int]) -> list[float]:
        """The vector moved towards the mean of passages, of norm 1 again."""
        share = _FEEDBACK_WEIGHT / max(1, len(keys))
        for key in keys:
            factor = share / self.norms[key]
            vector = [here + factor * there for here, there in zip(vector, self.row(key), strict=True)]
        norm = math.hypot(*vector) or 1.0
        return [part / norm for part in vector]

    def row(self, key: int) -> "array[int]":
        """A passage's vector."""
        rest = self.dimensions - COARSE
        return self.coarse[key * COARSE : (key + 1) * COARSE] + self.fine[key * rest : (key + 1) * rest]


def open_pack(path: Path, content: ArtifactRef) -> Pack:
    """Open a pack, once it is shown to be what the reference says.

    Args:
        content: as the hub has signed it.

    Raises:
        NotFound: there is no such file.
        Untrusted: the file is not what the hub signed, or not a pack that this release reads.
        StorageFailed: it cannot be read.
    """
    try:
        found = file_digest(path)
    except FileNotFoundError as error:
        raise NotFound(f"The pack {path.name} is not on this device.", "It comes with an exchange.") from error
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error
    if found != content.digest:
        raise Untrusted(f"{path.name} is not the pack that the hub signed.", "It is fetched again.")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        return Pack(connection, path, _facts(connection))
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
        connection.close()
        raise Untrusted(f"{path.name} is no pack that this release can read.", "Build it again.") from error


def _facts(connection: sqlite3.Connection) -> dict[str, str]:
    """Raises ValueError, KeyError: the tables or facts are not those of a pack."""
    query = "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    kinds: dict[str, str] = dict(connection.execute(query))
    if kinds != dict.fromkeys(COLUMNS, "table"):
        raise ValueError("other tables")
    for table, columns in COLUMNS.items():
        if tuple(row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))) != columns:
            raise ValueError(f"other columns in {table}")
    facts: dict[str, str] = dict(connection.execute("SELECT name, value FROM facts"))
    if (facts["format"], facts["analyser"]) != (FORMAT, ANALYSER):
        raise ValueError("another format")
    return facts


def _floats(content: bytes) -> "array[float]":
    values = array("f", content)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _text(packed: bytes) -> str:
    """Raises StorageFailed: it is damaged, or longer than any passage is."""
    try:
        return zlib.decompressobj().decompress(packed, _LONGEST_TEXT).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StorageFailed("A passage of the pack is damaged.", "It is fetched again.") from error


@contextmanager
def _storage_errors(where: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageFailed(f"{where} cannot be read: {error}.", "The pack is fetched again.") from error
