"""Entries of the audit log for tests of what reads it."""

from datetime import UTC, datetime
from pathlib import Path

from memory.ledger import open_ledger

__all__ = ["append_entries"]


def append_entries(path: Path, count: int) -> None:
    """Append `count` entries to the log of the default tenant."""
    ledger = open_ledger(path)
    with ledger.unit("default") as unit:
        for _ in range(count):
            unit.audit.append(
                at=datetime(2026, 3, 1, tzinfo=UTC),
                principal="ann",
                tool="set_stage",
                effect="write",
                arguments_digest="0" * 64,
                outcome="done",
            )
    ledger.close()
