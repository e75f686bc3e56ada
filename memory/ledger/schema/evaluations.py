"""Finished evaluations."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, tenant_column

__all__ = ["evaluations"]

evaluations = sa.Table(
    "evaluations",
    metadata,
    tenant_column(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("task", sa.String(128), nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("samples", sa.Integer, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("finished_at", Instant, nullable=False),
)
