"""What follows from events: alerts that people see, answers to what they asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, cast

from memory.canonical import canonical_json
from memory.ledger import Unit
from memory.ledger.alerts import Alert
from memory.ledger.desired import DesiredItem
from memory.ledger.device_events import DeviceEvent

__all__ = ["QUESTION", "draw"]

QUESTION = "question"
"""Kind of a desired item that asks the device something."""
_LONGEST = 2000
_SEVERITIES = ("info", "warning", "critical")


def draw(unit: Unit, events: Sequence[DeviceEvent], now: datetime) -> None:
    """Raise the alerts, and match the answers, among these events; they are new."""
    for event in events:
        if event.kind == "alert":
            unit.alerts.save(_alert(event, now))
        elif event.kind == "answer":
            _answer(unit, event, now)


def _alert(event: DeviceEvent, now: datetime) -> Alert:
    given = event.body.get("severity")
    severity = cast("Literal['info', 'warning', 'critical']", given if given in _SEVERITIES else "warning")
    message = _text(event.body.get("message")) or _text(canonical_json(event.body).decode("utf-8", "replace"))
    about = _text(event.body.get("subject"))
    told = f"{about}: {message}" if about else message
    alert_id = f"{event.device}-{event.chain[:16]}"
    return Alert(alert_id, severity, event.device, told[:_LONGEST], "open", now)


def _answer(unit: Unit, event: DeviceEvent, now: datetime) -> None:
    """Only the first answer to a question that was put to this device counts."""
    question = unit.device_questions.find(_text(event.body.get("id"))[:200])
    if question is None or question.device != event.device or question.answered_at is not None:
        return
    unit.device_questions.save(replace(question, answer=_plain(event.body), answered_at=now))
    revision = unit.desired.next_revision(shared=False)
    gone = DesiredItem("device", event.device, QUESTION, question.id, revision, None, now, f"device:{event.device}")
    unit.desired.put(gone)


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) if isinstance(value, str) else value for name, value in body.items()}


def _text(value: Any) -> str:
    """What a database takes as text; empty where it is none."""
    return value.replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""
