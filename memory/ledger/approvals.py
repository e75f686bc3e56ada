"""Approvals and delegations, as they are kept; their rules stand in `tools/calling/approval.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.repository import MutableRepository
from memory.ledger.scope import Condition
from memory.ledger.tables import Key, Max16, Max64, Name, map_table

ApprovalState = Literal["requested", "approved", "rejected", "expired", "used", "revoked"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One request to do one thing once.

    Attributes:
        plan: what the tool says that it would do, JSON; None where it does not say.
        digest: of the tool's name, the exact arguments and, where the tool gives one, its plan.
        four_eyes: whoever asked must not decide.
        on_behalf_of: who gave the decider the right, where it is delegated.
        needed: how many have to agree.
        agreed: who has, and in whose place, while others have to still.
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
    needed: int = 1
    agreed: Sequence[str] = ()


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
    """One tenant's approvals."""

    table, row, noun = approvals, Approval, "approval"

    def all(
        self,
        state: ApprovalState | None = None,
        limit: int = 200,
        *,
        at: datetime | None = None,
        before: Approval | None = None,
    ) -> list[Approval]:
        """Newest first; in all states, or in one.

        Args:
            at: the moment by which what nobody used in time counts as expired; None goes by what is written.
            before: only what stands behind this one in the list.
        """
        where = list[Condition]()
        if state is not None:
            where.append(approvals.c.state == state if at is None else _stands(state, at))
        if before is not None:
            same = sa.and_(approvals.c.requested_at == before.requested_at, approvals.c.id > before.id)
            where.append(sa.or_(approvals.c.requested_at < before.requested_at, same))
        return self._rows.list(*where, order=(approvals.c.requested_at.desc(), approvals.c.id), limit=limit)

    def count_requested(self, requester: str, now: datetime) -> int:
        """How many requests of one principal nobody has decided yet."""
        count = sa.func.count().label("count")
        query = sa.select(count).select_from(approvals)
        waiting = query.where(approvals.c.requester == requester, _stands("requested", now))
        return self._scope.rows(waiting)[0]["count"]

    def open_of(self, tool: str) -> list[Approval]:
        """Those of one tool that can still be decided or used."""
        return self._rows.list(approvals.c.state.in_(("approved", "requested")), tool=tool)

    def alive(self, digest: str, requester: str, now: datetime) -> Approval | None:
        """The approval of exactly this that can still be decided or used; an approved one before a requested one."""
        return self._rows.first(
            approvals.c.digest == digest,
            approvals.c.requester == requester,
            approvals.c.state.in_(("approved", "requested")),
            approvals.c.expires_at > now,
            order=(approvals.c.state, approvals.c.requested_at.desc()),
        )

    def _known(self) -> list[str]:
        return [approval.id for approval in self.all()]


class Delegations(MutableRepository[Delegation]):
    """One tenant's delegations."""

    table, row, noun, advice = delegations, Delegation, "delegation", "List them with approvals_list."

    def holding(self, now: datetime, receiver: str | None = None) -> list[Delegation]:
        """All that hold at `now`, by id; or those of one receiver, oldest first."""
        order = (delegations.c.given_at, delegations.c.id) if receiver is not None else delegations.c.id
        return self._rows.list(_hold(now), order=order, receiver=receiver)


def _stands(state: ApprovalState, now: datetime) -> Condition:
    """Whether an approval is in this state at `now`."""
    open_states = ("requested", "approved")
    if state in open_states:
        return sa.and_(approvals.c.state == state, approvals.c.expires_at > now)
    if state == "expired":
        late = sa.and_(approvals.c.state.in_(open_states), approvals.c.expires_at <= now)
        return sa.or_(approvals.c.state == state, late)
    return approvals.c.state == state


def _hold(now: datetime) -> Condition:
    return sa.and_(delegations.c.until > now, delegations.c.revoked_at.is_(None))
