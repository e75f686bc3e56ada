"""What every table of the ledger is made with."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

__all__ = ["SCHEMA_VERSION", "Instant", "metadata", "name_column", "tenant_column"]

SCHEMA_VERSION = 11
"""Number of the newest migration in `memory/ledger/migrations`."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class Instant(sa.TypeDecorator[datetime]):
    """A moment: goes in aware of its zone, is kept and comes out in UTC. SQLite itself would drop the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} does not say its time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def tenant_column() -> sa.Column[str]:
    """Whose row it is; first part of the primary key, so that two tenants may use the same names."""
    return sa.Column("tenant", sa.String(64), primary_key=True)


def name_column(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[str]:
    """A name that people or programs give."""
    return sa.Column(name, sa.String(200), primary_key=key, nullable=nullable)
