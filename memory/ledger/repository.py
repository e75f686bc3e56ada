"""What the repositories share: rows of one table as frozen dataclasses, found, listed and saved."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from edge.kernel.errors import Conflict, NotFound
from edge.kernel.names import nearest_names
from memory.ledger.scope import Condition, TenantScope

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
        self._names = tuple(field.name for field in fields(kind))  # pyright: ignore[reportArgumentType]
        self.key = tuple(column.name for column in table.primary_key.columns if column.name != "tenant")

    def by(self, *order: str, **key: Any) -> list[T]:
        """All whose columns have these values; cheaper than `list`. `order` names columns."""
        return [self._kind(**row) for row in self._scope.find_by(self._table, self._names, key, order)]

    def one(self, **key: Any) -> T | None:
        """The first whose columns have these values."""
        return next(iter(self.by(**key)), None)

    def list(self, *where: Condition, order: Any = (), limit: int | None = None, **equal: Any) -> list[T]:
        """All that fit, whose columns have the values of `equal` that are not None; in `order` (one column or more)."""
        ordered = order if isinstance(order, tuple) else (order,)
        same = [self._table.c[name] == value for name, value in equal.items() if value is not None]
        found = self._scope.find(self._table, self._names, (*where, *same), ordered, limit)
        return [self._kind(**row) for row in found]

    def first(self, *where: Condition, order: Any = ()) -> T | None:
        found = self.list(*where, order=order, limit=1)
        return found[0] if found else None

    def add(self, *items: T) -> None:
        """Insert, in one statement; the primary keys must be new."""
        self._scope.insert(self._table, *(self.values(item) for item in items))

    def put(self, item: T) -> None:
        """Insert or overwrite."""
        self._scope.upsert(self._table, self.values(item))

    def accumulate(self, item: T, names: Sequence[str]) -> None:
        """Add these columns to those of the row of the same primary key; insert where there is none."""
        table, values = self._table, self.values(item)
        added = {name: table.c[name] + values[name] for name in names}
        if self._scope.update(table, added, *(table.c[name] == values[name] for name in self.key)) == 0:
            self.add(item)

    def replace(self, item: T, *where: Condition, but: frozenset[str] = frozenset()) -> None:
        """Overwrite the row that `item` was read from, if it is still at the same `revision`, and count that up.

        Args:
            where: what else must hold of the row.
            but: fields that are left as they are.

        Raises:
            Conflict: it has changed since it was read, or is gone.
        """
        table, values = self._table, self.values(item)
        changed = {name: value for name, value in values.items() if name not in but}
        changed["revision"] = values["revision"] + 1
        same = {name: values[name] for name in (*self.key, "revision")}
        if where:
            found = self._scope.update(table, changed, *(table.c[name] == same[name] for name in same), *where)
        else:
            found = self._scope.update_by(table, changed, same)
        if found == 0:
            raise Conflict(f"{str(values[self.key[0]])!r} was changed by somebody else meanwhile.", "Read it again.")

    def delete(self, *where: Condition) -> int:
        return self._scope.delete(self._table, *where)

    def values(self, item: T) -> dict[str, Any]:
        """Its columns; `asdict` would copy what they hold."""
        return {name: getattr(item, name) for name in self._names}


class Repository(Generic[T]):
    """One tenant's rows of one table: what can be done with any.

    A subclass says which `table` and `row`, and what people call one: its `noun`. Where a key is not found, they are
    told by `missing`, and given `advice`; without advice they are given the nearest keys.
    """

    table: sa.Table
    row: type[T]
    noun: str
    missing = "There is no {noun} {key!r}."
    advice = ""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, self.table, self.row)

    def find(self, *key: str) -> T | None:
        """The one of this primary key."""
        return self._rows.one(**dict(zip(self._rows.key, key, strict=True)))

    def get(self, key: str) -> T:
        """Raises NotFound: there is none of this primary key; names the nearest, or gives advice."""
        found = self.find(key)
        if found is None:
            nearest = [] if self.advice else nearest_names(key, self._known())
            raise NotFound(self.missing.format(noun=self.noun, key=key), self.advice, nearest=nearest)
        return found

    def all(self) -> list[T]:
        """By primary key."""
        return self._rows.by(*self._rows.key)

    def add(self, item: T) -> None:
        """Insert; its primary key must be new."""
        self._rows.add(item)

    def _add_new(self, item: T, advice: str) -> None:
        """Raises Conflict: there is one of its primary key already; gives advice what to do."""
        values = self._rows.values(item)
        key = [values[name] for name in self._rows.key]
        if self.find(*key) is not None:
            raise Conflict(f"There is a {self.noun} {key[-1]!r} already.", advice)
        self._rows.add(item)

    def _known(self) -> list[str]:
        """Keys of which the nearest are named."""
        name = self._rows.key[-1]
        return [row[name] for row in self._scope.find_by(self.table, (name,), {}, (name,))]


class MutableRepository(Repository[T]):
    """One tenant's rows of one table, of which the last one saved counts."""

    def save(self, item: T) -> None:
        """Insert or overwrite."""
        self._rows.put(item)


class RevisedRepository(Repository[T]):
    """One tenant's rows of one table, which change by optimistic concurrency: they count their changes."""

    def save(self, item: T) -> T:
        """Overwrite what was read; returns it with its new revision. Raises Conflict: it has changed since."""
        self._rows.replace(item)
        return self._revised(item)

    def _revised(self, item: T) -> T:
        return replace(item, revision=self._rows.values(item)["revision"] + 1)  # pyright: ignore[reportArgumentType]
