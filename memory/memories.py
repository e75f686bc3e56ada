"""What people told about themselves, across threads: LangGraph's store, each person's part of it a namespace.

The store is a file of the home, or lies on PostgreSQL where the ledger does. What is forgotten is gone from it at once:
no copy is kept, and SQLite overwrites the bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import quote

from pydantic import TypeAdapter

from edge.kernel.errors import Unavailable
from edge.kernel.language import Language
from memory.home import Home, storage_errors

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore, Op, Result
    from langgraph.store.postgres import PostgresStore
    from langgraph.store.sqlite import SqliteStore

MemoryKind = Literal["name", "language", "device", "fact"]
"""name: what to call the person. language: to answer in. device: the person's own. fact: anything else."""

MOST_MEMORIES = 200
"""Of one person."""

_CONNECTIONS = 4
_CONNECT_S = 10.0
_SETUP_S = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing that a person told.

    Attributes:
        text: the value of a preference, the sentence of a fact.
        thread, message: in which it was said; empty where it was not said in a conversation.
    """

    kind: MemoryKind
    text: str
    at: datetime
    thread: str = ""
    message: str = ""

    @property
    def id(self) -> str:
        """Of a preference its kind, so that a new one takes the old one's place; of a fact a digest of its words."""
        if self.kind != "fact":
            return self.kind
        return hashlib.sha256(" ".join(self.text.casefold().split()).encode()).hexdigest()[:12]


_AS_JSON = TypeAdapter(Memory)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person told that later turns heed; None and empty where nothing was told."""

    language: Language | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class Memories:
    """What one person told.

    Attributes:
        store: of everybody's.
    """

    store: BaseStore
    tenant: str
    principal: str

    def all(self) -> list[Memory]:
        """The oldest first. Raises StorageFailed, Unavailable: the store fails."""
        items = self.store.search(self._namespace, limit=MOST_MEMORIES)
        return sorted((_AS_JSON.validate_python(item.value) for item in items), key=lambda one: (one.at, one.id))

    def keep(self, memory: Memory) -> None:
        """Durable when this returns; it takes the place of one with the same id. Raises as `all`."""
        self.store.put(self._namespace, memory.id, _AS_JSON.dump_python(memory, mode="json"))

    def forget(self, memory: Memory) -> None:
        """Raises as `all`."""
        self.store.delete(self._namespace, memory.id)

    def preferences(self) -> Preferences:
        """Raises as `all`."""
        told = {one.kind: one.text for one in self.all()}
        return Preferences(cast("Language | None", told.get("language")), told.get("device", ""))

    @property
    def _namespace(self) -> tuple[str, str, str]:
        return ("memories", _label(self.tenant), _label(self.principal))


def _label(name: str) -> str:
    """A name as a part of a namespace, which holds no period."""
    return quote(name, safe="").replace(".", "%2E")


def open_memories(home: Home, url: str | None = None) -> SqliteStore | PostgresStore:
    """Open the store, and make its tables where they are missing; close its `conn` at the end.

    Args:
        url: of the PostgreSQL that the ledger is on; None for a file of the home.

    Raises:
        StorageFailed, Unavailable: it cannot be opened; every later call raises them, too, where the store fails.
        Conflict: another process of this home takes too long to make the tables.
    """
    store = _on_postgres(url) if url else _in_file(home)
    with home.lock("memories", "making the tables of memories", wait_s=_SETUP_S):
        store.setup()
    return store


def _in_file(home: Home) -> SqliteStore:
    from langgraph.store.sqlite import SqliteStore

    class FileStore(SqliteStore):
        """Tells of the disk as everything in the home does, and may be awaited."""

        def batch(self, ops: Iterable[Op]) -> list[Result]:
            with storage_errors(home.memories):
                return super().batch(ops)

        async def abatch(self, ops: Iterable[Op]) -> list[Result]:
            return await asyncio.to_thread(self.batch, list(ops))

        def setup(self) -> None:
            with storage_errors(home.memories):
                super().setup()

    with storage_errors(home.memories):
        connection = sqlite3.connect(home.memories, timeout=30, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
    return FileStore(connection)


def _on_postgres(url: str) -> PostgresStore:
    from langgraph.store.postgres import PostgresStore
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

    class ServerStore(PostgresStore):
        """Tells of the server as the ledger does."""

        def batch(self, ops: Iterable[Op]) -> list[Result]:
            with _server_errors():
                return super().batch(ops)

        def setup(self) -> None:
            with _server_errors():
                super().setup()

    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool = ConnectionPool(url, min_size=1, max_size=_CONNECTIONS, timeout=_CONNECT_S, kwargs=options, open=True)
    return ServerStore(pool)  # type: ignore[arg-type]


@contextmanager
def _server_errors() -> Generator[None]:
    from psycopg import InterfaceError, OperationalError

    try:
        yield
    except (OperationalError, InterfaceError) as error:
        first = str(error).strip().partition("\n")[0]
        raise Unavailable(f"The memories' server does not answer: {first}.", "Start it.") from error
