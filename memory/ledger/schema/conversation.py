"""Conversations."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata

__all__ = ["questions", "threads"]

threads = sa.Table(
    "threads",
    metadata,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
questions = sa.Table(
    "questions",
    metadata,
    sa.Column("thread_id", sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
"""The last question of each thread, kept before it is answered."""
