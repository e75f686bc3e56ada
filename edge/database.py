"""The one SQLite file of a device: transactions that are durable when they end, and what goes wrong with the disk."""

import importlib
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.kernel.errors import StorageFailed

SCHEMA_VERSION = 1

_OWNERS = (
    "edge.configuration",
    "edge.jobs.store",
    "edge.model_lifecycle.store",
    "edge.outbox_backlog",
    "edge.questions",
    "edge.reminders",
    "edge.sensors.board",
    "edge.sensors.watches",
    "edge.state",
)
"""Modules that own tables: each has `TABLES`, SQL that makes them where they are not there yet."""

Connect = Callable[[Path], sqlite3.Connection]


class Database:
    """One file, one writer at a time; use `open_database`.

    Several threads may share it. Another process may have the same file open: each waits for the other.
    """

    def __init__(self, path: Path, connect: Connect) -> None:
        self.path = path
        self._connect = connect
        self._lock = threading.RLock()
        self._writer = connect(path)
        self._depth = 0
        self._owner: int | None = None
        self._idle_lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """One transaction: durable when the block ends, undone when it raises. What it reads stays true meanwhile.

        Within a block of the same thread, it is a part of that one: undone alone where it raises, durable with it.

        Raises:
            StorageFailed: the disk is full, read-only or broken; nothing of the block stays.
        """
        with self._lock, _storage_errors(self.path):
            part = f"part{self._depth}" if self._depth else ""
            self._writer.execute(f"SAVEPOINT {part}" if part else "BEGIN IMMEDIATE")
            self._depth += 1
            self._owner = threading.get_ident()
            try:
                yield self._writer
                self._writer.execute(f"RELEASE {part}" if part else "COMMIT")
            except BaseException:
                self._undo(part)
                raise
            finally:
                self._depth -= 1
                self._owner = self._owner if self._depth else None

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """Statements that all see one moment. Within a transaction of the same thread they see what it wrote.

        Raises:
            StorageFailed: the disk is broken.
        """
        if self._owner == threading.get_ident():
            yield self._writer
            return
        with _storage_errors(self.path):
            connection = self._reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                with suppress(sqlite3.Error):  # What failed is being raised already.
                    connection.rollback()
                with self._idle_lock:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close the file; no thread may be within a block."""
        with self._lock, self._idle_lock:
            for connection in (*self._idle, self._writer):
                connection.close()
            self._idle.clear()

    def _reader(self) -> sqlite3.Connection:
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        connection = self._connect(self.path)
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _undo(self, part: str) -> None:
        """SQLite has undone the whole by itself where the disk failed it."""
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute(f"ROLLBACK TO {part}" if part else "ROLLBACK")
                if part:
                    self._writer.execute(f"RELEASE {part}")


RESERVE_BYTES = 1 << 20
"""Kept beside the file, and given up where the disk is so full that the file could not be opened."""


def open_database(path: Path, connect: Connect | None = None) -> Database:
    """Open the file, making it and its tables where they are not there yet; nobody but its user may read it.

    Args:
        connect: opens the file; for tests that let it fail.

    Raises:
        StorageFailed: it cannot be opened, is no database of a device, or is of a newer release.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"{path.parent} cannot be made: {error.strerror}.") from error
    reserve = path.with_name(f".{path.name}.reserve")
    try:
        database = _open(path, connect or _connect)
    except StorageFailed:
        if not reserve.exists():
            raise
        reserve.unlink(missing_ok=True)  # the disk may be full: its log and index need some room
        database = _open(path, connect or _connect)
    if connect is None:
        _keep_reserve(reserve)
    return database


def _open(path: Path, connect: Connect) -> Database:
    with _storage_errors(path):
        database = Database(path, connect)
        try:
            _make_tables(database)
        except BaseException:
            database.close()
            raise
    return database


def _keep_reserve(reserve: Path) -> None:
    """Take the room where there is plenty of it."""
    with suppress(OSError):
        if not reserve.exists() and shutil.disk_usage(reserve.parent).free > 8 * RESERVE_BYTES:
            descriptor = os.open(reserve, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            finally:
                os.close(descriptor)


def read_database(path: Path) -> Database:
    """The file as it is, for who only looks: nothing is written, so a full disk does not matter.

    Where the file is not there yet it is made, as by `open_database`.

    Raises:
        StorageFailed: it cannot be read; whatever writes to it raises so, too.
    """
    if not path.exists():
        return open_database(path)
    with _storage_errors(path):
        return Database(path, _connect_to_read)


def _make_tables(database: Database) -> None:
    with database.read() as connection:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if found == SCHEMA_VERSION and _named_in_tables() <= there:
        return  # nothing is written, so that it works on a full disk
    with database.transaction() as connection:
        if found > SCHEMA_VERSION:
            raise StorageFailed(
                f"{database.path} was written by a newer release (schema {found}, this one knows {SCHEMA_VERSION}).",
                "Install the newer release.",
            )
        for owner in _OWNERS:
            tables: str = importlib.import_module(owner).TABLES
            for statement in filter(None, map(str.strip, tables.split(";\n"))):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _named_in_tables() -> set[str]:
    """Names of all tables and indexes that there are to be."""
    made = re.compile(r"CREATE (?:UNIQUE )?(?:TABLE|INDEX) IF NOT EXISTS (\w+)")
    return {name for owner in _OWNERS for name in made.findall(importlib.import_module(owner).TABLES)}


def _make_private(path: Path) -> None:
    """What SQLite makes beside the file has the file's rights."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if one.exists() and one.stat().st_mode & 0o077:
                one.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    _make_private(path)
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=4194304"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Its log is read, too, if there is one. Where there is none, and no room to begin one, the file is all there is.

    SQLite ends the log when the last process closes the file, and leaves it, with its index, where a process died.
    """
    connection = sqlite3.connect(_uri(path, "mode=ro"), uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(_uri(path, "immutable=1"), uri=True, isolation_level=None, check_same_thread=False)
    return connection


def _uri(path: Path, option: str) -> str:
    return f"{path.absolute().as_uri()}?{option}"


@contextmanager
def _storage_errors(path: Path) -> Generator[None]:
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):  # A fault of ours, not of the disk's.
        raise
    except sqlite3.DatabaseError as error:
        raise StorageFailed(f"{path} cannot be used: {error}.", _ADVICE.get(_code(error), "")) from error


_ADVICE = {
    sqlite3.SQLITE_FULL: "Free space on the disk.",
    sqlite3.SQLITE_IOERR: "See whether the disk is full or failing.",
    sqlite3.SQLITE_READONLY: "Make the folder writable.",
    sqlite3.SQLITE_CANTOPEN: "Check the folder's owner and rights.",
    sqlite3.SQLITE_CORRUPT: "Move the file away; the device begins a new history.",
    sqlite3.SQLITE_NOTADB: "Move the file away; the device begins a new history.",
    sqlite3.SQLITE_BUSY: "Another process holds the file: wait, or end it.",
}


def _code(error: sqlite3.Error) -> int:
    """The primary result code, without what SQLite adds to it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
