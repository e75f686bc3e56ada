"""Alerts: what somebody should look at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["Alert", "Alerts"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `subject` is what it is about, such as a version, a target or a device."""

    id: str
    severity: Literal["info", "warning", "critical"]
    subject: str
    message: str
    state: Literal["open", "acknowledged", "closed"]
    raised_at: datetime
    closed_at: datetime | None = None


class Alerts:
    """Reads and writes of one tenant's alerts."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.alerts, Alert)

    def get(self, alert_id: str) -> Alert:
        """Raises NotFound: there is no such alert."""
        found = self._rows.first(schema.alerts.c.id == alert_id)
        if found is None:
            raise NotFound(f"There is no alert {alert_id!r}.", "List the alerts.")
        return found

    def all(self, state: str | None = "open", limit: int = 200) -> list[Alert]:
        """Newest first; in one state, or in all."""
        where = [schema.alerts.c.state == state] if state is not None else []
        return self._rows.list(*where, order=(schema.alerts.c.raised_at.desc(), schema.alerts.c.id), limit=limit)

    def save(self, alert: Alert) -> None:
        """Insert or overwrite."""
        self._rows.put(alert)
