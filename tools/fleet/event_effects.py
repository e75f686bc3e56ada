"""Effects of a device's events: alerts that people see, answers to what they asked, questions to the hub."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from edge.kernel.canonical import canonical_json
from memory.ledger import Unit
from memory.ledger.alerts import Alert
from memory.ledger.desired import DesiredItem
from memory.ledger.device_events import DeviceEvent, DeviceQuestion

__all__ = ["QUESTION", "REPLY", "apply_event_effects", "question_name"]

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
    """One that was passed on already, or says nothing, is only an event."""
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
