"""SQLite files that crash their process at commits, and disks that are full."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["Crash", "FaultyDisk"]


class Crash(BaseException):
    """The process is dead: nothing of it goes on."""


class FaultyDisk:
    """The file of one device, over all its processes.

    Args:
        die_at: asked before and after each commit; raises `Crash` where the process ends.
        loses: statements that begin so do nothing; empty for none.
    """

    def __init__(self, path: Path, die_at: Callable[[str], None], loses: str = "") -> None:
        self.path = path
        self.loses = loses
        self.full = False
        self.commits = 0
        self._die_at = die_at
        self._open: list[_Connection] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        """For the process that begins now. Nothing is flushed: what is simulated is the process's end, not the power's."""
        connection = sqlite3.connect(path, factory=_Connection, isolation_level=None, check_same_thread=False)
        connection.disk = self
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "wal_autocheckpoint=200"):
            sqlite3.Connection.execute(connection, f"PRAGMA {pragma}")
        self._open.append(connection)
        if self.full:
            self.fill()
        return connection

    def end_process(self) -> None:
        """Close the file as the system does for a dead process: what was not committed is gone."""
        for connection in self._open:
            connection.disk = None
            connection.close()
        self._open.clear()

    def fill(self) -> None:
        """No file can grow any more."""
        self.full = True
        for connection in self._open:
            (pages,) = sqlite3.Connection.execute(connection, "PRAGMA page_count").fetchone()
            sqlite3.Connection.execute(connection, f"PRAGMA max_page_count={max(pages, 1)}")

    def free(self) -> None:
        self.full = False
        for connection in self._open:
            sqlite3.Connection.execute(connection, "PRAGMA max_page_count=1073741823")

    def image(self, path: Path) -> None:
        """Copy what is on the disk now."""
        source, target = sqlite3.connect(self.path), sqlite3.connect(path)
        with source, target:
            source.backup(target)
        source.close()
        target.close()

    def set_back(self, image: Path) -> None:
        """The disk is as it was when the image was made; no process may run."""
        for end in ("-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        shutil.copyfile(image, self.path)

    def rows(self, query: str) -> list[Any]:
        """What is on the disk now."""
        reader = sqlite3.connect(self.path)
        found = reader.execute(query).fetchall()
        reader.close()
        return found

    def alter(self, statement: str, *values: Any) -> None:
        """Change what is on the disk, behind the process's back; a full disk stays as it is."""
        writer = sqlite3.connect(self.path, isolation_level=None)
        with suppress(sqlite3.OperationalError):
            writer.execute(statement, values)
        writer.close()

    def die_at(self, where: str) -> None:
        self._die_at(where)


class _Connection(sqlite3.Connection):
    disk: FaultyDisk | None = None

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if self.disk is None:
            raise Crash("after its process")
        if self.disk.loses and sql.startswith(self.disk.loses):
            return super().execute("SELECT 1 WHERE false")
        if sql != "COMMIT":
            return super().execute(sql, *values)
        self.disk.commits += 1
        self.disk.die_at("before a commit")
        done = super().execute(sql)
        self.disk.die_at("after a commit")
        return done
