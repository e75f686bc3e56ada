"""Approvals that take several people."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """What is asked for already takes one."""
    with op.batch_alter_table("approvals") as table:
        table.add_column(sa.Column("needed", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("agreed", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("approvals") as table:
        table.alter_column("needed", server_default=None)
        table.alter_column("agreed", server_default=None)
