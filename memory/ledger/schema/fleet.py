"""Devices, alerts, and the templates by which models are made and shipped."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["alerts", "devices", "factories", "pipelines"]

devices = sa.Table(
    "devices",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("group"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("reported", sa.JSON, nullable=False),
    sa.Column("enrolled_at", Instant, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Index(None, "tenant", "group"),
)
alerts = sa.Table(
    "alerts",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    sa.Column("severity", sa.String(16), nullable=False),
    name_column("subject"),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
)
factories = sa.Table(
    "factories",
    metadata,
    tenant_column(),
    name_column("name", key=True),
    sa.Column("template", sa.JSON, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    name_column("updated_by"),
    sa.Column("revision", sa.Integer, nullable=False),
)
pipelines = sa.Table(
    "pipelines",
    metadata,
    tenant_column(),
    name_column("name", key=True),
    sa.Column("stages", sa.JSON, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    name_column("updated_by"),
    sa.Column("revision", sa.Integer, nullable=False),
)
