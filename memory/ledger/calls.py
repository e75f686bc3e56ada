"""Calls that carried an idempotency key, with what they gave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["Call", "Calls"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was done. `digest` is of the tool's name and the arguments; `result` is JSON."""

    principal: str
    key: str
    digest: str
    result: Mapping[str, Any]
    at: datetime


class Calls:
    """Reads and writes of one tenant's calls."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.calls, Call)

    def find(self, principal: str, key: str) -> Call | None:
        return self._rows.first(schema.calls.c.principal == principal, schema.calls.c.key == key)

    def add(self, call: Call) -> None:
        self._rows.add(call)
