"""Exchanges with the hub, events up and desired state down, until neither has anything more to say.

All that an answer brings is taken in one transaction. Nothing is taken of an answer that the enrolled hub did not seal
for this very request.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from edge.configuration import Configuration
from edge.database import Database
from edge.home import Parts
from edge.kernel.errors import HubRefused, InvalidInput, NotFound, OutboxFull, Untrusted
from edge.kernel.protocol.desired import DESIRED, Desired, ItemKind
from edge.kernel.protocol.events import EventKind
from edge.kernel.protocol.messages import LARGEST_BATCH, Enrolled, SyncRequest, SyncResponse, check_seal, pack_events
from edge.kernel.protocol.signing import Signed
from edge.outbox import Batch, Outbox
from edge.questions import HubReplies
from edge.state import DesiredState, ReportedState
from edge.sync.transport import Transport, as_device, open_transport

_LEAST_S, _MOST_S = 1.0, 86_400.0
_MOST_SETBACKS = 3
_SET_ASIDE = "event_set_aside"


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What an exchange did.

    Attributes:
        sent: events in the request.
        place: what became of the place in the stream; "narrowed" where the hub could not read the request, and the
            next one is smaller.
        set_aside: events that the hub can never take.
        changed: kinds of desired items that came, changed or went.
        at_once: there is more to do; come back without waiting.
        next_s: when to come back otherwise, seconds.
    """

    sent: int
    place: Literal["same", "advanced", "rewound", "forked", "narrowed"]
    set_aside: int = 0
    changed: frozenset[ItemKind] = frozenset()
    at_once: bool = False
    next_s: float = 60.0


class Syncer:
    """Exchanges with the hub that this device enrolled with.

    Args:
        transport: the link that is open now; may be exchanged between rounds.
        nonce: 32 hexadecimal digits, never the same twice.
    """

    def __init__(
        self,
        hub: Enrolled,
        transport: Transport,
        database: Database,
        outbox: Outbox,
        nonce: Callable[[], str],
        most_events: int = LARGEST_BATCH,
    ) -> None:
        self._hub = hub
        self.transport = transport
        self._database = database
        self._outbox = outbox
        self._nonce = nonce
        self._desired = DesiredState(database)
        self._reported = ReportedState(database)
        self._configuration = Configuration(database)
        self._most_events = most_events
        self._limit = most_events
        self._suspect: int | None = None
        self._mistrusted = False
        self._setbacks = 0

    async def round(self) -> RoundReport:
        """Do one exchange.

        Raises:
            LinkFailed: no whole answer came. Nothing is lost or done twice by doing it again.
            HubRefused: the hub does not want to talk to this device.
            Untrusted: the answer is not the hub's. It was recorded, and nothing of it taken.
            StorageFailed: the disk failed; nothing of the answer was taken.
        """
        self._reported.put("configuration", self._configuration.values())
        batch, request = self._request()
        try:
            answer = await self.transport.call("edge_sync", request.model_dump(mode="json", exclude_defaults=True))
        except HubRefused as refusal:
            if refusal.code != "invalid_input" or not batch.events:
                raise
            return self._narrow(batch)
        try:
            response = self._opened(answer, request.nonce)
        except Untrusted as error:
            self._mistrust(error)
            raise
        with self._database.transaction():
            report = self._take(batch, response)
            if self._suspect is not None and not batch.events:
                self._set_suspect_aside(self._suspect)
        self._suspect = None
        self._limit = min(self._most_events, 2 * self._limit or 1)
        return report

    def _request(self) -> tuple[Batch, SyncRequest]:
        batch = self._outbox.batch(0 if self._suspect is not None else self._limit)
        version, reported = self._reported.due()
        standing = self._desired.standing()
        return batch, SyncRequest(
            stream=batch.stream,
            after=batch.after,
            after_chain=batch.after_chain,
            through=batch.through,
            through_chain=batch.through_chain,
            packed=pack_events([event.on_wire() for event in batch.events]),
            thinned=dict(batch.thinned),
            nonce=self._nonce(),
            reported_version=version,
            reported=reported,
            have_revision=standing.revision,
            have_digest=standing.digest,
            whole=standing.whole,
        )

    def _opened(self, answer: Mapping[str, Any], nonce: str) -> SyncResponse:
        try:
            response = SyncResponse.model_validate(answer)
            check_seal(response, self._hub.hub_key, self._hub.hub_id, self._hub.tenant, self._hub.device, nonce)
        except (ValueError, TypeError, RecursionError) as error:
            raise Untrusted("The answer of the hub is malformed.") from error
        return response

    def _take(self, batch: Batch, response: SyncResponse) -> RoundReport:
        place = self._outbox.acknowledge(response.cursor, response.cursor_chain)
        if place == "forked":
            self._note("note", {"what": "new_stream", "former": batch.stream, "place": response.cursor})
        aside = 0 if place == "forked" else self._tell_of_rejected(batch, response)
        self._reported.hub_has(response.reported_version, response.reported_digest)
        changed = self._take_desired(response.desired) if response.desired is not None else frozenset[ItemKind]()
        # A hub that forgets again and again is not asked without a pause.
        self._setbacks = 0 if place == "same" else self._setbacks + (place in {"rewound", "forked"})
        behind = place != "same" and self._setbacks <= _MOST_SETBACKS and self._outbox.status().waiting > 0
        return RoundReport(
            sent=len(batch.events),
            place=place,
            set_aside=aside,
            changed=changed or frozenset(),
            at_once=behind or self._suspect is not None or changed is None,
            next_s=min(max(response.next_s, _LEAST_S), _MOST_S),
        )

    def _tell_of_rejected(self, batch: Batch, response: SyncResponse) -> int:
        """Record what the hub set aside; but not that it set aside what tells of that."""
        sent = {event.seq: event for event in batch.events}
        new = [one for one in response.rejected if one.seq in sent and one.seq <= response.cursor]
        for one in new:
            if _SET_ASIDE not in sent[one.seq].body:
                self._note("refused", {"what": _SET_ASIDE, "seq": one.seq, "reason": one.reason[:500]})
        return len(new)

    def _take_desired(self, signed: Signed) -> frozenset[ItemKind] | None:
        """The kinds that changed; None where it could not be taken, and the whole is to be asked for at once."""
        try:
            changed = self._desired.take(self._for_this_device(signed), signed)
        except (Untrusted, ValueError, TypeError) as error:
            self._mistrust(error)
            if self._desired.standing().whole:  # That was the whole: asking at once again would not help.
                return frozenset()
            self._desired.ask_for_whole()
            return None
        self._mistrusted = False
        if "configuration" in changed:
            self._merge_configuration()
        return changed

    def _for_this_device(self, signed: Signed) -> Desired:
        desired = Desired.model_validate(signed.open(DESIRED, self._hub.hub_key))
        if desired.device != self._hub.device:
            raise Untrusted(f"The desired state is for {desired.device}, not for this device.")
        return desired

    def _merge_configuration(self) -> None:
        try:
            conflicts = self._configuration.take(self._desired.items("configuration"))
        except InvalidInput as error:
            self._note("refused", {"what": "configuration", "reason": str(error)[:500]})
            return
        for conflict in conflicts:
            self._note("conflict", conflict.event_body())
        self._reported.put("configuration", self._configuration.values())

    def _narrow(self, batch: Batch) -> RoundReport:
        """The hub could not read the request: find the event that is at fault. Alone at fault, it is set aside.

        Before that, a request without events must pass: else it is not the event's fault.
        """
        self._limit = max(1, len(batch.events) // 2)
        if len(batch.events) == 1:
            self._suspect = batch.events[-1].seq
        return RoundReport(sent=0, place="narrowed", at_once=True)

    def _set_suspect_aside(self, seq: int) -> None:
        self._outbox.set_aside(seq)
        self._note("refused", {"what": _SET_ASIDE, "seq": seq, "reason": "the hub cannot read a request with it"})

    def _mistrust(self, error: Exception) -> None:
        """Record it once; a link that spoils every answer would fill the outbox otherwise."""
        if not self._mistrusted:
            self._note("refused", {"what": "answer", "reason": str(error)[:500]})
        self._mistrusted = True

    def _note(self, kind: EventKind, body: Mapping[str, Any]) -> None:
        """Record what this exchange met. Without room, taking the acknowledgement, which makes room, matters more."""
        with suppress(OutboxFull):
            self._outbox.record(kind, body)


_MOST_ROUNDS = 200
"""Exchanges that follow each other at once."""


class Exchange:
    """Talks to the hub that the device enrolled with. What one exchange learns of the line, the next one knows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._syncer: Syncer | None = None

    @asynccontextmanager
    async def open_link(self) -> AsyncGenerator[Transport]:
        """A connection to the hub that proves who this device is. Raises NotFound: it is not enrolled."""
        way, signed = self._parts.home.link(), as_device(self._hub(), self._parts.signer)
        async with open_transport(way.url, signed, authorities=way.authorities, proxy=way.proxy) as link:
            yield link

    async def run(self) -> RoundReport:
        """Exchange until neither has anything more to say. Raises as `Syncer.round`; NotFound: it is not enrolled."""
        replies = HubReplies(self._parts.database)
        replies.take()
        async with self.open_link() as link:
            syncer = self._known_syncer(link)
            report = await syncer.round()
            changed, sent = report.changed, report.sent
            for _ in range(_MOST_ROUNDS):
                replies.take()  # the next exchange may take them back
                if not report.at_once:
                    break
                report = await syncer.round()
                changed, sent = changed | report.changed, sent + report.sent
            return replace(report, changed=changed, sent=sent)

    def _known_syncer(self, link: Transport) -> Syncer:
        if self._syncer is None:
            database, outbox = self._parts.database, self._parts.outbox
            self._syncer = Syncer(self._hub(), link, database, outbox, nonce=lambda: secrets.token_hex(16))
        self._syncer.transport = link
        return self._syncer

    def _hub(self) -> Enrolled:
        hub = self._parts.enrolled
        if hub is None:
            raise NotFound("This device is not enrolled.", "Run `chargehand-edge enroll`.")
        return hub
