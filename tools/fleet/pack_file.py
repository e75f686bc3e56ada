"""Writing the file of a knowledge pack. The same passages give the same bytes."""

import math
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.kernel.protocol.pack_file import COARSE, FORMAT, TABLES, numbers
from edge.kernel.text_analysis import ANALYSER, terms_of
from memory.home import storage_errors
from tools.fleet.word_vectors import Distilled

__all__ = ["PackPassage", "WordTable", "write_pack"]

_HEADING_WEIGHT = 2.0
"""Of a word in title and headings beside 1.0 in the text, as in `memory.mirrors.lexical`."""
_K1, _B = 1.2, 0.75
"""Of BM25, as in SQLite's FTS5."""


@dataclass(frozen=True, slots=True)
class PackPassage:
    """One passage.

    Attributes:
        document, title: of the document that it stands in.
        start, end: characters of the document's text.
    """

    document: str
    title: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class WordTable:
    """Words with the vectors that go with the passages; `distilled.words` has their order."""

    words: Sequence[str]
    distilled: Distilled


def write_pack(path: Path, facts: Mapping[str, str], passages: Sequence[PackPassage], table: WordTable | None) -> None:
    """Write a pack to a file that does not exist yet.

    Args:
        facts: "tenant", "name" and "version".
        table: None for a pack that is searched by words alone.

    Raises:
        StorageFailed: the disk is full or read-only.
    """
    with storage_errors(path):
        connection = sqlite3.connect(path)
        try:
            connection.executescript(f"PRAGMA page_size=4096; PRAGMA journal_mode=OFF; {TABLES}")
            _write_facts(connection, facts, len(passages), table)
            _write_passages(connection, passages)
            connection.executemany("INSERT INTO terms VALUES (?, ?, ?, ?)", _weighted_terms(passages))
            if table is not None:
                _write_vectors(connection, table)
            connection.commit()
            connection.execute("VACUUM")
        finally:
            connection.close()


def _write_facts(
    connection: sqlite3.Connection, facts: Mapping[str, str], passages: int, table: WordTable | None
) -> None:
    dimensions = 0 if table is None else table.distilled.passages.shape[1]
    written = {
        **facts,
        "format": FORMAT,
        "analyser": ANALYSER,
        "passages": str(passages),
        "dimensions": str(dimensions),
    }
    connection.executemany("INSERT INTO facts VALUES (?, ?)", sorted(written.items()))


def _write_passages(connection: sqlite3.Connection, passages: Sequence[PackPassage]) -> None:
    documents = {name: key for key, name in enumerate(dict.fromkeys(passage.document for passage in passages))}
    titles = {passage.document: passage.title for passage in passages}
    rows = [(key, name, titles[name]) for name, key in documents.items()]
    connection.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                key,
                documents[passage.document],
                " > ".join(passage.heading_path),
                passage.start,
                passage.end,
                zlib.compress(passage.text.encode("utf-8", "replace"), 9),
            )
            for key, passage in enumerate(passages)
        ),
    )


def _weighted_terms(passages: Sequence[PackPassage]) -> Iterator[tuple[str, bytes, bytes, float]]:
    """Each term with its passages and their BM25, one byte each."""
    lengths: list[int] = []
    postings: dict[str, dict[int, float]] = {}
    for key, passage in enumerate(passages):
        heading = terms_of(" ".join((passage.title, *passage.heading_path)))
        body = terms_of(passage.text)
        lengths.append(len(heading) + len(body))
        counts: Counter[str] = Counter(body)
        often = {term: float(count) for term, count in counts.items()}
        for term in heading:
            often[term] = often.get(term, 0.0) + _HEADING_WEIGHT
        for term, frequency in often.items():
            postings.setdefault(term, {})[key] = frequency
    mean = max(1.0, sum(lengths) / max(1, len(lengths)))
    for term in sorted(postings):
        found = postings[term]
        rarity = math.log(1 + (len(passages) - len(found) + 0.5) / (len(found) + 0.5))
        scores = [
            rarity * frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * lengths[key] / mean))
            for key, frequency in found.items()
        ]
        scale = max(scores) / 255
        yield term, numbers(found), bytes(max(1, round(score / scale)) for score in scores), scale


def _write_vectors(connection: sqlite3.Connection, table: WordTable) -> None:
    small = table.distilled
    coarse = np.ascontiguousarray(small.passages[:, :COARSE]).tobytes()
    fine = np.ascontiguousarray(small.passages[:, COARSE:]).tobytes()
    connection.execute("INSERT INTO vectors VALUES (0, ?, ?, ?)", (coarse, fine, small.norms.astype("<f4").tobytes()))
    rows = zip(table.words, small.scales.tolist(), small.words, strict=True)
    connection.executemany(
        "INSERT INTO words VALUES (?, ?, ?)", ((word, scale, vector.tobytes()) for word, scale, vector in rows)
    )
