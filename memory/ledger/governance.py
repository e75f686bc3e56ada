"""Evaluations, evidence about the content of versions, policies as text, verdicts of gates; see `tools/governance`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.repository import Repository, RevisedRepository
from memory.ledger.scope import TenantScope
from memory.ledger.tables import Instant, Key, Max16, Max32, Max80, Name, map_table, metadata, tenant_column

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

    id: Key[Name]
    version: Name
    digest: Max80[str]
    kind: Max16[EvidenceKind]
    body: Mapping[str, Any]
    finished_at: datetime
    recorded_at: datetime
    recorded_by: Name


@dataclass(frozen=True, slots=True)
class GateResult:
    """One verdict on one version.

    Attributes:
        verdict: "pass", "fail" or "insufficient evidence".
        reasons: JSON, in the order in which they count.
        evidence: JSON; what was looked at, so that the verdict can be found again.
    """

    id: Key[Name]
    gate: Name
    version: Name
    verdict: Max32[str]
    reasons: Sequence[Any]
    evidence: Mapping[str, Any]
    at: datetime


evidence = map_table("evidence", EvidenceItem, sa.Index(None, "tenant", "digest"))
gate_results = map_table("gate_results", GateResult, sa.Index(None, "tenant", "version"))


class EvidenceItems(Repository[EvidenceItem]):
    """One tenant's evidence; it never changes."""

    table, row, noun = evidence, EvidenceItem, "evidence"

    def of(self, digest: str, limit: int = 1000) -> list[EvidenceItem]:
        """About this content, newest first."""
        order = (evidence.c.finished_at.desc(), evidence.c.id)
        return self._rows.list(evidence.c.digest == digest, order=order, limit=limit)


class GateResults(Repository[GateResult]):
    """One tenant's gate results; they never change."""

    table, row, noun = gate_results, GateResult, "gate result"

    def of(self, version: str, gate: str | None = None, limit: int = 50) -> list[GateResult]:
        """Newest first; of all gates, or of one."""
        order = (gate_results.c.at.desc(), gate_results.c.id)
        return self._rows.list(order=order, limit=limit, version=version, gate=gate)


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One policy. `text` is YAML; `digest` is of the text; an inactive one is kept and not applied."""

    name: Key[Name]
    text: str
    digest: Max80[str]
    active: bool
    updated_at: datetime
    updated_by: Name
    revision: int = 0


class Policies(RevisedRepository[StoredPolicy]):
    """One tenant's policies."""

    table, row, noun = map_table("policies", StoredPolicy), StoredPolicy, "policy"

    def all(self, *, active: bool | None = True) -> list[StoredPolicy]:
        """By name; those that are applied, those that are not, or both."""
        return self._rows.by("name") if active is None else self._rows.by("name", active=active)

    def save(self, item: StoredPolicy) -> StoredPolicy:
        """Insert or overwrite, whoever changed it since; returns it with its new revision."""
        former = self.find(item.name)
        saved = replace(item, revision=former.revision + 1 if former else 0)
        self._rows.put(saved)
        return saved


evaluations = sa.Table(
    "evaluations",
    metadata,
    tenant_column(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("task", sa.String(128), nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("samples", sa.Integer, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("finished_at", Instant, nullable=False),
)
_COLUMNS = [column for column in evaluations.c if column.name != "tenant"]


class Evaluations:
    """One tenant's rows: id, task, subject, dataset, samples, metrics, finished_at."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope

    def save(self, row: Mapping[str, Any]) -> None:
        """Insert or overwrite."""
        self._scope.upsert(evaluations, row)

    def all(self, task: str | None = None) -> list[dict[str, Any]]:
        """Newest first; all tasks, or one."""
        query = sa.select(*_COLUMNS).order_by(evaluations.c.finished_at.desc(), evaluations.c.id)
        rows = self._scope.rows(query if task is None else query.where(evaluations.c.task == task))
        return [dict(row) for row in rows]
