"""The device's database with the tables of one module alone."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from edge.database import Database

__all__ = ["plain_database"]


@contextmanager
def plain_database(path: Path, tables: str) -> Generator[Database]:
    """A database that is closed in the end."""

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    database = Database(path, connect)
    with database.transaction() as connection:
        for statement in filter(None, map(str.strip, tables.split(";\n"))):
            connection.execute(statement)
    try:
        yield database
    finally:
        database.close()
