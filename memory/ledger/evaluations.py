"""Finished evaluations, as rows; what they mean stands in `evals/log.py`."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from memory.ledger.database import Database
from memory.ledger.schema import evaluations

__all__ = ["Evaluations"]


class Evaluations:
    """Reads and writes of evaluation rows: id, task, subject, dataset, samples, metrics, finished_at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, row: Mapping[str, Any]) -> None:
        """Insert or overwrite."""
        with self._database.write() as connection:
            connection.execute(self._database.upsert(evaluations, row))

    def all(self, task: str | None = None) -> list[dict[str, Any]]:
        """Newest first; all tasks, or one."""
        query = sa.select(evaluations).order_by(evaluations.c.finished_at.desc(), evaluations.c.id)
        return self._database.rows(query if task is None else query.where(evaluations.c.task == task))
