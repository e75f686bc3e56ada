"""Questions that people put to devices, and those that devices pass on to the hub; and the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.repository import MutableRepository
from memory.ledger.scope import Condition
from memory.ledger.tables import Key, Max8, Name, map_table

__all__ = ["DeviceQuestion", "DeviceQuestions"]


@dataclass(frozen=True, slots=True)
class DeviceQuestion:
    """One question.

    Attributes:
        origin: who asks: somebody at the hub the device, or somebody at the device the hub.
        asked_by: a principal of the hub, or what the device calls who asked it.
        answer: JSON; None while there is none.
        details: JSON; what else the device said of it.
    """

    id: Key[Name]
    device: Name
    text: str
    asked_by: Name
    asked_at: datetime
    origin: Max8[Literal["hub", "device"]] = "hub"
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    answer: Mapping[str, Any] | None = None
    answered_at: datetime | None = None


device_questions = map_table("device_questions", DeviceQuestion, sa.Index(None, "tenant", "device"))


class DeviceQuestions(MutableRepository[DeviceQuestion]):
    """One tenant's questions to and from devices."""

    table, row, noun, advice = device_questions, DeviceQuestion, "question", "List the answers."

    def all(
        self, origin: str = "hub", device: str | None = None, *, open_only: bool = False, limit: int = 100
    ) -> list[DeviceQuestion]:
        """Newest first; of all devices, or of one."""
        where: list[Condition] = [device_questions.c.origin == origin]
        if device is not None:
            where.append(device_questions.c.device == device)
        if open_only:
            where.append(device_questions.c.answered_at.is_(None))
        order = (device_questions.c.asked_at.desc(), device_questions.c.id)
        return self._rows.list(*where, order=order, limit=limit)
