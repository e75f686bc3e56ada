"""Rollouts, the targets that they move, and what the targets' versions served."""

from typing import Any

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["counted_uses", "rollout_events", "rollouts", "shadow_usage", "targets", "usage"]

rollouts = sa.Table(
    "rollouts",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("target"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
    name_column("requested_by"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("ended_at", Instant),
    name_column("lease_owner", nullable=True),
    sa.Column("lease_until", Instant),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Index(None, "ended_at", "due_at"),
    sa.Index(None, "tenant", "target"),
)
rollout_events = sa.Table(
    "rollout_events",
    metadata,
    tenant_column(),
    name_column("rollout", key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "rollout"], ["rollouts.tenant", "rollouts.id"]),
)
targets = sa.Table(
    "targets",
    metadata,
    tenant_column(),
    name_column("name", key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("traffic", sa.JSON, nullable=False),
    sa.Column("configuration", sa.JSON, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)


def _counts() -> list[sa.Column[Any]]:
    return [
        tenant_column(),
        name_column("target", key=True),
        name_column("version", key=True),
        sa.Column("minute", Instant, primary_key=True),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("tokens_in", sa.BigInteger, nullable=False),
        sa.Column("tokens_out", sa.BigInteger, nullable=False),
        sa.Column("latency_ms_sum", sa.Float, nullable=False),
        sa.Column("cost", sa.Float, nullable=False),
    ]


usage = sa.Table("usage", metadata, *_counts())
shadow_usage = sa.Table("shadow_usage", metadata, *_counts())
counted_uses = sa.Table(
    "counted_uses",
    metadata,
    tenant_column(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "tenant", "at"),
)
