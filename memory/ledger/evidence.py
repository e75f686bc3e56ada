"""Evidence about the content of versions, as it is kept; what it means stands in `tools/governance/evidence.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["EvidenceItem", "EvidenceItems", "EvidenceKind"]

EvidenceKind = Literal["evaluation", "bias", "security"]


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One thing that was found out.

    Attributes:
        version: for whose sake it was recorded; it counts for every version of the same digest.
        digest: of the content that it is about.
        body: JSON, by kind.
        finished_at: when it was measured; it was recorded at `recorded_at`.
    """

    id: str
    version: str
    digest: str
    kind: EvidenceKind
    body: Mapping[str, Any]
    finished_at: datetime
    recorded_at: datetime
    recorded_by: str


class EvidenceItems:
    """Reads and writes of one tenant's evidence; it never changes."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.evidence, EvidenceItem)

    def find(self, item_id: str) -> EvidenceItem | None:
        return self._rows.first(schema.evidence.c.id == item_id)

    def add(self, item: EvidenceItem) -> None:
        self._rows.add(item)

    def of(self, digest: str, limit: int = 1000) -> list[EvidenceItem]:
        """About this content, newest first."""
        table = schema.evidence
        return self._rows.list(table.c.digest == digest, order=(table.c.finished_at.desc(), table.c.id), limit=limit)
