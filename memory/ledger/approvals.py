"""Approvals and delegations, as they are kept; their rules stand in `tools/approvals`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import Condition, TenantScope
from memory.nearest import nearest_names

__all__ = ["Approval", "ApprovalState", "Approvals", "Delegation"]

ApprovalState = Literal["requested", "approved", "rejected", "expired", "used", "revoked"]
_table = schema.approvals


@dataclass(frozen=True, slots=True)
class Approval:
    """One request to do one thing once.

    Attributes:
        plan: what the tool says that it would do, JSON; None where it does not say.
        digest: of the tool's name, the exact arguments and, where the tool gives one, its plan.
        four_eyes: whoever asked must not decide.
        on_behalf_of: who gave the decider the right, where it is delegated.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any]
    plan: Any
    digest: str
    requester: str
    four_eyes: bool
    state: ApprovalState
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    on_behalf_of: str | None = None
    decided_at: datetime | None = None
    comment: str = ""
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delegation:
    """The right to decide in somebody's place, until a moment. `tools` limits it; empty is for all tools."""

    id: str
    giver: str
    receiver: str
    tools: Sequence[str]
    given_at: datetime
    until: datetime
    revoked_at: datetime | None = None


class Approvals:
    """Reads and writes of one tenant's approvals and delegations."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, _table, Approval)
        self._delegations = Rows(scope, schema.delegations, Delegation)

    def get(self, approval_id: str) -> Approval:
        """Raises NotFound: there is no such approval; names the nearest."""
        found = self._rows.first(_table.c.id == approval_id)
        if found is None:
            nearest = nearest_names(approval_id, [approval.id for approval in self.all()])
            raise NotFound(f"There is no approval {approval_id!r}.", nearest=nearest)
        return found

    def all(self, state: ApprovalState | None = None, limit: int = 200) -> list[Approval]:
        """Newest first; in all states, or in one."""
        where = [_table.c.state == state] if state is not None else []
        return self._rows.list(*where, order=(_table.c.requested_at.desc(), _table.c.id), limit=limit)

    def alive(self, digest: str, requester: str, now: datetime) -> Approval | None:
        """The approval of exactly this that can still be decided or used; an approved one before a requested one."""
        return self._rows.first(
            _table.c.digest == digest,
            _table.c.requester == requester,
            _table.c.state.in_(("approved", "requested")),
            _table.c.expires_at > now,
            order=(_table.c.state, _table.c.requested_at.desc()),
        )

    def save(self, approval: Approval) -> None:
        """Insert or overwrite."""
        self._rows.put(approval)

    def save_delegation(self, delegation: Delegation) -> None:
        """Insert or overwrite."""
        self._delegations.put(delegation)

    def get_delegation(self, delegation_id: str) -> Delegation:
        """Raises NotFound: there is no such delegation."""
        found = self._delegations.first(schema.delegations.c.id == delegation_id)
        if found is None:
            raise NotFound(f"There is no delegation {delegation_id!r}.", "List them with approvals_list.")
        return found

    def delegations_to(self, receiver: str, now: datetime) -> list[Delegation]:
        """The rights that `receiver` has been given and that hold at `now`, oldest first."""
        table = schema.delegations
        where: tuple[Condition, ...] = (table.c.receiver == receiver, table.c.until > now, table.c.revoked_at.is_(None))
        return self._delegations.list(*where, order=(table.c.given_at, table.c.id))

    def delegations(self, now: datetime) -> list[Delegation]:
        """All that hold at `now`."""
        table = schema.delegations
        return self._delegations.list(sa.and_(table.c.until > now, table.c.revoked_at.is_(None)), order=table.c.id)
