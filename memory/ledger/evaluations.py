"""Finished evaluations, as rows; what they mean stands in `evals/evaluations.py`."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from memory.ledger.scope import TenantScope
from memory.ledger.tables import Instant, metadata, tenant_column

__all__ = ["Evaluations"]

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
