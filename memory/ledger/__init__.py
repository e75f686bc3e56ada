"""The system of record: SQLAlchemy Core on SQLite (WAL, synchronous=FULL) or on PostgreSQL by URL.

    tables.py      how the fields of a row become the columns of its table
    migrations/    brings a database to these tables
    database.py    transactions, upserts, the failures of one database
    scope.py       the tenant scope, the one place where tenants are kept apart
    repository.py  what all repositories share: find, get, list, save; optimistic concurrency
    unit.py        the unit of work: an open transaction of one tenant, with its repositories; group commit
    documents.py   documents, chunks, and the outbox of changes for the mirrors (lexical index, vectors)
    threads.py     conversations
    audit.py       the hash-chained log; idempotent calls
    ...            row, table and repository of what it is named for

What other stores mirror is written here first, with an outbox row in the same transaction (`memory/mirrors`).
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from memory.ledger.database import Database, open_database
from memory.ledger.devices import EnrolmentToken, enrolment_tokens
from memory.ledger.documents import Documents, Outbox
from memory.ledger.scope import TenantScope
from memory.ledger.tenants import ApiKey, api_keys
from memory.ledger.threads import Threads
from memory.ledger.unit import ADMINISTRATIVE, GroupCommit, Unit

__all__ = ["Ledger", "Unit", "open_ledger"]

T = TypeVar("T")


class Ledger:
    """Typed reads and writes; every write is one durable transaction. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.documents = Documents(database)
        self.outbox = Outbox(database)
        self.threads = Threads(database)
        self._group_commit = GroupCommit(self.unit)

    def grouped(self, tenant: str, work: Callable[[Unit], T]) -> T:
        """Do it in a unit that it may share with others who come at the same time; durable when this returns.

        For short work that comes often: what one changes is undone alone when it raises, and they wait for the disk
        together.

        Raises:
            StorageFailed, Unavailable: the database fails.
        """
        return self._group_commit.run(tenant, work)

    @contextmanager
    def unit(self, tenant: str) -> Generator[Unit]:
        """One transaction of one tenant: durable when the block ends, undone when it raises. Do not wait within it.

        Raises:
            StorageFailed, Unavailable: the database fails.
        """
        with self.database.write(lock=f"tenant {tenant}") as connection:
            yield Unit(TenantScope(connection, tenant, ADMINISTRATIVE))

    @contextmanager
    def view(self, tenant: str) -> Generator[Unit]:
        """One moment of one tenant, for reading; what is written in it is undone. Raises as `unit`."""
        with self.database.snapshot() as connection:
            yield Unit(TenantScope(connection, tenant, ADMINISTRATIVE))

    def find_key(self, key_hash: str) -> tuple[str, ApiKey] | None:
        """The tenant and the API key of this hash, whosever it is: who calls is not known before."""
        return self._by_hash(api_keys, ApiKey, key_hash)

    def find_enrolment(self, token_hash: str) -> tuple[str, EnrolmentToken] | None:
        """The tenant and the enrolment token of this hash, whosever it is."""
        return self._by_hash(enrolment_tokens, EnrolmentToken, token_hash)

    def _by_hash(self, table: sa.Table, row: type[T], digest: str) -> tuple[str, T] | None:
        found = self.database.rows(sa.select(table).where(table.c.hash == digest))
        return (found[0].pop("tenant"), row(**found[0])) if found else None

    def close(self) -> None:
        self.database.close()


def open_ledger(path: Path, url: str | None = None) -> Ledger:
    """Open the ledger in a SQLite file, or at `url` on PostgreSQL, bringing its tables up to date.

    Raises:
        InvalidInput: `url` is not one of PostgreSQL.
        StorageFailed: the file is not a ledger, was written by a newer release, or the disk fails.
        Unavailable: the server does not answer.
    """
    return Ledger(open_database(path, url))
