"""Conversations: who has which, and when it was last used. The messages stand in `memory/threads.py`."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from edge.kernel.errors import NotFound
from memory.ledger.database import Database
from memory.ledger.tables import Key, Max64, Max128, map_table, metadata


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation. `turns` counts the user's messages."""

    id: Key[Max128[str]]
    tenant: Max64[str]
    title: str
    turns: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ThreadQuestion:
    """A message of the user. `id` is that of the message in the thread."""

    id: str
    text: str


threads = map_table("threads", Thread, sa.Index(None, "tenant"))
questions = sa.Table(
    "questions",
    metadata,
    sa.Column("thread_id", sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
"""The last question of each thread, kept before it is answered."""
_before = (
    sa.select(threads.c.tenant, threads.c.title, threads.c.turns, questions.c.id, questions.c.text)
    .select_from(threads.outerjoin(questions))
    .where(threads.c.id == sa.bindparam("wanted"))
)
_asked = sa.select(questions.c.id, questions.c.text).where(questions.c.thread_id == sa.bindparam("wanted"))


class Threads:
    """Reads and writes of the list of conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Built once: they take longer to build than to run.
        self._put_thread = database.upsert(threads, {column.name: sa.bindparam(column.name) for column in threads.c})
        self._put_question = database.upsert(
            questions, {column.name: sa.bindparam(column.name) for column in questions.c}
        )

    def ask(
        self, thread_id: str, tenant: str, title: str, question: ThreadQuestion, now: datetime
    ) -> ThreadQuestion | None:
        """Count one more turn of a thread, making it with `title` when it is new, and keep what is asked.

        Returns:
            The question before it, which may never have been answered; None where there is none.

        Raises:
            NotFound: the thread is another tenant's.
        """
        with self._database.write() as connection:
            row = connection.execute(_before, {"wanted": thread_id}).mappings().first()
            if row is not None and row["tenant"] != tenant:
                raise _no_thread(thread_id)
            turns = row["turns"] + 1 if row is not None else 1
            thread = Thread(thread_id, tenant, row["title"] if row is not None else title, turns, now)
            connection.execute(self._put_thread, asdict(thread))
            connection.execute(self._put_question, {"thread_id": thread_id, **asdict(question)})
        return ThreadQuestion(row["id"], row["text"]) if row is not None and row["id"] is not None else None

    def last_question(self, thread_id: str) -> ThreadQuestion | None:
        """What was asked last in a thread; None where nothing was, or it is a fork."""
        rows = self._database.rows(_asked, wanted=thread_id)
        return ThreadQuestion(**rows[0]) if rows else None

    def save(self, thread: Thread) -> None:
        """Insert or overwrite."""
        with self._database.write() as connection:
            connection.execute(self._put_thread, asdict(thread))

    def get(self, thread_id: str, tenant: str) -> Thread:
        """Raises NotFound: there is no such thread in this tenant."""
        rows = self._database.rows(sa.select(threads).where(threads.c.id == thread_id, threads.c.tenant == tenant))
        if not rows:
            raise _no_thread(thread_id)
        return Thread(**rows[0])

    def all(self, tenant: str, limit: int = 200, after: tuple[datetime, str] | None = None) -> list[Thread]:
        """Newest first.

        Args:
            after: `updated_at` and id of the last thread of the page before.
        """
        query = sa.select(threads).where(threads.c.tenant == tenant)
        if after is not None:
            used, thread_id = after
            same = sa.and_(threads.c.updated_at == used, threads.c.id > thread_id)
            query = query.where(sa.or_(threads.c.updated_at < used, same))
        query = query.order_by(threads.c.updated_at.desc(), threads.c.id).limit(limit)
        return [Thread(**row) for row in self._database.rows(query)]

    def delete(self, thread_id: str, tenant: str) -> None:
        """Raises NotFound: there is no such thread in this tenant."""
        with self._database.write() as connection:
            query = threads.delete().where(threads.c.id == thread_id, threads.c.tenant == tenant)
            if connection.execute(query).rowcount == 0:
                raise _no_thread(thread_id)


def _no_thread(thread_id: str) -> NotFound:
    return NotFound(f"There is no thread {thread_id!r}.", "List them at /v1/threads.")
