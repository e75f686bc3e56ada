"""Approvals and delegations, as they are kept; their rules stand in `tools/approvals`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from edge.kernel.errors import NotFound
from memory.ledger.repository import MutableRepository, Rows
from memory.ledger.scope import Condition, TenantScope
from memory.ledger.tables import Key, Max16, Max64, Name, map_table

__all__ = ["Approval", "ApprovalState", "Approvals", "Delegation"]

ApprovalState = Literal["requested", "approved", "rejected", "expired", "used", "revoked"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One request to do one thing once.

    Attributes:
        plan: what the tool says that it would do, JSON; None where it does not say.
        digest: of the tool's name, the exact arguments and, where the tool gives one, its plan.
        four_eyes: whoever asked must not decide.
        on_behalf_of: who gave the decider the right, where it is delegated.
    """

    id: Key[Name]
    tool: Name
    arguments: Mapping[str, Any]
    plan: Any
    digest: Max64[str]
    requester: Name
    four_eyes: bool
    state: Max16[ApprovalState]
    requested_at: datetime
    expires_at: datetime
    decided_by: Name | None = None
    on_behalf_of: Name | None = None
    decided_at: datetime | None = None
    comment: str = ""
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delegation:
    """The right to decide in somebody's place, until a moment. `tools` limits it; empty is for all tools."""

    id: Key[Name]
    giver: Name
    receiver: Name
    tools: Sequence[str]
    given_at: datetime
    until: datetime
    revoked_at: datetime | None = None

    @property
    def revoked(self) -> bool:
        return self.revoked_at is not None


approvals = map_table("approvals", Approval, sa.Index(None, "tenant", "digest"), sa.Index(None, "tenant", "state"))
delegations = map_table("delegations", Delegation, sa.Index(None, "tenant", "receiver"))


class Approvals(MutableRepository[Approval]):
    """One tenant's approvals and delegations."""

    table, row, noun = approvals, Approval, "approval"

    def __init__(self, scope: TenantScope) -> None:
        super().__init__(scope)
        self._delegations = Rows(scope, delegations, Delegation)

    def all(self, state: ApprovalState | None = None, limit: int = 200) -> list[Approval]:
        """Newest first; in all states, or in one."""
        where = [approvals.c.state == state] if state is not None else []
        return self._rows.list(*where, order=(approvals.c.requested_at.desc(), approvals.c.id), limit=limit)

    def alive(self, digest: str, requester: str, now: datetime) -> Approval | None:
        """The approval of exactly this that can still be decided or used; an approved one before a requested one."""
        return self._rows.first(
            approvals.c.digest == digest,
            approvals.c.requester == requester,
            approvals.c.state.in_(("approved", "requested")),
            approvals.c.expires_at > now,
            order=(approvals.c.state, approvals.c.requested_at.desc()),
        )

    def save_delegation(self, delegation: Delegation) -> None:
        """Insert or overwrite."""
        self._delegations.put(delegation)

    def get_delegation(self, delegation_id: str) -> Delegation:
        """Raises NotFound: there is no such delegation."""
        found = self._delegations.one(id=delegation_id)
        if found is None:
            raise NotFound(f"There is no delegation {delegation_id!r}.", "List them with approvals_list.")
        return found

    def delegations_to(self, receiver: str, now: datetime) -> list[Delegation]:
        """The rights that `receiver` has been given and that hold at `now`, oldest first."""
        order = (delegations.c.given_at, delegations.c.id)
        return self._delegations.list(delegations.c.receiver == receiver, _hold(now), order=order)

    def delegations(self, now: datetime) -> list[Delegation]:
        """All that hold at `now`."""
        return self._delegations.list(_hold(now), order=delegations.c.id)

    def _known(self) -> list[str]:
        return [approval.id for approval in self.all()]


def _hold(now: datetime) -> Condition:
    return sa.and_(delegations.c.until > now, delegations.c.revoked_at.is_(None))
