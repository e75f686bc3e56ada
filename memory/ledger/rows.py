"""Rows of one table as frozen dataclasses whose fields are the table's columns."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from edge.kernel.errors import Conflict
from memory.ledger.scope import Condition, TenantScope

__all__ = ["Rows"]

T = TypeVar("T")


class Rows(Generic[T]):
    """Typed reads and writes of one table within a scope.

    Args:
        kind: a dataclass; each field is a column. `tenant` may be left out: the scope knows it.
    """

    def __init__(self, scope: TenantScope, table: sa.Table, kind: type[T]) -> None:
        self._scope = scope
        self._table = table
        self._kind = kind
        self._names = [field.name for field in fields(kind)]  # pyright: ignore[reportArgumentType]
        self._columns = tuple(self._names)

    def by(self, *order: str, **key: Any) -> list[T]:
        """All whose columns have these values; cheaper than `list`. `order` names columns."""
        return [self._kind(**row) for row in self._scope.find_by(self._table, self._columns, key, order)]

    def one(self, **key: Any) -> T | None:
        """The first whose columns have these values."""
        return next(iter(self.by(**key)), None)

    def list(self, *where: Condition, order: Any = (), limit: int | None = None) -> list[T]:
        """All that fit; in `order` (a column or several)."""
        ordered = order if isinstance(order, tuple) else (order,)
        return [self._kind(**row) for row in self._scope.find(self._table, self._names, where, ordered, limit)]

    def first(self, *where: Condition, order: Any = ()) -> T | None:
        found = self.list(*where, order=order, limit=1)
        return found[0] if found else None

    def add(self, item: T) -> None:
        """Insert; the primary key must be new."""
        self._scope.insert(self._table, self._values(item))

    def add_all(self, items: Sequence[T]) -> None:
        """Insert, in one statement; the primary keys must be new."""
        self._scope.insert_all(self._table, [self._values(item) for item in items])

    def put(self, item: T) -> None:
        """Insert or overwrite."""
        self._scope.upsert(self._table, self._values(item))

    def replace(self, item: T, *where: Condition, but: frozenset[str] = frozenset()) -> None:
        """Overwrite the row that `item` was read from, if it is still at the same `revision`, and count that up.

        Args:
            where: what else must hold of the row.
            but: fields that are left as they are.

        Raises:
            Conflict: it has changed since it was read, or is gone.
        """
        table, values = self._table, self._values(item)
        key = {name: values[name] for name in table.primary_key.columns.keys() if name != "tenant"}  # noqa: SIM118
        changed = {name: value for name, value in values.items() if name not in but}
        changed["revision"] = values["revision"] + 1
        same = {**key, "revision": values["revision"]}
        if where:
            found = self._scope.update(table, changed, *(table.c[name] == same[name] for name in same), *where)
        else:
            found = self._scope.update_by(table, changed, same)
        if found == 0:
            name = next((str(value) for value in key.values()), "")
            raise Conflict(f"{name!r} was changed by somebody else meanwhile.", "Read it again.")

    def delete(self, *where: Condition) -> int:
        return self._scope.delete(self._table, *where)

    def _values(self, item: T) -> dict[str, Any]:
        return {name: getattr(item, name) for name in self._names}
