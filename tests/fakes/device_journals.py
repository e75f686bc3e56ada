"""A journal that keeps events in memory, and can be full."""

import threading
from collections.abc import Mapping
from typing import Any

from edge.kernel.canonical import canonical_json
from edge.kernel.errors import OutboxFull
from edge.kernel.protocol.events import EventKind, class_of

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """What was recorded, in order.

    Args:
        audit_room: how many audit events fit.
    """

    def __init__(self, audit_room: int = 10_000) -> None:
        self.events: list[tuple[EventKind, dict[str, Any]]] = []
        self.audit_room = audit_room
        self._lock = threading.Lock()

    def record(self, kind: EventKind, body: Mapping[str, Any]) -> int:
        canonical_json(dict(body))
        with self._lock:
            if (
                class_of(kind) == "audit"
                and sum(class_of(event[0]) == "audit" for event in self.events) >= self.audit_room
            ):
                raise OutboxFull("No room.")
            self.events.append((kind, dict(body)))
            return len(self.events)

    def of(self, kind: EventKind) -> list[dict[str, Any]]:
        """The bodies of this kind."""
        return [body for known, body in self.events if known == kind]
