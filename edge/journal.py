"""Where everything on the device writes down what happens."""

from collections.abc import Mapping
from typing import Any, Protocol

from edge.kernel.protocol.events import EventKind

__all__ = ["Journal"]


class Journal(Protocol):
    """An append-only record that reaches the hub, once and in order. The outbox is one."""

    def record(self, kind: EventKind, body: Mapping[str, Any]) -> int:
        """Append an event; durable when it returns.

        Returns:
            Its sequence number, from 1.

        Raises:
            OutboxFull: there is no room for an event of a kind that must not be lost. Do not do what it tells of.
            StorageFailed: it could not be written.
        """
        ...
