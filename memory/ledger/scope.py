"""The tenant scope, the one place where tenants are kept apart: every statement of a unit of work goes through it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import visitors

from edge.kernel.errors import NotAllowed
from memory.ledger.database import upsert

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """A row that is read with others: these columns of one whose `key` (column, parameter) has the values given."""

    table: sa.Table
    names: tuple[str, ...]
    key: tuple[tuple[str, str], ...] = ()


class TenantScope:
    """An open connection that reads and writes rows of one tenant only.

    A table without a column `tenant` is refused, unless it was named `administrative` when the scope was made.
    """

    def __init__(self, connection: Connection, tenant: str, administrative: frozenset[str] = frozenset()) -> None:
        self._connection = connection
        self._administrative = administrative
        self.tenant = tenant

    def moved(self, tenant: str) -> "TenantScope":
        """The same connection for another tenant."""
        return TenantScope(self._connection, tenant, self._administrative)

    def savepoint(self) -> AbstractContextManager[object]:
        """What is changed in the block is undone alone when it raises."""
        return self._connection.begin_nested()

    def find(
        self,
        table: sa.Table,
        names: Sequence[str],
        where: Sequence[Condition],
        order: Sequence[Any] = (),
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Columns of this tenant's rows of one table; cheaper than `rows`. Raises NotAllowed: as `rows`."""
        _require_whole_tables((*where, *order), {table})
        query = sa.select(*(table.c[name] for name in names)).where(self._theirs(table), *where)
        result = self._connection.execute(query.order_by(*order).limit(limit))
        return [dict(zip(names, row, strict=True)) for row in result]

    def find_by(
        self, table: sa.Table, names: tuple[str, ...], key: Mapping[str, Any], order: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """Columns of this tenant's rows that have these values; the statement is made once. Raises NotAllowed."""
        result = self._connection.execute(_select_by(table, names, tuple(key), order), self._own(table, key))
        return [dict(zip(names, row, strict=True)) for row in result]

    def find_joined(
        self, parts: tuple[JoinedRow, ...], values: Mapping[str, Any]
    ) -> tuple[dict[str, Any] | None, ...] | None:
        """One row of this tenant's of each part, read with one statement that is made once.

        Returns:
            None for each part without such a row, and as a whole where the first part has none.

        Raises:
            NotAllowed: one of the tables has no tenant.
        """
        row = self._connection.execute(_select_joined(parts), {**values, "tenant": self.tenant}).first()
        if row is None:
            return None
        found: list[dict[str, Any] | None] = []
        start = 0
        for part in parts:
            there, end = row[start] is not None, start + 1 + len(part.names)
            found.append(dict(zip(part.names, row[start + 1 : end], strict=True)) if there else None)
            start = end
        return tuple(found)

    def sums_by(
        self, table: sa.Table, names: tuple[str, ...], key: Mapping[str, Any], column: str, since: Any, until: Any
    ) -> dict[str, Any]:
        """Sums over this tenant's rows that have these values, and `since` <= `column` < `until`; 0 without rows.

        The statement is made once. Raises NotAllowed: as `rows`.
        """
        statement, given = _sums_by(table, names, tuple(key), column), self._own(table, key)
        row = self._connection.execute(statement, {**given, "since": since, "until": until}).one()
        return dict(zip(names, row, strict=True))

    def counts_by(
        self,
        table: sa.Table,
        names: tuple[str, ...],
        counted: str,
        key: Mapping[str, Any],
        column: str,
        since: Any,
        until: Any,
    ) -> dict[tuple[Any, ...], int]:
        """As `sums_by`, of one column by the values of others."""
        statement, given = _counts_by(table, names, counted, tuple(key), column), self._own(table, key)
        rows = self._connection.execute(statement, {**given, "since": since, "until": until})
        return {tuple(row[:-1]): row[-1] for row in rows}

    def update_by(self, table: sa.Table, values: Mapping[str, Any], key: Mapping[str, Any]) -> int:
        """As `update`, of the rows that have these values; the statement is made once. Raises NotAllowed."""
        kept = {name: value for name, value in self._own(table, values).items() if name != "tenant"}
        given = {f"key_{name}": value for name, value in self._own(table, key).items()}
        statement = _update_by(table, tuple(kept), tuple(key))
        return self._connection.execute(statement, {**kept, **given}).rowcount

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """The rows of a query over whole tables (joins and aggregates may be in it), narrowed to this tenant.

        Raises:
            NotAllowed: it reads from a table that has no tenant, or from an alias or a subquery.
        """
        return [dict(row) for row in self._connection.execute(self._narrowed(query)).mappings()]

    def stream(self, query: sa.Select[Any]) -> Iterator[dict[str, Any]]:
        """As `rows`, without holding all of them."""
        rows = self._connection.execute(self._narrowed(query).execution_options(yield_per=1000)).mappings()
        yield from (dict(row) for row in rows)

    def insert(self, table: sa.Table, *rows: Mapping[str, Any]) -> None:
        """Add rows, in one statement. Raises NotAllowed: one is another tenant's."""
        if rows:
            self._connection.execute(_insert(table), [self._own(table, values) for values in rows])

    def upsert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Add one row, or overwrite the one of the same primary key. Raises NotAllowed: it is another tenant's."""
        if "tenant" in table.c and "tenant" not in table.primary_key.columns:
            raise NotAllowed(f"Rows of {table.name} are not told apart by tenant.")
        self._connection.execute(upsert(self._connection.dialect.name, table, self._own(table, values)))

    def update(self, table: sa.Table, values: Mapping[str, Any], *where: Condition) -> int:
        """Change this tenant's rows; returns how many. Raises NotAllowed: they would become another tenant's."""
        kept = self._own(table, values)
        _require_whole_tables(where, {table})
        return self._connection.execute(table.update().where(self._theirs(table), *where).values(kept)).rowcount

    def delete(self, table: sa.Table, *where: Condition) -> int:
        """Remove this tenant's rows; returns how many."""
        _require_whole_tables(where, {table})
        return self._connection.execute(table.delete().where(self._theirs(table), *where)).rowcount

    def _narrowed(self, query: sa.Select[Any]) -> sa.Select[Any]:
        tables: set[sa.Table] = set()
        for source in query.get_final_froms():
            parts = [part for part in visitors.iterate(source) if isinstance(part, sa.FromClause)]
            if any(not isinstance(part, sa.Table | sa.Join) for part in parts):
                raise NotAllowed("A statement may use whole tables only.")
            tables.update(part for part in parts if isinstance(part, sa.Table))
        _require_whole_tables((query,), tables)
        return query.where(*(self._theirs(table) for table in tables))

    def _theirs(self, table: sa.Table) -> Condition:
        return table.c.tenant == self.tenant if self._has_tenant(table) else sa.true()

    def _has_tenant(self, table: sa.Table) -> bool:
        """Raises NotAllowed: it has none, and is not for administration."""
        if "tenant" not in table.c and table.name not in self._administrative:
            raise NotAllowed(f"{table.name} belongs to no tenant.")
        return "tenant" in table.c

    def _own(self, table: sa.Table, values: Mapping[str, Any]) -> dict[str, Any]:
        if not self._has_tenant(table):
            return dict(values)
        if values.get("tenant", self.tenant) != self.tenant:
            raise NotAllowed(f"A row of {table.name} is another tenant's.")
        return {**values, "tenant": self.tenant}


def _total(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The sum, of the column's own type: PostgreSQL would make decimals of large integers. 0 without rows."""
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), column.type)


def _equal(table: sa.Table, key: tuple[str, ...], prefix: str = "") -> list[Condition]:
    """The rows of the tenant whose columns have the values of the parameters of the same names behind `prefix`."""
    names = (*key, "tenant") if "tenant" in table.c else key
    return [table.c[name] == sa.bindparam(f"{prefix}{name}") for name in names]


@cache
def _select_by(
    table: sa.Table, names: tuple[str, ...], key: tuple[str, ...], order: tuple[str, ...]
) -> sa.Select[*tuple[Any, ...]]:
    where = _equal(table, key)
    return sa.select(*(table.c[name] for name in names)).where(*where).order_by(*(table.c[name] for name in order))


@cache
def _select_joined(parts: tuple[JoinedRow, ...]) -> sa.Select[*tuple[Any, ...]]:
    """The column `tenant` of each part says whether there is such a row."""
    if not all("tenant" in part.table.c for part in parts):
        raise NotAllowed("Only rows of a tenant are joined.")

    def fits(part: JoinedRow) -> Condition:
        theirs = part.table.c.tenant == sa.bindparam("tenant")
        return sa.and_(theirs, *(part.table.c[name] == sa.bindparam(given) for name, given in part.key))

    columns = [column for part in parts for column in (part.table.c.tenant, *(part.table.c[n] for n in part.names))]
    joined: sa.FromClause = parts[0].table
    for part in parts[1:]:
        joined = joined.outerjoin(part.table, fits(part))
    return sa.select(*columns).select_from(joined).where(fits(parts[0])).limit(1)


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return table.insert()


@cache
def _sums_by(table: sa.Table, names: tuple[str, ...], key: tuple[str, ...], column: str) -> sa.Select[*tuple[Any, ...]]:
    counted = table.c[column]
    when = (counted >= sa.bindparam("since"), counted < sa.bindparam("until"))
    return sa.select(*(_total(table.c[name]) for name in names)).where(*_equal(table, key), *when)


@cache
def _counts_by(
    table: sa.Table, names: tuple[str, ...], counted: str, key: tuple[str, ...], column: str
) -> sa.Select[*tuple[Any, ...]]:
    by, at = [table.c[name] for name in names], table.c[column]
    when = (at >= sa.bindparam("since"), at < sa.bindparam("until"))
    return sa.select(*by, _total(table.c[counted])).where(*_equal(table, key), *when).group_by(*by)


@cache
def _update_by(table: sa.Table, names: tuple[str, ...], key: tuple[str, ...]) -> sa.Update:
    return table.update().where(*_equal(table, key, "key_")).values({name: sa.bindparam(name) for name in names})


def _require_whole_tables(parts: Sequence[Any], tables: set[sa.Table]) -> None:
    """Raises NotAllowed: a subquery, or a column of another table, would read past the tenant."""
    for whole in parts:
        for part in visitors.iterate(whole):
            nested = isinstance(part, sa.TextClause) or (isinstance(part, sa.SelectBase) and part is not whole)
            foreign = isinstance(part, sa.Column) and part.table not in tables
            if nested or foreign:
                raise NotAllowed("A statement may use whole tables only.")
