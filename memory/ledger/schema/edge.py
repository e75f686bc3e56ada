"""What hub and devices told each other: keys, streams of events, desired state, questions."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = [
    "desired_heads",
    "desired_items",
    "device_events",
    "device_questions",
    "device_streams",
    "enrolment_tokens",
    "rejected_events",
    "uplinks",
]

uplinks = sa.Table(
    "uplinks",
    metadata,
    tenant_column(),
    name_column("device", key=True),
    sa.Column("public_key", sa.String(64), nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("events", sa.BigInteger, nullable=False),
    sa.Column("stream_number", sa.BigInteger, nullable=False),
    sa.Column("reported_version", sa.BigInteger, nullable=False),
    sa.Column("reported_digest", sa.String(64), nullable=False),
    sa.Column("have_revision", sa.BigInteger, nullable=False),
    sa.Column("refetch_below", sa.BigInteger, nullable=False),
    sa.Column("seen_at", Instant),
    sa.ForeignKeyConstraint(["tenant", "device"], ["devices.tenant", "devices.id"]),
)
device_streams = sa.Table(
    "device_streams",
    metadata,
    tenant_column(),
    name_column("device", key=True),
    sa.Column("stream", sa.String(32), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
    sa.Column("thinned", sa.JSON, nullable=False),
    sa.Column("begun_at", Instant, nullable=False),
)
device_events = sa.Table(
    "device_events",
    metadata,
    tenant_column(),
    name_column("device", key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String(32), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("boot", sa.String(40), nullable=False),
    sa.Column("uptime_s", sa.Float, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Index(None, "tenant", "device", "chain", unique=True),
    sa.Index(None, "tenant", "received_at"),
)
rejected_events = sa.Table(
    "rejected_events",
    metadata,
    tenant_column(),
    name_column("device", key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("stream", sa.String(32), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
)
desired_items = sa.Table(
    "desired_items",
    metadata,
    tenant_column(),
    sa.Column("scope", sa.String(8), primary_key=True),
    name_column("subject", key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    name_column("name", key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("body", sa.JSON(none_as_null=True)),
    sa.Column("changed_at", Instant, nullable=False),
    name_column("changed_by"),
)
desired_heads = sa.Table(
    "desired_heads",
    metadata,
    tenant_column(),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("shared_revision", sa.BigInteger, nullable=False),
    sa.Column("floor", sa.BigInteger, nullable=False),
)
device_questions = sa.Table(
    "device_questions",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("device"),
    sa.Column("origin", sa.String(8), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    name_column("asked_by"),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("answer", sa.JSON(none_as_null=True)),
    sa.Column("answered_at", Instant),
    sa.Index(None, "tenant", "device"),
)
enrolment_tokens = sa.Table(
    "enrolment_tokens",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    name_column("group"),
    name_column("device", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    name_column("created_by"),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("public_key", sa.String(64), nullable=False),
    name_column("used_by", nullable=True),
    sa.Column("used_at", Instant),
)
