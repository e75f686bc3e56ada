"""Tenants, and who may act for them."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["api_keys", "principals", "tenants"]

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("isolation", sa.String(16), nullable=False),
    sa.Column("quotas", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
principals = sa.Table(
    "principals",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
api_keys = sa.Table(
    "api_keys",
    metadata,
    tenant_column(),
    sa.Column("id", sa.String(32), primary_key=True),
    name_column("principal"),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.ForeignKeyConstraint(["tenant", "principal"], ["principals.tenant", "principals.id"]),
)
