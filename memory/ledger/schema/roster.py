"""Models, their versions, the aliases that name them and the artifacts that they are made of."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["aliases", "artifacts", "models", "versions"]

models = sa.Table(
    "models",
    metadata,
    tenant_column(),
    name_column("name", key=True),
    name_column("catalogue_id", nullable=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    name_column("created_by"),
    sa.Column("retired_at", Instant),
    sa.Column("retired_reason", sa.Text, nullable=False),
)
versions = sa.Table(
    "versions",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("model"),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("base", sa.Text, nullable=False),
    sa.Column("base_digest", sa.String(80), nullable=False),
    sa.Column("adapter", sa.Text, nullable=False),
    sa.Column("adapter_digest", sa.String(80), nullable=False),
    sa.Column("quantisation", sa.String(32), nullable=False),
    sa.Column("digest", sa.String(80), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    name_column("parent", nullable=True),
    sa.Column("datasets", sa.JSON, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("card", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    name_column("created_by"),
    sa.Column("retired_reason", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "model"], ["models.tenant", "models.name"]),
    sa.ForeignKeyConstraint(["tenant", "parent"], ["versions.tenant", "versions.id"]),
    sa.Index(None, "tenant", "model"),
)
aliases = sa.Table(
    "aliases",
    metadata,
    tenant_column(),
    name_column("name", key=True),
    name_column("version"),
    name_column("previous", nullable=True),
    sa.Column("updated_at", Instant, nullable=False),
    name_column("updated_by"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "version"], ["versions.tenant", "versions.id"]),
)
artifacts = sa.Table(
    "artifacts",
    metadata,
    tenant_column(),
    sa.Column("digest", sa.String(80), primary_key=True),
    sa.Column("media_type", sa.String(128), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
