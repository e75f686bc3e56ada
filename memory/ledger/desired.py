"""What devices shall be: items for all, for a group or for one device, each with the revision of its last change.

Revisions are one counter per tenant, and only rise. An item that is removed stays as a tombstone, without a body, so
that devices hear of it; tombstones are collected in the end, and `floor` says below which revision a device has to
fetch the whole because of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import Condition, TenantScope

__all__ = ["DesiredHead", "DesiredItem", "DesiredItems", "DesiredScope"]

DesiredScope = Literal["all", "group", "device"]
_items, _heads = schema.desired_items, schema.desired_heads


@dataclass(frozen=True, slots=True)
class DesiredItem:
    """One item. `subject` is the group or device, empty for all; `body` is None once it is removed."""

    scope: DesiredScope
    subject: str
    kind: str
    name: str
    revision: int
    body: Mapping[str, Any] | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class DesiredHead:
    """How far the tenant's counter is.

    Attributes:
        shared_revision: of the last change of an item that is not for one device alone.
        floor: whoever has less fetches the whole.
    """

    revision: int = 0
    shared_revision: int = 0
    floor: int = 0


class DesiredItems:
    """Reads and writes of one tenant's desired items."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, _items, DesiredItem)
        self._heads = Rows(scope, _heads, DesiredHead)

    def head(self) -> DesiredHead:
        return self._heads.one() or DesiredHead()

    def set_head(self, head: DesiredHead) -> None:
        self._heads.put(head)

    def next_revision(self, *, shared: bool) -> int:
        """Count up, for changes of items that are for one device alone, or for more."""
        head = self.head()
        revision = head.revision + 1
        self.set_head(DesiredHead(revision, revision if shared else head.shared_revision, head.floor))
        return revision

    def find(self, scope: DesiredScope, subject: str, kind: str, name: str) -> DesiredItem | None:
        """Tombstones, too."""
        column = _items.c
        return self._rows.first(
            column.scope == scope, column.subject == subject, column.kind == kind, column.name == name
        )

    def shared(self, group: str) -> list[DesiredItem]:
        """Those for all and for this group, tombstones too; what is for all first."""
        theirs = (_items.c.scope == "all") | ((_items.c.scope == "group") & (_items.c.subject == group))
        return self._rows.list(theirs, order=(_items.c.scope, _items.c.kind, _items.c.name))

    def of_device(self, device: str) -> list[DesiredItem]:
        """Those for this device alone, tombstones too."""
        return self._rows.by("kind", "name", scope="device", subject=device)

    def for_devices(self, kind: str, name: str) -> list[DesiredItem]:
        """Those of one kind and name that are each for one device, tombstones too."""
        return self._rows.list(_items.c.scope == "device", _items.c.kind == kind, _items.c.name == name)

    def all(self, kind: str | None = None, scope: DesiredScope | None = None) -> list[DesiredItem]:
        """What is not removed."""
        where: list[Condition] = [_items.c.body.is_not(sa.null())]
        if kind is not None:
            where.append(_items.c.kind == kind)
        if scope is not None:
            where.append(_items.c.scope == scope)
        return self._rows.list(*where, order=(_items.c.kind, _items.c.name, _items.c.scope, _items.c.subject))

    def put(self, item: DesiredItem) -> None:
        """Insert or overwrite."""
        self._rows.put(item)

    def replace_for_devices(self, kind: str, name: str, items: Sequence[DesiredItem]) -> None:
        """Write these items, of one kind and name and each for one device, over whatever was there for them."""
        for start in range(0, len(items), 500):
            part = items[start : start + 500]
            self._scope.delete(
                _items,
                _items.c.scope == "device",
                _items.c.kind == kind,
                _items.c.name == name,
                _items.c.subject.in_([item.subject for item in part]),
            )
            self._scope.insert_all(_items, [asdict(item) for item in part])

    def tombstones(self, limit: int) -> list[DesiredItem]:
        """Of items that are not for one device alone, oldest first."""
        return self._rows.list(
            _items.c.scope != "device", _items.c.body.is_(sa.null()), order=_items.c.revision, limit=limit
        )

    def drop_tombstones(self, through: int, device: str | None = None) -> int:
        """Remove those with a revision up to this one; of all shared items, or of one device. Returns how many."""
        theirs = (
            _items.c.scope != "device"
            if device is None
            else (_items.c.scope == "device") & (_items.c.subject == device)
        )
        return self._scope.delete(_items, theirs, _items.c.body.is_(sa.null()), _items.c.revision <= through)

    def drop_device(self, device: str) -> None:
        """Remove all that is for one device alone."""
        self._scope.delete(_items, _items.c.scope == "device", _items.c.subject == device)
