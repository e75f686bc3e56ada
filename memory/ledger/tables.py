"""Maps frozen dataclasses to tables: a table's columns are the fields of its row, with types as annotated there.

Max16[str]           text of at most so many characters; plain `str` is text of any length
Key[...]             part of the primary key, behind the tenant
... | None           may be NULL
datetime             a moment in UTC
Mapping, Any, ...    whatever else there is: JSON
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

import sqlalchemy as sa

SCHEMA_VERSION = 14
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


T = TypeVar("T")
_KEY: Final = "primary key"
_TYPES: dict[Any, Any] = {str: sa.Text, int: sa.Integer, float: sa.Float, bool: sa.Boolean, datetime: Instant}

Key = Annotated[T, _KEY]
Max8 = Annotated[T, sa.String(8)]
Max16 = Annotated[T, sa.String(16)]
Max32 = Annotated[T, sa.String(32)]
Max40 = Annotated[T, sa.String(40)]
Max64 = Annotated[T, sa.String(64)]
Max80 = Annotated[T, sa.String(80)]
Max128 = Annotated[T, sa.String(128)]
Name = Annotated[str, sa.String(200)]
"""A name that people or programs give."""
BigInt = Annotated[int, sa.BigInteger()]


def tenant_column() -> sa.Column[str]:
    """Whose row it is; first part of the primary key, so that two tenants may use the same names."""
    return sa.Column("tenant", sa.String(64), primary_key=True)


def map_table(
    name: str, row: type, *parts: sa.schema.SchemaItem, unique: Sequence[str] = (), of_tenants: bool = True
) -> sa.Table:
    """The table of these rows.

    Args:
        row: a dataclass; a column `tenant` is put before its fields where it has none of that name.
        parts: indexes and constraints.
        unique: columns no two rows of which have the same value, whosever they are.
        of_tenants: False for a table that belongs to no tenant.
    """
    columns = columns_of(row)
    if of_tenants and all(column.name != "tenant" for column in columns):
        columns.insert(0, tenant_column())
    return sa.Table(name, metadata, *columns, *(sa.UniqueConstraint(column) for column in unique), *parts)


def columns_of(row: type) -> list[sa.Column[Any]]:
    """A column for each field of a dataclass."""
    return [_column(field.name, field.type) for field in fields(row)]


def _column(name: str, annotation: Any) -> sa.Column[Any]:
    nullable = get_origin(annotation) in {Union, UnionType}
    if nullable:
        (annotation,) = (part for part in get_args(annotation) if part is not NoneType)
    kind, *marks = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    default = _TYPES.get(kind) or sa.JSON(none_as_null=nullable)
    given = next((mark for mark in marks if isinstance(mark, sa.types.TypeEngine)), default)
    return sa.Column(name, given, primary_key=_KEY in marks, nullable=nullable)
