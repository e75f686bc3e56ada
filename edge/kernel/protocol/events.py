"""Events: what a device records, how they are chained and deduplicated, what is evicted when room runs out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from edge.kernel.canonical import digest_of

EventKind = Literal[
    "audit", "alert", "answer", "question", "job", "note", "model", "conflict", "refused", "telemetry", "gap"
]
"""What an event tells of: a tool call, an alert, an answer to a question of the hub's, a question for the hub, a run of
a job, a note, a step of a model's life, a conflict of configuration, something untrusted that was refused, a
measurement, events that had to give way.

The body of a question is {"id", "text", "by", "language", "reasons"}; the hub's answer comes as an item "reply".
"""

EventClass = Literal["audit", "record", "telemetry"]
"""What happens when the outbox has no room for more of its class.

- audit: never dropped; the action that it would tell of is refused.
- record: never dropped silently; the oldest give way to one event that says how many did.
- telemetry: thinned; every second of the oldest half goes, so that the resolution falls with age.
"""

FIRST_CHAIN = "0" * 64

_CLASSES: dict[EventKind, EventClass] = {"audit": "audit", "refused": "audit", "telemetry": "telemetry"}


class Event(BaseModel):
    """One event.

    Attributes:
        seq: position in the device's stream, from 1; it alone says what came before what.
        at: the device's clock, which may be wrong by years; shown to people, never compared.
        uptime_s: seconds since the device started, within `boot`.
        boot: which start of the device.
        chain: digest over the event and the chain of the event before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: Annotated[int, Field(ge=1, le=2**53)]
    kind: EventKind
    at: Annotated[str, Field(max_length=40)]
    boot: Annotated[str, Field(max_length=40)]
    uptime_s: FiniteFloat
    body: dict[str, Any]
    chain: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def class_of(kind: EventKind) -> EventClass:
    """Kinds that are neither audit nor telemetry are records."""
    return _CLASSES.get(kind, "record")


def chain(before: str, seq: int, kind: EventKind, at: str, boot: str, uptime_s: float, body: dict[str, Any]) -> str:
    """The chain after an event: binds all that came before it, and identifies it wherever events are deduplicated.

    The first event follows `FIRST_CHAIN`.
    """
    return digest_of([before, seq, kind, at, boot, uptime_s, body])
