"""The device's line to its hub: who it is there, and exchanges until neither has anything more to say."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edge.kernel.errors import LinkFailed, NotFound
from edge.kernel.protocol.messages import Enrolled
from edge.parts import Parts
from edge.replies import Replies
from edge.sync.mcp_transport import as_device, open_transport
from edge.sync.rounds import RoundReport, Syncer

if TYPE_CHECKING:
    from edge.sync.transport import Transport

__all__ = ["Exchange"]

_MOST_ROUNDS = 200
"""Exchanges that follow each other at once."""


class _Link:
    """A `Transport` over whatever connection is open now."""

    def __init__(self) -> None:
        self.current: Transport | None = None

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `Transport.call`."""
        if self.current is None:
            raise LinkFailed("There is no link to the hub.")
        return await self.current.call(tool, arguments)


class Exchange:
    """Talks to the hub that the device enrolled with. What one exchange learns of the line, the next one knows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._link = _Link()
        self._syncer: Syncer | None = None

    @asynccontextmanager
    async def open_link(self) -> AsyncGenerator[Transport]:
        """A connection to the hub that proves who this device is. Raises NotFound: it is not enrolled."""
        way, signed = self._parts.home.link(), as_device(self._hub(), self._parts.signer)
        async with open_transport(way.url, signed, authorities=way.authorities, proxy=way.proxy) as link:
            yield link

    async def run(self) -> RoundReport:
        """Exchange until neither has anything more to say. Raises as `Syncer.round`; NotFound: it is not enrolled."""
        replies = Replies(self._parts.database)
        replies.take()
        async with self.open_link() as link:
            self._link.current = link
            syncer = self._known_syncer()
            report = await syncer.round()
            changed, sent = report.changed, report.sent
            for _ in range(_MOST_ROUNDS):
                replies.take()  # the next exchange may take them back
                if not report.at_once:
                    break
                report = await syncer.round()
                changed, sent = changed | report.changed, sent + report.sent
            return replace(report, changed=changed, sent=sent)

    def _known_syncer(self) -> Syncer:
        if self._syncer is None:
            database, outbox = self._parts.database, self._parts.outbox
            self._syncer = Syncer(self._hub(), self._link, database, outbox, nonce=lambda: secrets.token_hex(16))
        return self._syncer

    def _hub(self) -> Enrolled:
        hub = self._parts.enrolled
        if hub is None:
            raise NotFound("This device is not enrolled.", "Run `chargehand-edge enroll`.")
        return hub
