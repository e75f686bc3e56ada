"""Questions that people put to devices, and those that devices pass on to the hub; and the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import Condition, TenantScope

__all__ = ["DeviceQuestion", "DeviceQuestions"]

_table = schema.device_questions


@dataclass(frozen=True, slots=True)
class DeviceQuestion:
    """One question.

    Attributes:
        origin: who asks: somebody at the hub the device, or somebody at the device the hub.
        asked_by: a principal of the hub, or what the device calls who asked it.
        answer: JSON; None while there is none.
        details: JSON; what else the device said of it.
    """

    id: str
    device: str
    text: str
    asked_by: str
    asked_at: datetime
    origin: Literal["hub", "device"] = "hub"
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    answer: Mapping[str, Any] | None = None
    answered_at: datetime | None = None


class DeviceQuestions:
    """Reads and writes of one tenant's questions."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, _table, DeviceQuestion)

    def find(self, question_id: str) -> DeviceQuestion | None:
        return self._rows.first(_table.c.id == question_id)

    def get(self, question_id: str) -> DeviceQuestion:
        """Raises NotFound: there is no such question."""
        found = self.find(question_id)
        if found is None:
            raise NotFound(f"There is no question {question_id!r}.", "List the answers.")
        return found

    def all(
        self, origin: str, device: str | None = None, *, open_only: bool = False, limit: int = 100
    ) -> list[DeviceQuestion]:
        """Newest first; of all devices, or of one."""
        where: list[Condition] = [_table.c.origin == origin]
        if device is not None:
            where.append(_table.c.device == device)
        if open_only:
            where.append(_table.c.answered_at.is_(None))
        return self._rows.list(*where, order=(_table.c.asked_at.desc(), _table.c.id), limit=limit)

    def save(self, question: DeviceQuestion) -> None:
        """Insert or overwrite."""
        self._rows.put(question)
