"""Event deduplication: a device's events are taken once and in order, or rejected one by one; what follows from them.

Alerts that people see, answers to questions put to the device, questions to the hub (`apply_event_effects`).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import ValidationError

from edge.kernel.canonical import canonical_json, digest_of
from edge.kernel.errors import format_validation_error
from edge.kernel.protocol.events import FIRST_CHAIN, Event, chain
from edge.kernel.protocol.messages import LARGEST_BATCH, LARGEST_EVENT, RejectedEvent, SyncRequest
from memory.ledger import Unit
from memory.ledger.alerts import Alert
from memory.ledger.desired import DesiredItem
from memory.ledger.device_events import DeviceEvent, DeviceQuestion, Rejected
from memory.ledger.devices import DeviceSession, Stream, Uplink

_CHAIN = re.compile(r"[0-9a-f]{64}")
_DEEPEST = 64
"""Levels of a body; what is nested deeper could be kept, and not be shown."""
_LONGEST_KEPT = 2 * LARGEST_EVENT
"""Characters that are kept of what was set aside."""


@dataclass(frozen=True, slots=True)
class Received:
    """Where a stream stands after a request.

    Attributes:
        kept: how many events of it are new.
        forked: the request is at the hub's place, with another history.
        wants_changed: by what came, the device shall be something else than before.
    """

    stream: Stream
    kept: int = 0
    forked: bool = False
    rejected: tuple[RejectedEvent, ...] = ()
    wants_changed: bool = False


def receive(
    unit: Unit, session: DeviceSession, request: SyncRequest, events: Sequence[Mapping[str, Any]], now: datetime
) -> Received:
    """Keep what is new in a request that goes on from the hub's place; any other changes nothing.

    Args:
        events: what the request carries.
    """
    uplink, known = session.uplink, session.stream is not None
    stream = session.stream or Stream(uplink.device, request.stream, 0, 0, FIRST_CHAIN, now)
    if (request.after, request.after_chain) != (stream.cursor, stream.chain):
        forked = known and request.after == stream.cursor
        if forked:
            _tell_fork(unit, stream, now)
        return Received(stream, forked=forked, rejected=_rejected(unit, session, request))
    if known and request.through == request.after and not events:
        return Received(stream, rejected=_rejected(unit, session, request))
    # A stream that begins, or goes on after another had begun, is the current one.
    number = uplink.stream_number if known and stream.number == uplink.stream_number else uplink.stream_number + 1
    if known and number != stream.number:
        _look_for_clone(unit, uplink.device, number, now)
    taking = _Taking(unit, uplink, replace(stream, number=number), request, now)
    for raw in events:
        taking.take(raw)
    unit.device_events.append(taking.events)
    after = replace(
        stream, number=number, cursor=request.through, chain=request.through_chain, thinned=_thinned(stream, request)
    )
    if known:
        unit.streams.advance(stream, number=number, cursor=after.cursor, chain=after.chain, thinned=dict(after.thinned))
    else:
        unit.streams.add(after)
    wants_changed = apply_event_effects(unit, taking.events, now)
    if taking.rejected:
        session = replace(session, has_rejected=True)
    return Received(after, len(taking.events), rejected=_rejected(unit, session, request), wants_changed=wants_changed)


class _Taking:
    """The events of a request, checked one by one."""

    def __init__(self, unit: Unit, uplink: Uplink, stream: Stream, request: SyncRequest, now: datetime) -> None:
        self._unit, self._device, self._position = unit, uplink.device, uplink.events
        self._first = stream.number == 1
        self._seen: set[str] = set()
        self._stream, self._through, self._now = stream.stream, request.through, now
        self._last, self._chain = stream.cursor, stream.chain
        self.events: list[DeviceEvent] = []
        self.rejected = False

    def take(self, raw: Mapping[str, Any]) -> None:
        """Add it to `events`, set it aside, or pass over it where it is known."""
        given = raw.get("seq")
        if type(given) is not int or not self._last < given <= self._through:
            self._set_aside(raw, min(self._last + 1, self._through), "its number is out of order")
            return
        event, why = _checked(raw)
        follows = bool(self._chain) and given == self._last + 1
        if event is not None and follows and event.chain != chain(self._chain, *_chained(event)):
            event, why = None, "its chain does not fit the event before it"
        self._last, self._chain = given, event.chain if event is not None else ""
        if event is None:
            self._set_aside(raw, given, why)
        elif not self._known(event.chain, follows=follows):
            self._position += 1
            self._seen.add(event.chain)
            self.events.append(
                DeviceEvent(
                    self._device, self._position, self._stream, given, event.kind, event.at, event.boot,
                    event.uptime_s, event.body, event.chain, self._now,
                )
            )  # fmt: skip

    def _known(self, sealed: str, *, follows: bool) -> bool:
        """Whether it is kept, or was set aside, in whatever stream. One that goes on from what is kept cannot be."""
        if self._first and follows:
            return False
        kept = self._unit.device_events
        return (
            sealed in self._seen
            or bool(kept.known(self._device, [sealed]))
            or bool(kept.known_rejected(self._device, [sealed]))
        )

    def _set_aside(self, raw: Mapping[str, Any], seq: int, why: str) -> None:
        text = json.dumps(raw, default=str)[:_LONGEST_KEPT]  # in ASCII: whatever came can be kept
        key = _chain_of(raw) or digest_of([seq, text])
        if self._unit.device_events.known(self._device, [key]):
            key = digest_of([seq, text])  # it uses the name of an event that is kept
        self.rejected = True
        self._unit.device_events.set_aside(Rejected(self._device, key, self._stream, seq, why, text, self._now))


def _checked(raw: Mapping[str, Any]) -> tuple[Event | None, str]:
    """The event, or why it can never be kept."""
    try:
        event = Event.model_validate(raw)
        size_bytes = len(canonical_json(event.body))
    except ValidationError as error:
        return None, format_validation_error(error)[:200]
    except (TypeError, ValueError, RecursionError):
        return None, "it is not JSON"
    if size_bytes > LARGEST_EVENT:
        return None, f"its body has more than {LARGEST_EVENT} bytes"
    if _deeper(event.body, _DEEPEST):
        return None, f"its body is nested deeper than {_DEEPEST}"
    if not (event.at + event.boot).isprintable():
        return None, "its time or boot is no printable text"
    return event, ""


def _deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    parts: Iterable[Any] = (
        cast("dict[str, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value)
    )
    return levels == 0 or any(_deeper(part, levels - 1) for part in parts)


def _chained(event: Event) -> tuple[Any, ...]:
    return event.seq, event.kind, event.at, event.boot, event.uptime_s, event.body


def _chain_of(raw: Mapping[str, Any]) -> str:
    """The chain as it was sent; empty where that is none."""
    given = raw.get("chain")
    return given if isinstance(given, str) and _CHAIN.fullmatch(given) else ""


def _rejected(unit: Unit, session: DeviceSession, request: SyncRequest) -> tuple[RejectedEvent, ...]:
    """What was set aside of the stream, now or by a request whose answer may have been lost."""
    if not session.has_rejected:
        return ()
    found = unit.device_events.rejected_after(session.uplink.device, request.stream, request.after, LARGEST_BATCH)
    return tuple(RejectedEvent(seq=one.seq, reason=one.reason) for one in found)


def _thinned(stream: Stream, request: SyncRequest) -> dict[str, int]:
    counted = dict(stream.thinned)
    for name, count in request.thinned.items():
        if len(counted) < 16 or name in counted:
            counted[name[:40]] = counted.get(name[:40], 0) + max(0, count)
    return counted


def _tell_fork(unit: Unit, stream: Stream, now: datetime) -> None:
    message = "It tells another history than the hub has: its disk was set back, or somebody else has its key."
    alert_id = f"fork-{stream.device}-{stream.stream[:12]}"
    unit.alerts.save(Alert(alert_id, "warning", stream.device, message, "open", now))


_RESUMED_BY_CLONES = 2
"""How often earlier streams go on again before two devices are taken to use one key: a disk that was set back does that
once."""


SETTLED = "resumed_before"
"""Label of a device that had a clone: how often its streams had gone on again when somebody decided."""


def clone_alert(device: str) -> str:
    """Id of the alert that a device has a clone."""
    return f"clone-{device}"[:200]


def _look_for_clone(unit: Unit, device: str, number: int, now: datetime) -> None:
    """An earlier stream went on. Each that begins, or goes on again, has the next number: so that is counted."""
    known = unit.devices.get(device)
    resumed = number - len(unit.streams.of(device)) - int(known.labels.get(SETTLED, "0"))
    if known.state != "enrolled" or resumed < _RESUMED_BY_CLONES:
        return
    unit.devices.save(replace(known, state="suspect"))
    message = (
        "Two devices use its key: their events come in turn. What they tell is kept; neither is told anything until you"
        " decide. Make a token for just this device, remove device.key on the one that stays, and enrol it anew: the"
        " other is locked out."
    )
    unit.alerts.save(Alert(clone_alert(device), "critical", device, message, "open", now))


QUESTION = "question"
"""Kind of a desired item that asks the device something."""
REPLY = "reply"
"""Kind of a desired item that answers what somebody asked at the device."""
_LONGEST, _LONGEST_ID = 2000, 100
_SEVERITIES = ("info", "warning", "critical")


def apply_event_effects(unit: Unit, events: Sequence[DeviceEvent], now: datetime) -> bool:
    """Raise the alerts, match the answers and pass on the questions among these events; they are new.

    Returns:
        Whether the desired items of the device were changed by that.
    """
    answered = False
    for event in events:
        if event.kind == "alert":
            unit.alerts.save(_alert(event, now))
        elif event.kind == "answer":
            answered = _answer(unit, event, now) or answered
        elif event.kind == "question":
            _question(unit, event, now)
    return answered


def _alert(event: DeviceEvent, now: datetime) -> Alert:
    given = event.body.get("severity")
    severity: Literal["info", "warning", "critical"] = given if given in _SEVERITIES else "warning"
    message = _text(event.body.get("message")) or _text(canonical_json(event.body).decode("utf-8", "replace"))
    about = _text(event.body.get("subject"))
    told = f"{about}: {message}" if about else message
    alert_id = f"{event.device}-{event.chain[:16]}"
    return Alert(alert_id, severity, event.device, told[:_LONGEST], "open", now)


def _answer(unit: Unit, event: DeviceEvent, now: datetime) -> bool:
    """Only the first answer to a question that was put to this device counts; whether this is it."""
    question = unit.device_questions.find(_text(event.body.get("id"))[:200])
    theirs = question is not None and question.device == event.device and question.origin == "hub"
    if question is None or not theirs or question.answered_at is not None:
        return False
    unit.device_questions.save(replace(question, answer=_plain(event.body), answered_at=now))
    revision = unit.desired.next_revision(shared=False)
    gone = DesiredItem("device", event.device, QUESTION, question.id, revision, None, now, f"device:{event.device}")
    unit.desired.put(gone)
    return True


def _question(unit: Unit, event: DeviceEvent, now: datetime) -> None:
    """Save a question to the hub; one that is known already, or has no text, is only an event."""
    text, given = _text(event.body.get("text")), _text(event.body.get("id"))
    name = question_name(event.device, given)
    if not text or not given or len(given) > _LONGEST_ID or unit.device_questions.find(name) is not None:
        return
    asked_by = _text(event.body.get("by"))[:200]
    details = {name: value for name, value in _plain(event.body).items() if name not in {"id", "text", "by"}}
    unit.device_questions.save(
        DeviceQuestion(name, event.device, text[:_LONGEST], asked_by, now, origin="device", details=details)
    )


def question_name(device: str, given: str) -> str:
    """Under which a question of a device is kept: two devices may name theirs alike."""
    return f"{device}:{given}"


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) if isinstance(value, str) else value for name, value in body.items()}


def _text(value: Any) -> str:
    """What a database takes as text; empty where it is none."""
    return value.replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""
