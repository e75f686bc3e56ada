"""What rollouts are judged by, by the second, so that it outlives the process that measured it."""

import sqlalchemy as sa
from alembic import op

from memory.ledger.tables import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "measurements",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("arm", sa.String(length=200), nullable=False),
        sa.Column("second", Instant, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("latency_count", sa.BigInteger(), nullable=False),
        sa.Column("latency_total", sa.Float(), nullable=False),
        sa.Column("latency_squares", sa.Float(), nullable=False),
        sa.Column("score_count", sa.BigInteger(), nullable=False),
        sa.Column("score_total", sa.Float(), nullable=False),
        sa.Column("score_squares", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "target", "arm", "second"),
    )
    op.create_index("ix_measurements_tenant_second", "measurements", ["tenant", "second"], unique=False)
