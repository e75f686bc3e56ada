"""Finished evaluations, as rows; what they mean stands in `evals/evaluations.py`."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from memory.ledger.schema import evaluations
from memory.ledger.scope import TenantScope

__all__ = ["Evaluations"]

_COLUMNS = [column for column in evaluations.c if column.name != "tenant"]


class Evaluations:
    """Reads and writes of one tenant's rows: id, task, subject, dataset, samples, metrics, finished_at."""

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
