"""What an exchange with a device begins with, read at once: devices come often, and each read costs."""

from dataclasses import dataclass, fields
from typing import Literal

from memory.ledger import schema
from memory.ledger.desired import DesiredHead
from memory.ledger.scope import Beside, TenantScope
from memory.ledger.uplinks import Stream, Uplink

__all__ = ["Meeting", "Meetings"]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A device that calls, and what the hub has of it.

    Attributes:
        stream: the one that it names; None where that is new.
        head: of the tenant's desired items.
        has_own: there are desired items for this device alone, tombstones too.
        has_rejected: something that it sent was set aside, in whatever stream.
    """

    group: str
    state: Literal["enrolled", "revoked"]
    uplink: Uplink
    stream: Stream | None
    head: DesiredHead
    has_own: bool
    has_rejected: bool


def _names(kind: type[Uplink] | type[Stream] | type[DesiredHead]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


_PARTS = (
    Beside(schema.devices, ("group", "state"), (("id", "device"),)),
    Beside(schema.uplinks, _names(Uplink), (("device", "device"),)),
    Beside(schema.device_streams, _names(Stream), (("device", "device"), ("stream", "stream"))),
    Beside(schema.desired_heads, _names(DesiredHead)),
    Beside(schema.desired_items, (), (("scope", "own"), ("subject", "device"))),
    Beside(schema.rejected_events, (), (("device", "device"),)),
)


class Meetings:
    """Reads of one tenant's devices, with all that an exchange needs of them."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope

    def find(self, device: str, stream: str) -> Meeting | None:
        """None where there is no such device, or it never had a key."""
        found = self._scope.find_beside(_PARTS, {"device": device, "stream": stream, "own": "device"})
        if found is None:
            return None
        about, link, place, head, own, rejected = found
        if about is None or link is None:
            return None
        return Meeting(
            about["group"],
            about["state"],
            Uplink(**link),
            Stream(**place) if place is not None else None,
            DesiredHead(**head) if head is not None else DesiredHead(),
            own is not None,
            rejected is not None,
        )
