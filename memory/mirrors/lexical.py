"""The lexical index: BM25 (Robertson & Zaragoza 2009) by SQLite FTS5 over text that `terms_of` prepared."""

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Chunk
from memory.home import sqlite_address, storage_errors
from memory.ledger.documents import chunk_id
from memory.mirrors.projection import Mirror, unheard

ANALYSER_VERSION = 3
"""Raised whenever `terms_of` gives other terms for the same text: the index is then made anew."""

_TENANT_SHIFT = 40
"""Of the row number: the bits above say whose chunk it is."""
_TABLES = """
CREATE VIRTUAL TABLE IF NOT EXISTS terms USING fts5(heading, body, tokenize='unicode61');
CREATE TABLE IF NOT EXISTS tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS entries (
    rowid INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE, document_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_document ON entries (document_id);
"""
_SEARCH = """
SELECT json_group_array(json_array(chunk_id, score)) FROM (
    SELECT rowid AS entry, -bm25(terms, ?, 1.0) AS score FROM terms
    WHERE terms MATCH ? AND rowid BETWEEN ? AND ? ORDER BY score DESC LIMIT ?
) JOIN entries ON entries.rowid = entry
"""
"""All rows as one: the driver gives Python's lock away and waits for it again at each row."""

_FREQUENCIES = """
SELECT json_group_object(
    term.key, (SELECT count(*) FROM terms WHERE terms MATCH term.value AND rowid BETWEEN ? AND ?)
) FROM json_each(?) AS term
"""


class LexicalIndex(Mirror):
    """A mirror of the ledger's chunks. One lock serialises the connection; a query takes about a millisecond."""

    name = "lexical"

    heading_weight = 2.0
    """Weight of a term in title and headings beside 1.0 in the text; from `tests/bench/retrieval.py`."""

    def __init__(self, connection: sqlite3.Connection, where: Path) -> None:
        self._connection = connection
        self._where = where
        self._lock = threading.Lock()

    def damaged(self) -> bool:
        """Whether the index is new, or was written by a release that analysed text in another way."""
        with self._lock, storage_errors(self._where):
            return self._connection.execute("PRAGMA user_version").fetchone()[0] != ANALYSER_VERSION

    def clear(self) -> None:
        """Hold nothing."""
        with self._lock, storage_errors(self._where), self._connection:
            self._connection.execute("DELETE FROM terms")
            self._connection.execute("DELETE FROM entries")
            self._connection.execute("PRAGMA user_version = 0")

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        """Make the index hold exactly these chunks of the document; durable after `flush`.

        Args:
            former: not needed here: entries are found by their document.
        """
        with self._lock, storage_errors(self._where):
            self._drop(document_id)
            if not chunks:
                return
            first = self._next_row(tenant)
            for row, chunk in enumerate(chunks, first):
                heading = " ".join(terms_of(" ".join((title, *chunk.heading_path))))
                body = " ".join(terms_of(chunk.text))
                self._connection.execute(
                    "INSERT INTO terms (rowid, heading, body) VALUES (?, ?, ?)", (row, heading, body)
                )
                self._connection.execute(
                    "INSERT INTO entries (rowid, chunk_id, document_id) VALUES (?, ?, ?)",
                    (row, chunk_id(document_id, chunk.ordinal), document_id),
                )

    def flush(self, tell: Callable[[float], None] = unheard) -> None:
        """Make what was replaced durable and visible to other processes."""
        with self._lock, storage_errors(self._where):
            self._connection.execute(f"PRAGMA user_version = {ANALYSER_VERSION}")
            self._connection.commit()

    def rollback(self) -> None:
        """Undo what was replaced since the last `flush`."""
        with self._lock:
            self._connection.rollback()

    def search(self, terms: Sequence[str], tenant: str, limit: int) -> list[tuple[str, float]]:
        """Rank chunks by BM25 of any of the terms: (chunk id, score > 0), best first.

        How rare a term is counts over all tenants; what is found is the tenant's alone.
        """
        if not terms:
            return []
        query = " OR ".join(_quoted(term) for term in dict.fromkeys(terms))
        with self._lock, storage_errors(self._where):
            rows = self._one(_SEARCH, self.heading_weight, query, *self._rows_of(tenant), limit)[0]
        found = [(str(chunk), float(score)) for chunk, score in json.loads(rows)]
        return sorted(found, key=lambda row: (-row[1], row[0]))

    def document_frequencies(self, terms: Sequence[str], tenant: str) -> tuple[dict[str, int], int]:
        """In how many of the tenant's chunks each term stands, and how many chunks there are."""
        with self._lock, storage_errors(self._where):
            rows, quoted = self._rows_of(tenant), {term: _quoted(term) for term in terms}
            frequencies = json.loads(self._one(_FREQUENCIES, *rows, json.dumps(quoted))[0])
            total = self._one("SELECT count(*) FROM entries WHERE rowid BETWEEN ? AND ?", *rows)[0]
        return frequencies, total

    def ids(self, tenant: str) -> set[str]:
        """Ids of all the tenant's chunks."""
        with self._lock, storage_errors(self._where):
            query = "SELECT chunk_id FROM entries WHERE rowid BETWEEN ? AND ?"
            return {row[0] for row in self._connection.execute(query, self._rows_of(tenant))}

    def reopen(self) -> None:
        """Nothing is held in memory: SQLite shows what other processes wrote."""

    def close(self) -> None:
        self._connection.close()

    def _drop(self, document_id: str) -> None:
        rows = self._connection.execute("SELECT rowid FROM entries WHERE document_id = ?", (document_id,)).fetchall()
        self._connection.executemany("DELETE FROM terms WHERE rowid = ?", rows)
        self._connection.executemany("DELETE FROM entries WHERE rowid = ?", rows)

    def _rows_of(self, tenant: str) -> tuple[int, int]:
        """First and last row that a tenant's chunks may have: FTS5 skips the others without looking at them."""
        found = self._connection.execute("SELECT id FROM tenants WHERE name = ?", (tenant,)).fetchone()
        return (found[0] << _TENANT_SHIFT, ((found[0] + 1) << _TENANT_SHIFT) - 1) if found else (0, 0)

    def _next_row(self, tenant: str) -> int:
        self._connection.execute("INSERT INTO tenants (name) VALUES (?) ON CONFLICT DO NOTHING", (tenant,))
        first, last = self._rows_of(tenant)
        return self._one(
            "SELECT coalesce(max(rowid), ?) + 1 FROM entries WHERE rowid BETWEEN ? AND ?", first, first, last
        )[0]

    def _one(self, query: str, *parameters: str | float) -> tuple[Any, ...]:
        return self._connection.execute(query, parameters).fetchone()


def _quoted(term: str) -> str:
    """A string of FTS5's query language, whatever is in it."""
    return '"{}"'.format(term.replace('"', '""').replace("\0", ""))


def open_lexical_index(path: Path) -> LexicalIndex:
    """Open the index, making it where it is missing.

    Raises:
        StorageFailed: the file cannot be opened.
    """
    with storage_errors(path):
        address = sqlite_address(path)
        connection = sqlite3.connect(address, timeout=30, check_same_thread=False, uri=True)
        if "mode=rwc" not in address:
            return LexicalIndex(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # else a power cut loses what the watermark says is there
        connection.executescript(_TABLES)
        connection.commit()
    return LexicalIndex(connection, path)
