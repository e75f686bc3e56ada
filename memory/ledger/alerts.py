"""Alerts: what somebody should look at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from memory.ledger.repository import MutableRepository
from memory.ledger.tables import Key, Max16, Name, map_table


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `subject` is what it is about, such as a version, a target or a device."""

    id: Key[Name]
    severity: Max16[Literal["info", "warning", "critical"]]
    subject: Name
    message: str
    state: Max16[Literal["open", "acknowledged", "closed"]]
    raised_at: datetime
    closed_at: datetime | None = None


alerts = map_table("alerts", Alert)


class Alerts(MutableRepository[Alert]):
    """One tenant's alerts."""

    table, row, noun, advice = alerts, Alert, "alert", "List the alerts."

    def all(self, state: str | None = "open", limit: int = 200) -> list[Alert]:
        """Newest first; in one state, or in all."""
        return self._rows.list(order=(alerts.c.raised_at.desc(), alerts.c.id), limit=limit, state=state)
