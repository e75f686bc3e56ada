"""What hub and devices tell each other; devices keep what people say of them alone."""

import sqlalchemy as sa
from alembic import op

from memory.ledger.tables import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables; what a device shall be and when it was seen is kept in them from now on."""
    op.drop_column("devices", "desired")
    op.drop_column("devices", "seen_at")
    _sync()
    _desired()
    op.create_table(
        "enrolment_tokens",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("group", sa.String(length=200), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("used_by", sa.String(length=200), nullable=True),
        sa.Column("used_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
        sa.UniqueConstraint("hash", name="uq_enrolment_tokens_hash"),
    )


def _sync() -> None:
    op.create_table(
        "uplinks",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("stream_number", sa.BigInteger(), nullable=False),
        sa.Column("reported_version", sa.BigInteger(), nullable=False),
        sa.Column("reported_digest", sa.String(length=64), nullable=False),
        sa.Column("have_revision", sa.BigInteger(), nullable=False),
        sa.Column("refetch_below", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["tenant", "device"], ["devices.tenant", "devices.id"]),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    op.create_table(
        "device_streams",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("thinned", sa.JSON(), nullable=False),
        sa.Column("begun_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "stream"),
    )
    op.create_table(
        "device_events",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("boot", sa.String(length=40), nullable=False),
        sa.Column("uptime_s", sa.Float(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "position"),
    )
    op.create_index("ix_device_events_tenant_device_chain", "device_events", ["tenant", "device", "chain"], unique=True)
    op.create_index("ix_device_events_tenant_received_at", "device_events", ["tenant", "received_at"], unique=False)
    op.create_table(
        "rejected_events",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "key"),
    )


def _desired() -> None:
    op.create_table(
        "desired_items",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "scope", "subject", "kind", "name"),
    )
    op.create_table(
        "desired_heads",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("shared_revision", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "device_questions",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("answered_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("ix_device_questions_tenant_device", "device_questions", ["tenant", "device"], unique=False)
