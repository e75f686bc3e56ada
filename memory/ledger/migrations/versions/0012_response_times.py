"""Times of answers by bucket, so that tails can be compared; retries and clients that left, apart from requests."""

import sqlalchemy as sa
from alembic import op

from memory.ledger.tables import Instant

revision = "0012"
down_revision = "0011"

_KEPT = "tenant, target, arm, second, requests, errors, score_count, score_total, score_squares"


def upgrade() -> None:
    """Make the table; moments of latency are kept no more. Approvals of rollouts that are over end."""
    op.create_table(
        "response_times",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("arm", sa.String(length=200), nullable=False),
        sa.Column("second", Instant, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "target", "arm", "second", "kind", "bucket"),
    )
    op.create_index("ix_response_times_tenant_second", "response_times", ["tenant", "second"], unique=False)
    _measurements()
    op.execute(
        "UPDATE approvals SET state = 'revoked', comment = 'its rollout is over' "
        "WHERE state IN ('requested', 'approved') AND EXISTS (SELECT 1 FROM rollouts "
        "WHERE rollouts.tenant = approvals.tenant AND rollouts.ended_at IS NOT NULL "
        "AND 'ap-' || rollouts.id = approvals.id)"
    )


def _measurements() -> None:
    op.drop_index("ix_measurements_tenant_second", table_name="measurements")
    op.rename_table("measurements", "former_measurements")
    op.create_table(
        "measurements",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("arm", sa.String(length=200), nullable=False),
        sa.Column("second", Instant, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.BigInteger(), nullable=False),
        sa.Column("retry_errors", sa.BigInteger(), nullable=False),
        sa.Column("score_count", sa.BigInteger(), nullable=False),
        sa.Column("score_total", sa.Float(), nullable=False),
        sa.Column("score_squares", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "target", "arm", "second"),
    )
    op.execute(
        f'INSERT INTO measurements ({_KEPT}, "left", retries, retry_errors) '  # noqa: S608 # nosec B608: constants
        f"SELECT {_KEPT}, 0, 0, 0 FROM former_measurements"
    )
    op.drop_table("former_measurements")
    op.create_index("ix_measurements_tenant_second", "measurements", ["tenant", "second"], unique=False)
