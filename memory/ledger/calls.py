"""Calls that carried an idempotency key, with what they gave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from memory.ledger.repository import Repository
from memory.ledger.tables import Key, Max64, Name, map_table

__all__ = ["Call", "Calls"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was done. `digest` is of the tool's name and the arguments; `result` is JSON."""

    principal: Key[Name]
    key: Key[Name]
    digest: Max64[str]
    result: Mapping[str, Any]
    at: datetime


class Calls(Repository[Call]):
    """One tenant's calls, by principal and idempotency key."""

    table, row, noun = map_table("calls", Call), Call, "call"
