"""The system of record: SQLAlchemy Core on SQLite (WAL, synchronous=FULL) or on any database by URL.

    schema.py        the tables
    database.py      transactions, upserts, the storage errors of one database
    documents.py     documents and their chunks
    outbox.py        what the mirrors (lexical index, vectors) have yet to apply
    threads.py       conversations
    evaluations.py   finished evaluations

What other stores mirror is written here first, with an outbox row in the same transaction (`memory/projection.py`).
"""

from dataclasses import dataclass
from pathlib import Path

from memory.ledger.database import Database, open_database
from memory.ledger.documents import Documents
from memory.ledger.evaluations import Evaluations
from memory.ledger.outbox import Outbox
from memory.ledger.threads import Threads

__all__ = ["Ledger", "open_ledger"]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Typed reads and writes; every write is one durable transaction. Safe to use from several threads."""

    database: Database
    documents: Documents
    outbox: Outbox
    threads: Threads
    evaluations: Evaluations

    def close(self) -> None:
        self.database.close()


def open_ledger(path: Path) -> Ledger:
    """Open the ledger, making its tables where they are missing.

    Raises:
        StorageFailed: the file is not a ledger, was written by a newer release, or the disk fails.
    """
    database = open_database(path)
    return Ledger(database, Documents(database), Outbox(database), Threads(database), Evaluations(database))
