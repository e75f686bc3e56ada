"""Notes and alerts: what the device reports to people. An alert that is repeated soon is deduplicated."""

import threading
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.kernel.errors import InvalidInput
from edge.outbox import Journal
from edge.tools.deadline import caller
from edge.tools.tool import DeviceTool, device_tool, plain

REPEAT_AFTER_S = 300.0
"""An alert that says the same again within this time is not raised again."""

_Text = Annotated[str, Field(min_length=1, max_length=2_000)]
_Note = Annotated[str, Field(min_length=1, max_length=20_000)]


def report_tools(journal: Journal, monotonic: Callable[[], float] = time.monotonic) -> list[DeviceTool]:
    """The tools that write into the journal."""
    raised: dict[tuple[str, str, str], tuple[float, int]] = {}
    lock = threading.Lock()

    def note_take(text: _Note, about: Annotated[str, Field(max_length=100)] = "") -> dict[str, Any]:
        """Write down a note; it reaches the hub with the next exchange."""
        seq = journal.record("note", {"text": _readable(text), "about": plain(about), "by": plain(caller.get())})
        return {"noted": seq}

    def alert_raise(
        message: _Text,
        severity: Literal["info", "warning", "critical"] = "warning",
        subject: Annotated[str, Field(max_length=100)] = "",
    ) -> dict[str, Any]:
        """Raise an alert for the people at the hub; the subject is the sensor or part that it is about."""
        alert, now = (severity, _readable(message), plain(subject)), monotonic()
        with lock:
            for known in [known for known, (at, _) in raised.items() if at <= now - REPEAT_AFTER_S]:
                del raised[known]
            if alert in raised:
                return {"alert": raised[alert][1], "raised_before": True}
            body = {"severity": severity, "message": alert[1], "subject": alert[2], "by": plain(caller.get())}
            raised[alert] = (now, journal.record("alert", body))
            return {"alert": raised[alert][1], "raised_before": False}

    return [device_tool(note_take, effect="write"), device_tool(alert_raise, effect="write")]


def _readable(text: str) -> str:
    """Raises InvalidInput: there is nothing to read in it."""
    text = plain(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text:
        raise InvalidInput("The text says nothing.", "Write what is to be told.")
    return text
