"""Desired state of devices: items for all, for a group or for one device, each with the revision of its last change.

Revisions are one counter per tenant, and only rise. An item that is removed stays as a tombstone, without a body, so
that devices hear of it; tombstones are collected in the end, and `floor` says below which revision a device has to
fetch the whole because of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.database import batches
from memory.ledger.repository import Repository, Rows
from memory.ledger.scope import Condition, TenantScope
from memory.ledger.tables import BigInt, Key, Max8, Max16, Name, map_table

DesiredScope = Literal["all", "group", "device"]


@dataclass(frozen=True, slots=True)
class DesiredItem:
    """One item. `subject` is the group or device, empty for all; `body` is None once it is removed."""

    scope: Key[Max8[DesiredScope]]
    subject: Key[Name]
    kind: Key[Max16[str]]
    name: Key[Name]
    revision: BigInt
    body: Mapping[str, Any] | None
    changed_at: datetime
    changed_by: Name


@dataclass(frozen=True, slots=True)
class DesiredHead:
    """How far the tenant's counter is.

    Attributes:
        shared_revision: of the last change of an item that is not for one device alone.
        floor: whoever has less fetches the whole.
    """

    revision: BigInt = 0
    shared_revision: BigInt = 0
    floor: BigInt = 0


desired_items = map_table("desired_items", DesiredItem)
desired_heads = map_table("desired_heads", DesiredHead)
_items = desired_items.c
_REMOVED = _items.body.is_(sa.null())


class DesiredItems(Repository[DesiredItem]):
    """One tenant's desired items; `find` (by scope, subject, kind and name) gives tombstones, too."""

    table, row, noun = desired_items, DesiredItem, "desired item"

    def __init__(self, scope: TenantScope) -> None:
        super().__init__(scope)
        self._heads = Rows(scope, desired_heads, DesiredHead)

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

    def shared(self, group: str) -> list[DesiredItem]:
        """Those for all and for this group, tombstones too; what is for all first."""
        theirs = (_items.scope == "all") | ((_items.scope == "group") & (_items.subject == group))
        return self._rows.list(theirs, order=(_items.scope, _items.kind, _items.name))

    def of_device(self, device: str) -> list[DesiredItem]:
        """Those for this device alone, tombstones too."""
        return self._rows.by("kind", "name", scope="device", subject=device)

    def for_devices(self, kind: str, name: str) -> list[DesiredItem]:
        """Those of one kind and name that are each for one device, tombstones too."""
        return self._rows.by(scope="device", kind=kind, name=name)

    def all(self, kind: str | None = None, scope: DesiredScope | None = None) -> list[DesiredItem]:
        """What is not removed."""
        order = (_items.kind, _items.name, _items.scope, _items.subject)
        return self._rows.list(_items.body.is_not(sa.null()), order=order, kind=kind, scope=scope)

    def put(self, item: DesiredItem) -> None:
        """Insert or overwrite."""
        self._rows.put(item)

    def replace_for_devices(self, kind: str, name: str, items: Sequence[DesiredItem]) -> None:
        """Write these items, of one kind and name and each for one device, over whatever was there for them."""
        same = (_items.scope == "device", _items.kind == kind, _items.name == name)
        for part in batches(items):
            self._rows.delete(*same, _items.subject.in_([item.subject for item in part]))
            self._rows.add(*part)

    def tombstones(self, limit: int) -> list[DesiredItem]:
        """Of items that are not for one device alone, oldest first."""
        return self._rows.list(_items.scope != "device", _REMOVED, order=_items.revision, limit=limit)

    def drop_tombstones(self, through: int, device: str | None = None) -> int:
        """Remove those with a revision up to this one; of all shared items, or of one device. Returns how many."""
        theirs = _items.scope != "device" if device is None else _of_device(device)
        return self._rows.delete(theirs, _REMOVED, _items.revision <= through)

    def drop_device(self, device: str) -> None:
        """Remove all that is for one device alone."""
        self._rows.delete(_of_device(device))


def _of_device(device: str) -> Condition:
    return (_items.scope == "device") & (_items.subject == device)
