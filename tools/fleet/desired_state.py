"""Desired state of a device: items for all, for its group and for itself, the more special over the more general."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.names import nearest_names
from edge.kernel.protocol.desired import Item, ItemKind, state_digest
from memory.ledger import Unit
from memory.ledger.desired import DesiredHead, DesiredItem, DesiredScope
from tools.calling.context import ToolContext

CONFIGURATION = "configuration"
Key = tuple[str, str]


@dataclass(frozen=True)
class DesiredState:
    """By kind and name: the revision of the last change, and the body, None where the item is gone.

    Attributes:
        own_tombstones: items for the device alone are gone, and it may not have heard of that.
    """

    items: Mapping[Key, tuple[int, Mapping[str, Any] | None]]
    own_tombstones: bool = False

    @cached_property
    def digest(self) -> str:
        return state_digest({key: body for key, (_, body) in self.items.items() if body is not None})

    @cached_property
    def artifacts(self) -> frozenset[str]:
        """Digests of all contents that the items refer to."""
        return frozenset(digest for _, body in self.items.values() for digest in _digests(body))

    def changed_since(self, revision: int) -> tuple[Item, ...]:
        """What is new, and tombstones of what is gone, by kind and name."""
        return tuple(item for item in self._all if item.revision > revision)

    def whole(self) -> tuple[Item, ...]:
        """Everything that is not gone, by kind and name."""
        return tuple(item for item in self._all if item.body is not None)

    @cached_property
    def _all(self) -> tuple[Item, ...]:
        """Made once: what is shared goes to many devices."""
        return tuple(_item(key, *found) for key, found in sorted(self.items.items(), key=_key_first))


class SharedStates:
    """Cache of the desired states of groups, for this process; read again where a shared item has changed.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[int, list[DesiredItem], DesiredState]] = {}

    def of(self, unit: Unit, group: str, head: DesiredHead) -> tuple[list[DesiredItem], DesiredState]:
        """The items for all and for the group, and what they come to."""
        held = self._held.get((unit.tenant, group))
        if held is None or held[0] != head.shared_revision:
            items = unit.desired.shared(group)
            held = (head.shared_revision, items, layered(items))
            self._held[unit.tenant, group] = held
        return held[1], held[2]


def read_state(
    unit: Unit,
    device: str,
    group: str,
    shared: SharedStates,
    head: DesiredHead,
    own: Sequence[DesiredItem] | None = None,
) -> DesiredState:
    """Desired state of a device. `own` are the items for it alone, where they are read already."""
    items, state = shared.of(unit, group, head)
    own = unit.desired.of_device(device) if own is None else own
    return layered(items, own) if own else state


def layered(shared: Sequence[DesiredItem], own: Sequence[DesiredItem] = ()) -> DesiredState:
    """Desired state from items: those for all, then the group's, then the device's own.

    The last that is there counts; of configurations, the last value and rule of each key.
    """
    found: dict[Key, tuple[int, Mapping[str, Any] | None]] = {}
    for item in (*shared, *own):
        key = (item.kind, item.name)
        revision, body = found.get(key, (0, None))
        found[key] = (max(revision, item.revision), _over(item, body))
    return DesiredState(found, any(item.body is None for item in own))


def _over(item: DesiredItem, under: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if item.body is None:
        return under
    if item.kind != CONFIGURATION or under is None:
        return item.body
    return {part: {**under.get(part, {}), **item.body.get(part, {})} for part in ("values", "rules")}


def _item(key: Key, revision: int, body: Mapping[str, Any] | None) -> Item:
    kind, name = key
    return Item(kind=cast("ItemKind", kind), name=name, revision=revision, body=None if body is None else dict(body))


def _key_first(entry: tuple[Key, Any]) -> Key:
    return entry[0]


def _digests(value: Any) -> Iterator[str]:
    """Of every reference to an artifact within a body."""
    if isinstance(value, Mapping):
        body = cast("Mapping[str, Any]", value)
        if "digest" in body and "size_bytes" in body:
            yield str(body["digest"])
        for part in body.values():
            yield from _digests(part)


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
