"""Putting and removing desired items."""

from collections.abc import Mapping
from typing import Any

from memory.errors import InvalidInput, NotFound
from memory.ledger.desired import DesiredHead, DesiredItem, DesiredScope
from memory.nearest import nearest_names
from tools.calling.context import ToolContext

__all__ = ["MOST_TOMBSTONES", "Where", "put_item", "remove_item", "where_of"]

MOST_TOMBSTONES = 1000
"""Of items that are for more than one device; beyond that the older half goes, and devices that were away since then
fetch the whole."""

Where = tuple[DesiredScope, str]
"""For whom an item is: scope, and group or device."""


def where_of(context: ToolContext, device: str | None, group: str | None) -> Where:
    """For one device, for a group, or for all where both are left out.

    Raises:
        InvalidInput: both are given.
        NotFound: there is no such device, or no device in such a group.
    """
    if device is not None and group is not None:
        raise InvalidInput("It is for a device or for a group, not for both.", "Name one of them.")
    if device is not None:
        return "device", context.unit.devices.get(device).id
    if group is None:
        return "all", ""
    if not context.unit.devices.all(group):
        groups = sorted({one.group for one in context.unit.devices.all()})
        raise NotFound(f"There is no device in a group {group!r}.", nearest=nearest_names(group, groups))
    return "group", group


def put_item(context: ToolContext, where: Where, kind: str, name: str, body: Mapping[str, Any]) -> DesiredItem:
    """Write an item, at a new revision; one that is the same already is left as it is."""
    former = context.unit.desired.find(*where, kind, name)
    if former is not None and former.body == body:
        return former
    return _write(context, where, kind, name, body)


def remove_item(context: ToolContext, where: Where, kind: str, name: str) -> DesiredItem:
    """Leave a tombstone. Raises NotFound: there is no such item, for exactly these."""
    desired = context.unit.desired
    former = desired.find(*where, kind, name)
    if former is None or former.body is None:
        known = [one.name for one in desired.all(kind) if (one.scope, one.subject) == where]
        raise NotFound(f"There is no {kind} {name!r} for {_told(where)}.", nearest=nearest_names(name, known))
    item = _write(context, where, kind, name, None)
    _collect(context)
    return item


def _write(context: ToolContext, where: Where, kind: str, name: str, body: Mapping[str, Any] | None) -> DesiredItem:
    scope, subject = where
    revision = context.unit.desired.next_revision(shared=scope != "device")
    item = DesiredItem(scope, subject, kind, name, revision, body, context.now, context.principal)
    context.unit.desired.put(item)
    return item


def _collect(context: ToolContext) -> None:
    desired = context.unit.desired
    found = desired.tombstones(MOST_TOMBSTONES + 1)
    if len(found) <= MOST_TOMBSTONES:
        return
    through = found[len(found) // 2].revision
    desired.drop_tombstones(through)
    head = desired.head()
    desired.set_head(DesiredHead(head.revision, head.shared_revision, max(head.floor, through)))


def _told(where: Where) -> str:
    scope, subject = where
    return "all" if scope == "all" else f"the {scope} {subject!r}"
