"""Transactions, upserts and the storage errors of one database."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from memory.errors import StorageFailed
from memory.home import storage_errors
from memory.ledger.schema import SCHEMA_VERSION, metadata

__all__ = ["Database", "open_database"]


class Database:
    """One database of the ledger."""

    def __init__(self, engine: Engine, where: Path) -> None:
        self._engine = engine
        self._where = where

    @contextmanager
    def write(self) -> Generator[Connection]:
        """One transaction: durable when the block ends, undone when it raises. What it reads stays true meanwhile."""
        with storage_errors(self._where), self._engine.begin() as connection:
            _begin(connection)
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        with storage_errors(self._where), self._engine.connect() as connection:
            yield connection

    def upsert(self, table: sa.Table, values: Mapping[str, Any]) -> sa.Executable:
        """A statement that inserts `values`, or overwrites the row of the same primary key."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        key = [column.name for column in table.primary_key.columns]
        statement = dialect.insert(table).values(dict(values))
        return statement.on_conflict_do_update(index_elements=key, set_=dict(values))

    def rows(self, query: sa.Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
        """All rows of a query by column name."""
        with self.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def close(self) -> None:
        self._engine.dispose()


def open_database(path: Path) -> Database:
    """Open the SQLite file, making its tables where they are missing.

    Raises:
        StorageFailed: the file is not a ledger, was written by a newer release, or the disk fails.
    """
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure)
    with storage_errors(path), engine.begin() as connection:
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > SCHEMA_VERSION:
            raise StorageFailed(
                f"{path} was written by a newer release (schema {version}, this one knows {SCHEMA_VERSION}).",
                "Install the newer release.",
            )
        if version < SCHEMA_VERSION:
            _begin(connection)  # another process may be making the tables, too
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return Database(engine, path)


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock at once: a transaction that reads first could not get it later."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _configure(connection: Any, _record: object) -> None:
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
