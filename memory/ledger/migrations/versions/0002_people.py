"""Tenants, principals and API keys; evaluations belong to a tenant."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from memory.ledger.tables import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "principals",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("isolation", sa.String(length=16), nullable=False),
        sa.Column("quotas", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("principal", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "principal"], ["principals.tenant", "principals.id"], name="fk_api_keys_tenant_principal"
        ),
        sa.PrimaryKeyConstraint("tenant", "id"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    tenants = sa.table(
        "tenants",
        sa.column("id", sa.String),
        sa.column("title", sa.Text),
        sa.column("isolation", sa.String),
        sa.column("quotas", sa.JSON),
        sa.column("state", sa.String),
        sa.column("created_at", Instant),
    )
    first = {
        "id": "default",
        "title": "Default",
        "isolation": "shared",
        "quotas": {},
        "state": "active",
        "created_at": datetime.now(UTC),
    }
    op.bulk_insert(tenants, [first])
    _give_evaluations_a_tenant()


def _give_evaluations_a_tenant() -> None:
    """SQLite cannot change a primary key: the rows move to a new table."""
    op.drop_index("ix_evaluations_task", "evaluations")
    op.rename_table("evaluations", "evaluations_before")
    op.create_table(
        "evaluations",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("finished_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_evaluations"),
    )
    columns = "id, task, subject, dataset, samples, metrics, finished_at"
    op.execute(f"INSERT INTO evaluations (tenant, {columns}) SELECT 'default', {columns} FROM evaluations_before")  # noqa: S608 # nosec B608: no input
    op.drop_table("evaluations_before")
    op.create_index("ix_evaluations_task", "evaluations", ["task"], unique=False)
