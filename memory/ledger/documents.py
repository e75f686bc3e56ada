"""Documents with their chunks, and the outbox: each change, in its transaction; one watermark for each mirror."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from edge.kernel.errors import NotFound
from memory.documents.passages import Chunk
from memory.ledger.database import Database, batches
from memory.ledger.tables import Key, Max32, Max64, Max128, map_table, metadata

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("document_id", sa.String(32), nullable=False),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("former_chunks", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)
watermarks = sa.Table(
    "watermarks",
    metadata,
    sa.Column("store", sa.String(64), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document.

    Attributes:
        source: absolute path of the file.
        name: path relative to what was ingested; shown to users.
        content_hash: of the file's bytes and of the parser's and chunker's versions.
        text: empty where a listing leaves it out.
    """

    id: Key[Max32[str]]
    tenant: Max64[str]
    source: str
    name: str
    title: str
    media_type: Max128[str]
    content_hash: Max64[str]
    text: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """What is shown of a document beside a chunk of it; the fields are those of `StoredDocument`."""

    id: str
    name: str
    title: str


def chunk_id(document_id: str, ordinal: int) -> str:
    """Key of a document's chunk in the ledger and in every mirror."""
    return f"{document_id}:{ordinal}"


documents = map_table("documents", StoredDocument, sa.Index(None, "tenant"))
chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("id", sa.String(48), primary_key=True),
    sa.Column("document_id", sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("heading_path", sa.Text, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
_listed = [column for column in documents.c if column.name != "text"]
_found = (  # built once: it takes longer to build than to run
    sa.select(
        *(chunks.c[name] for name in ("id", "document_id", "ordinal", "heading_path", "start", "end", "text")),
        *(documents.c[name] for name in ("name", "title")),
    )
    .select_from(chunks.join(documents))
    .where(chunks.c.id.in_(sa.bindparam("ids", expanding=True)), documents.c.tenant == sa.bindparam("theirs"))
)


class Documents:
    """Reads and writes of documents; every write tells the mirrors in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, saved: Sequence[tuple[StoredDocument, Sequence[Chunk]]]) -> None:
        """Insert or replace documents, each given once, with all their chunks, in one transaction."""
        values = [_chunk_values(document.id, chunk) for document, parts in saved for chunk in parts]
        with self._database.write() as connection:
            _drop(connection, [document for document, _ in saved])
            _insert(connection, documents, [asdict(document) for document, _ in saved])
            _insert(connection, chunks, values)

    def delete(self, gone: Sequence[StoredDocument]) -> None:
        """Remove documents with their chunks, in one transaction."""
        with self._database.write() as connection:
            _drop(connection, gone)

    def get(self, document_id: str, tenant: str) -> StoredDocument:
        """Raises NotFound: there is no such document in this tenant."""
        found = self._database.rows(
            sa.select(documents).where(documents.c.id == document_id, documents.c.tenant == tenant)
        )
        if not found:
            raise NotFound(f"There is no document {document_id!r}.", "List them at /v1/documents.")
        return StoredDocument(**found[0])

    def all(self, tenant: str) -> list[StoredDocument]:
        """All documents of a tenant by name, with empty `text`."""
        query = sa.select(*_listed).where(documents.c.tenant == tenant).order_by(documents.c.name)
        return [StoredDocument(text="", **row) for row in self._database.rows(query)]

    def count(self, tenant: str) -> tuple[int, int]:
        """How many documents and how many chunks a tenant has."""
        theirs = documents.c.tenant == tenant
        query = sa.select(
            sa.select(sa.func.count()).select_from(documents).where(theirs).scalar_subquery().label("documents"),
            sa.select(sa.func.count())
            .select_from(chunks.join(documents))
            .where(theirs)
            .scalar_subquery()
            .label("chunks"),
        )
        row = self._database.rows(query)[0]
        return row["documents"], row["chunks"]

    def chunk_counts(self, tenant: str, document_id: str | None = None) -> dict[str, int]:
        """Document id -> how many chunks it has, for all documents of a tenant or one; without chunks it is absent."""
        query = (
            sa.select(chunks.c.document_id, sa.func.count().label("chunks"))
            .select_from(chunks.join(documents))
            .where(documents.c.tenant == tenant)
            .group_by(chunks.c.document_id)
        )
        if document_id is not None:
            query = query.where(documents.c.id == document_id)
        return {row["document_id"]: row["chunks"] for row in self._database.rows(query)}

    def headings_of(self, document_ids: Sequence[str]) -> dict[str, list[str]]:
        """Document id -> the headings under which its chunks stand, each once, in order; of any tenant."""
        query = (
            sa.select(chunks.c.document_id, chunks.c.heading_path)
            .where(chunks.c.document_id.in_(document_ids))
            .order_by(chunks.c.document_id, chunks.c.ordinal)
        )
        found: dict[str, list[str]] = {}
        for row in self._database.rows(query):
            path = json.loads(row["heading_path"])
            if path and path[-1] not in (kept := found.setdefault(row["document_id"], [])):
                kept.append(path[-1])
        return found

    def chunks_of(self, document_ids: Sequence[str]) -> dict[str, tuple[str, list[Chunk]]]:
        """Document id -> (title, its chunks in order), of any tenant; ids that are gone are absent."""
        titles = sa.select(documents.c.id, documents.c.title).where(documents.c.id.in_(document_ids))
        found: dict[str, tuple[str, list[Chunk]]] = {
            row["id"]: (row["title"], []) for row in self._database.rows(titles)
        }
        query = sa.select(chunks).where(chunks.c.document_id.in_(document_ids)).order_by(chunks.c.ordinal)
        for row in self._database.rows(query):
            if row["document_id"] in found:
                found[row["document_id"]][1].append(_chunk(row))
        return found

    def chunks(self, chunk_ids: Sequence[str], tenant: str) -> dict[str, tuple[NamedDocument, Chunk]]:
        """Chunk id -> (its document, the chunk), for those of the ids that this tenant has."""
        with self._database.read() as connection:
            rows: Sequence[Any] = connection.execute(_found, {"ids": list(chunk_ids), "theirs": tenant}).all()
        return {
            key: (NamedDocument(document, name, title), Chunk(ordinal, tuple(json.loads(headings)), start, end, text))
            for key, document, ordinal, headings, start, end, text, name, title in rows
        }


def _drop(connection: Connection, dropped: Sequence[StoredDocument]) -> None:
    """Remove what there is of these documents, and tell the mirrors that they changed."""
    for some in batches(dropped):
        ids = [document.id for document in some]
        theirs = chunks.c.document_id.in_(ids)
        query = sa.select(chunks.c.document_id, sa.func.count()).where(theirs).group_by(chunks.c.document_id)
        former = {row[0]: row[1] for row in connection.execute(query)}
        connection.execute(chunks.delete().where(theirs))
        connection.execute(documents.delete().where(documents.c.id.in_(ids)))
        changes = [
            {"document_id": document.id, "tenant": document.tenant, "former_chunks": former.get(document.id, 0)}
            for document in some
        ]
        _insert(connection, outbox, changes)


def _insert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _chunk_values(document_id: str, chunk: Chunk) -> dict[str, Any]:
    return {
        "id": chunk_id(document_id, chunk.ordinal),
        "document_id": document_id,
        "ordinal": chunk.ordinal,
        "heading_path": json.dumps(chunk.heading_path, ensure_ascii=False),
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
    }


def _chunk(row: Mapping[str, Any]) -> Chunk:
    return Chunk(row["ordinal"], tuple(json.loads(row["heading_path"])), row["start"], row["end"], row["text"])


_position = sa.select(watermarks.c.position).where(watermarks.c.store == sa.bindparam("mirror"))


@dataclass(frozen=True, slots=True)
class Change:
    """A document changed, or went; what it is now stands in the ledger.

    Attributes:
        position: strictly increasing.
        former_chunks: how many chunks it had before; the mirrors drop what is left over.
    """

    position: int
    document_id: str
    tenant: str
    former_chunks: int


class Outbox:
    """Reads of the outbox and the mirrors' watermarks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, store: str, limit: int) -> list[Change]:
        """The oldest changes that `store` has not applied yet."""
        query = sa.select(outbox).where(outbox.c.id > self.watermark(store)).order_by(outbox.c.id).limit(limit)
        return [
            Change(row["id"], row["document_id"], row["tenant"], row["former_chunks"])
            for row in self._database.rows(query)
        ]

    def watermark(self, store: str) -> int:
        """Position of the last change that `store` has applied; 0 when none."""
        rows = self._database.rows(_position, mirror=store)
        return rows[0]["position"] if rows else 0

    def advance(self, store: str, position: int) -> None:
        """Record durably that `store` has applied everything up to `position`."""
        with self._database.write() as connection:
            connection.execute(self._database.upsert(watermarks, {"store": store, "position": position}))
