"""Rollouts, the targets that they move, and what the targets' versions served."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["rollout_events", "rollouts", "targets", "usage"]

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
usage = sa.Table(
    "usage",
    metadata,
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
)
