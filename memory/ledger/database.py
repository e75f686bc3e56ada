"""Transactions, upserts and the failures of one database."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, InterfaceError, InternalError, OperationalError

from edge.kernel.errors import InvalidInput, StorageFailed, Unavailable
from memory.home import sqlite_address, storage_errors
from memory.ledger.migrations import found_version, migrate
from memory.ledger.tables import SCHEMA_VERSION

T = TypeVar("T")

_EVERYTHING = "ledger"
_VALUES_AT_ONCE = 500
"""SQLite takes 32766 values in one statement, older releases 999."""
_FULL = "53100"
_READ_ONLY = "25006"
"""SQLSTATE of PostgreSQL: disk_full, read_only_sql_transaction."""


class Database:
    """One database of the ledger.

    Args:
        guard: turns the driver's errors into ours.
    """

    def __init__(self, engine: Engine, guard: Callable[[], AbstractContextManager[None]]) -> None:
        self._engine = engine
        self._guard = guard

    @contextmanager
    def write(self, lock: str = _EVERYTHING) -> Generator[Connection]:
        """One transaction: durable when the block ends, undone when it raises. What it reads stays true meanwhile.

        Args:
            lock: writers of one name go one after the other, so that rows that are numbered come in order. SQLite has
                one writer at a time anyway.
        """
        with self._guard(), self._engine.begin() as connection:
            _begin(connection, lock)
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Statements that each see what is newest."""
        with self._guard(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Generator[Connection]:
        """Statements that all see one moment; nothing can be written."""
        with self._guard(), self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    def upsert(self, table: sa.Table, values: Mapping[str, Any]) -> sa.Executable:
        """As the function `upsert`."""
        return upsert(self._engine.dialect.name, table, values)

    def rows(self, query: sa.Select[*tuple[Any, ...]], **values: Any) -> list[dict[str, Any]]:
        """All rows of a query by column name, with the values of its parameters."""
        with self.read() as connection:
            return [dict(row) for row in connection.execute(query, values).mappings()]

    def close(self) -> None:
        self._engine.dispose()


def upsert(dialect: str, table: sa.Table, values: Mapping[str, Any]) -> sa.Executable:
    """A statement that inserts `values`, or overwrites the row of the same primary key.

    Args:
        dialect: "sqlite" or "postgresql".
    """
    key = [column.name for column in table.primary_key.columns]
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table).values(dict(values))
    return statement.on_conflict_do_update(index_elements=key, set_=dict(values))


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many of the values at a time as one statement takes."""
    for start in range(0, len(values), _VALUES_AT_ONCE):
        yield values[start : start + _VALUES_AT_ONCE]


def open_database(path: Path, url: str | None = None) -> Database:
    """Open the SQLite file, or the PostgreSQL database at `url`, bringing its tables up to date.

    Raises:
        InvalidInput: `url` is not one of PostgreSQL.
        StorageFailed: the file is not a ledger, it was written by a newer release, or the disk fails.
        Unavailable: the server does not answer.
    """
    if url is None:
        with storage_errors(path):
            address = sqlite_address(path)
        engine = sa.create_engine(f"sqlite:///{address}&uri=true", connect_args={"timeout": 30})
        event.listen(engine, "connect", _configure if "mode=rwc" in address else _configure_reader)
        database, where = Database(engine, lambda: storage_errors(path)), str(path)
    else:
        address = _address(url)
        where = address.render_as_string(hide_password=True)
        database = Database(sa.create_engine(address, pool_pre_ping=True), lambda: _server_errors(where))
    try:
        _bring_up_to_date(database, where)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def _server_errors(where: str) -> Generator[None]:
    """Turn what a database server cannot help into our errors; a mistake in a statement stays what it is.

    Args:
        where: the address, without the password.

    Raises:
        Unavailable: the server does not answer, or the connection broke.
        StorageFailed: its disk is full, or it takes no writes.
    """
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _FULL:
            raise StorageFailed(f"The disk of the ledger at {where} is full.", "Free some space.") from error
        if state == _READ_ONLY:
            raise StorageFailed(f"The ledger at {where} takes no writes.", "Name the primary.") from error
        first = str(error.orig).strip().partition("\n")[0]
        raise Unavailable(f"The ledger at {where} does not answer: {first}.", "Start its server.") from error


def _bring_up_to_date(database: Database, where: str) -> None:
    with database.read() as connection:
        found = found_version(connection)
    if found > SCHEMA_VERSION:
        raise StorageFailed(
            f"{where} was written by a newer release (schema {found}, this one knows {SCHEMA_VERSION}).",
            "Install the newer release.",
        )
    if found < SCHEMA_VERSION:
        with database.write() as connection:  # another process may be doing it, too
            migrate(connection)


def _address(url: str) -> sa.URL:
    advice = "Use postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave CHARGEHAND_LEDGER_URL out for a file."
    try:
        address = sa.make_url(url)
    except ArgumentError as error:
        raise InvalidInput("The address of the ledger is not a URL.", advice) from error
    if address.get_backend_name() not in {"postgres", "postgresql"}:
        raise InvalidInput(f"The ledger cannot be kept in {address.get_backend_name()}.", advice)
    return address.set(drivername="postgresql+psycopg")


def _begin(connection: Connection, lock: str) -> None:
    """Take the lock at once: on SQLite a transaction that reads first could not get it later."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(lock, 0))))


def _configure_reader(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=30000")


def _configure(connection: Any, _record: object) -> None:
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
