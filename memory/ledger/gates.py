"""What gates found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["GateResult", "GateResults"]


@dataclass(frozen=True, slots=True)
class GateResult:
    """One verdict on one version.

    Attributes:
        verdict: "pass", "fail" or "insufficient evidence".
        reasons: JSON, in the order in which they count.
        evidence: JSON; what was looked at, so that the verdict can be found again.
    """

    id: str
    gate: str
    version: str
    verdict: str
    reasons: Sequence[Any]
    evidence: Mapping[str, Any]
    at: datetime


class GateResults:
    """Reads and writes of one tenant's gate results; they never change."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.gate_results, GateResult)

    def add(self, result: GateResult) -> None:
        self._rows.add(result)

    def of(self, version: str, gate: str | None = None, limit: int = 50) -> list[GateResult]:
        """Newest first; of all gates, or of one."""
        table = schema.gate_results
        where = [table.c.version == version] + ([table.c.gate == gate] if gate is not None else [])
        return self._rows.list(*where, order=(table.c.at.desc(), table.c.id), limit=limit)
