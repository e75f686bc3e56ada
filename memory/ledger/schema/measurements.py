"""What was measured of the arms of targets, by the second: what rollouts are judged by."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["measurements"]

measurements = sa.Table(
    "measurements",
    metadata,
    tenant_column(),
    name_column("target", key=True),
    name_column("arm", key=True),
    sa.Column("second", Instant, primary_key=True),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("errors", sa.BigInteger, nullable=False),
    sa.Column("latency_count", sa.BigInteger, nullable=False),
    sa.Column("latency_total", sa.Float, nullable=False),
    sa.Column("latency_squares", sa.Float, nullable=False),
    sa.Column("score_count", sa.BigInteger, nullable=False),
    sa.Column("score_total", sa.Float, nullable=False),
    sa.Column("score_squares", sa.Float, nullable=False),
    sa.Index(None, "tenant", "second"),
)
