"""What one device shall be: the items for all, for its group and for itself, the more special over the more general."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from edge.kernel.protocol.desired import Item, ItemKind, state_digest
from memory.ledger import Unit
from memory.ledger.desired import DesiredHead, DesiredItem

__all__ = ["CONFIGURATION", "DesiredState", "SharedStates", "layered", "read_state"]

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
    """What groups shall be, of this process: read again where something in it has changed.

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
    """What the device shall be. `own` are the items for it alone, where they are read already."""
    items, state = shared.of(unit, group, head)
    own = unit.desired.of_device(device) if own is None else own
    return layered(items, own) if own else state


def layered(shared: Sequence[DesiredItem], own: Sequence[DesiredItem] = ()) -> DesiredState:
    """What items come to: those for all, then the group's, then the device's own.

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
