"""LangGraph's checkpoints in SQLite, each message of a thread kept once.

LangGraph writes a thread's whole state at every turn, so that its messages are written again and again. Here they are
rows of their own, and a checkpoint has the numbers of its messages beside it: for a conversation that only goes on,
"0-41". What the graph and its tools read is whole. A checkpoint that was written before has its messages in it; it is
read as it is, and loses them in `Checkpoints.compact`.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
    from langgraph.checkpoint.sqlite import SqliteSaver
else:  # `open_checkpoints` puts it behind these classes: importing it takes long
    SqliteSaver = object

_MESSAGES = "messages"
"""The channel that is kept apart."""
_WORTH_MOVING_BYTES = 1_000_000

_TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    thread_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL,
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (thread_id, number),
    UNIQUE (thread_id, digest)
);
CREATE TABLE IF NOT EXISTS spans (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    numbers TEXT,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
) WITHOUT ROWID;
"""
_LINE = """
WITH RECURSIVE line(id, parent) AS (
    SELECT checkpoint_id, parent_checkpoint_id FROM checkpoints
    WHERE thread_id = :thread AND checkpoint_ns = '' AND checkpoint_id = :last
    UNION
    SELECT checkpoint_id, parent_checkpoint_id FROM checkpoints JOIN line ON checkpoint_id = line.parent
    WHERE thread_id = :thread AND checkpoint_ns = ''
)
SELECT id FROM line
"""
"""A checkpoint and all before it."""

Key = tuple[str, str, str]
"""Thread, namespace and id of a checkpoint."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A thread as its newest checkpoint has it.

    Attributes:
        last_at: by the place of a message, the newest checkpoint of which it is the last message.
    """

    messages: Sequence[Any]
    last_at: dict[int, str]


class _Whole(SqliteSaver):
    """Reads checkpoints with their messages."""

    apart = True
    """Whether there are tables of messages and spans."""

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        saved = super().get_tuple(config)
        if saved is not None:
            self._complete(saved)
        return saved

    def list(self, config: RunnableConfig | None, **options: Any) -> Iterator[CheckpointTuple]:
        for saved in list(super().list(config, **options)):  # it holds its lock until the last one
            self._complete(saved)
            yield saved

    def latest(self, thread_id: str) -> Latest | None:
        """None where the thread has no checkpoint yet."""
        saved = self.get_tuple({"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}})
        if saved is None:
            return None
        messages: Sequence[Any] = saved.checkpoint["channel_values"].get(_MESSAGES, ())
        if not self.apart:
            return Latest(messages, {})
        query = """SELECT checkpoint_id, spans.checkpoint_id IS NOT NULL, numbers FROM checkpoints
            LEFT JOIN spans USING (thread_id, checkpoint_ns, checkpoint_id)
            WHERE thread_id = ? AND checkpoint_ns = '' ORDER BY checkpoint_id DESC"""
        with self.cursor(transaction=False) as cursor:
            rows = cursor.execute(query, (thread_id,)).fetchall()
        numbers = next((kept for identifier, _, kept in rows if identifier == saved.checkpoint["id"]), None)
        place_of_number = {number: place for place, number in enumerate(_numbers(numbers))}
        place_of_id = {message.id: place for place, message in enumerate(messages)}
        last_at: dict[int, str] = {}
        for identifier, apart, kept in rows:
            if apart and numbers is not None:
                place = place_of_number.get(_last(kept)) if kept else None
            else:
                place = place_of_id.get(self._last_id(thread_id, identifier))
            if place is not None:
                last_at.setdefault(place, identifier)
        return Latest(messages, last_at)

    def _last_id(self, thread_id: str, checkpoint_id: str) -> str | None:
        """Id of the last message of a checkpoint that has them in it."""
        config = {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": checkpoint_id}
        saved = self.get_tuple({"configurable": config})
        messages = saved.checkpoint["channel_values"].get(_MESSAGES) if saved else None
        return messages[-1].id if messages else None

    def _complete(self, saved: CheckpointTuple) -> None:
        """Give a checkpoint back its messages, where it was written without."""
        if not self.apart:
            return
        place = saved.config["configurable"]
        key = (place["thread_id"], place.get("checkpoint_ns", ""), saved.checkpoint["id"])
        with self.cursor(transaction=False) as cursor:
            row = cursor.execute(
                "SELECT numbers FROM spans WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?", key
            ).fetchone()
            if row is None or row[0] is None or _MESSAGES in saved.checkpoint["channel_values"]:
                return
            kept: list[Any] = []
            for first, last in _spans(row[0]):
                cursor.execute(
                    "SELECT type, value FROM messages WHERE thread_id = ? AND number BETWEEN ? AND ? ORDER BY number",
                    (key[0], first, last),
                )
                kept.extend(self.serde.loads_typed(typed) for typed in cursor)
        saved.checkpoint["channel_values"][_MESSAGES] = kept


class Checkpoints(_Whole):
    """The saver of the graphs. One crossing between threads for each call; LangGraph's own asynchronous saver has up
    to six. Reads go over a connection of their own, which does not wait while the other waits for the disk.
    """

    _reader: _Whole
    _changing: threading.Lock

    def open(self) -> None:
        """Make the tables that are missing; an empty file also learns to give back what is deleted."""
        self.conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
        self.setup()
        try:
            self.conn.executescript(_TABLES)
        except sqlite3.OperationalError as error:  # a home that cannot be written to, from before these tables
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            self.apart = self._reader.apart = False
        self._reader.setup()

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        place = config["configurable"]
        thread_id, values = str(place["thread_id"]), checkpoint["channel_values"]
        with self._change():
            self._note((thread_id, place["checkpoint_ns"], checkpoint["id"]), values.get(_MESSAGES))
            return super().put(config, _without(checkpoint), metadata, new_versions)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        with self._change():
            super().put_writes(config, writes, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        with self._change():
            self.conn.execute("DELETE FROM messages WHERE thread_id = ?", (thread_id,))
            self.conn.execute("DELETE FROM spans WHERE thread_id = ?", (thread_id,))
            super().delete_thread(thread_id)
            self.conn.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page

    def copy_line(self, thread_id: str, checkpoint_id: str, to_thread: str) -> None:
        """Give another thread a checkpoint and all before it, with what was said until then."""
        with self._change():
            line = self.conn.execute(_LINE, {"thread": thread_id, "last": checkpoint_id}).fetchall()
            rows = [(to_thread, thread_id, identifier) for (identifier,) in line]
            self.conn.executemany(
                """INSERT INTO checkpoints
                    (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
                SELECT ?, '', checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
                FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id = ?""",
                rows,
            )
            self.conn.executemany(
                """INSERT INTO spans SELECT ?, '', checkpoint_id, numbers
                FROM spans WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id = ?""",
                rows,
            )
            kept = self.conn.execute("SELECT DISTINCT numbers FROM spans WHERE thread_id = ?", (to_thread,)).fetchall()
            wanted = sorted(set(chain.from_iterable(_numbers(numbers) for (numbers,) in kept)))
            self.conn.executemany(
                """INSERT INTO messages SELECT ?, number, digest, type, value FROM messages
                WHERE thread_id = ? AND number BETWEEN ? AND ?""",
                [(to_thread, thread_id, *span) for span in _runs(wanted)],
            )

    def old(self) -> Sequence[Key]:
        """Checkpoints that have their messages in them, the newest of each thread first."""
        if not self.apart:
            return []
        query = """SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints LEFT JOIN spans AS known
            USING (thread_id, checkpoint_ns, checkpoint_id) WHERE known.thread_id IS NULL
            ORDER BY thread_id, checkpoint_ns, checkpoint_id DESC"""
        with self._reader.cursor(transaction=False) as cursor:
            return cursor.execute(query).fetchall()

    def compact(self, keys: Iterable[Key]) -> None:
        """Take the messages out of old checkpoints, in one transaction; one that is gone is passed over."""
        with self._change():
            for key in keys:
                row = self.conn.execute(
                    """SELECT type, checkpoint FROM checkpoints LEFT JOIN spans AS known
                    USING (thread_id, checkpoint_ns, checkpoint_id) WHERE known.thread_id IS NULL
                    AND thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?""",
                    key,
                ).fetchone()
                if row is None:
                    continue
                checkpoint: Checkpoint = self.serde.loads_typed(row)
                self._note(key, checkpoint["channel_values"].get(_MESSAGES))
                self.conn.execute(
                    """UPDATE checkpoints SET type = ?, checkpoint = ?
                    WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?""",
                    (*self.serde.dumps_typed(_without(checkpoint)), *key),
                )

    def give_back(self) -> None:
        """Make the file as small as what is in it, where that is worth the writing."""
        (free,), (size,) = (self.conn.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_size"))
        if free * size < _WORTH_MOVING_BYTES:
            return
        with self._changing:
            self.conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
            self.conn.execute("VACUUM")
            self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await asyncio.to_thread(self._reader.get_tuple, config)

    async def alist(self, config: RunnableConfig | None, **options: Any) -> AsyncIterator[CheckpointTuple]:
        for saved in await asyncio.to_thread(lambda: list(self._reader.list(config, **options))):
            yield saved

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def alatest(self, thread_id: str) -> Latest | None:
        return await asyncio.to_thread(self._reader.latest, thread_id)

    @contextmanager
    def _change(self) -> Generator[None]:
        """One transaction, and one wait for the disk, in which this process changes nothing else."""
        with self._changing:
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.conn.rollback()
                raise
            self.conn.commit()

    def _note(self, key: Key, messages: Any) -> None:
        """Keep which messages a checkpoint has, and those of them that are new in its thread."""
        numbers = None if messages is None else _text(_runs(self._number(key[0], messages)))
        self.conn.execute("INSERT OR REPLACE INTO spans VALUES (?, ?, ?, ?)", (*key, numbers))

    def _number(self, thread_id: str, messages: Sequence[Any]) -> Iterator[int]:
        known = dict(
            self.conn.execute("SELECT digest, number FROM messages WHERE thread_id = ?", (thread_id,)).fetchall()
        )
        free = max(known.values(), default=-1) + 1
        for message in messages:
            kind, value = self.serde.dumps_typed(message)
            digest = hashlib.blake2b(kind.encode() + b"\0" + value, digest_size=16).digest()
            if digest not in known:
                row = (thread_id, free, digest, kind, value)
                self.conn.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", row)
                known[digest], free = free, free + 1
            yield known[digest]


def open_checkpoints(writing: sqlite3.Connection, reading: sqlite3.Connection) -> Checkpoints:
    """The checkpoints of a file that both connections are to, its tables made where they are missing."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    class Reader(_Whole, SqliteSaver): ...

    class Saver(Checkpoints, SqliteSaver):
        _reader = Reader(reading, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        _changing = threading.Lock()

    checkpoints = Saver(writing, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    checkpoints.open()
    return checkpoints


def _without(checkpoint: Checkpoint) -> Checkpoint:
    values = {name: value for name, value in checkpoint["channel_values"].items() if name != _MESSAGES}
    return cast("Checkpoint", {**checkpoint, "channel_values": values})


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of numbers that follow one another."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _text(runs: Iterable[tuple[int, int]]) -> str:
    return ",".join(f"{first}-{last}" for first, last in runs)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for span in text.split(",") if text else ():
        first, _, last = span.partition("-")
        yield int(first), int(last)


def _numbers(text: str | None) -> Iterator[int]:
    for first, last in _spans(text or ""):
        yield from range(first, last + 1)


def _last(text: str) -> int:
    return int(text.rpartition("-")[2])
