"""What the mirrors have yet to apply: rows written with the change they tell of, one watermark for each mirror."""

from dataclasses import dataclass

import sqlalchemy as sa

from memory.ledger.database import Database
from memory.ledger.tables import metadata

__all__ = ["Change", "Outbox"]

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
