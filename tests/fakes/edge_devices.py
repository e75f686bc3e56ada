"""A device's parts with clocks, dice and a link that a test holds in its hands."""

import hashlib
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.database import Connect, Database, open_database
from edge.kernel.errors import HubRefused, Untrusted
from edge.kernel.protocol.messages import SyncRequest
from edge.outbox import Bounds, Outbox
from edge.sync.exchange import Syncer
from edge.sync.transport import Transport
from tests.fakes.reference_hubs import ReferenceHub

__all__ = ["DirectLink", "numbered", "open_outbox", "open_syncer"]

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def numbered(prefix: str) -> Callable[[], str]:
    """Different 32 hexadecimal digits at each call; the same ones in each run."""
    counter = itertools.count(1)
    return lambda: hashlib.sha256(f"{prefix} {next(counter)}".encode()).hexdigest()[:32]


def open_outbox(
    database: Database | Path,
    *,
    name: str = "a",
    bounds: Bounds | None = None,
    boot: str = "boot-1",
    connect: Connect | None = None,
) -> Outbox:
    if isinstance(database, Path):
        database = open_database(database, connect)
    ticks = itertools.count()
    return Outbox(
        database,
        clock=lambda: NOON,
        monotonic=lambda: float(next(ticks)),
        boot=boot,
        new_stream=numbered(f"stream of {name} {boot}"),
        bounds=bounds,
    )


class DirectLink:
    """A link that does not fail by itself, to a hub in memory."""

    def __init__(self, hub: ReferenceHub, device: str) -> None:
        self._hub = hub
        self._device = device
        self.requests: list[SyncRequest] = []
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] = dict
        """What happens to answers on their way."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if tool == "edge_artifact":
            return self.spoil(self._hub.artifact(**arguments))
        request = SyncRequest.model_validate(dict(arguments))
        self.requests.append(request)
        try:
            return self.spoil(self._hub.sync(self._device, request).model_dump(mode="json"))
        except Untrusted as error:
            raise HubRefused(error.message, code="invalid_input") from error


def open_syncer(
    hub: ReferenceHub, link: Transport, database: Database, outbox: Outbox, device: str = "a", most_events: int = 500
) -> Syncer:
    return Syncer(hub.enrolled(device), link, database, outbox, numbered(f"nonce of {device}"), most_events)
