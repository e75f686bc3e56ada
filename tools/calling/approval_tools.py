"""Approvals as tools: see what waits, agree or refuse, take back, delegate."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from memory.ledger.approvals import ApprovalState
from tools.calling.approval import current, decide, delegate, revoke, undelegate
from tools.spec import ToolContext, ToolSpec, View, tool

ApprovalId = Annotated[str, Field(min_length=1, max_length=200, description="such as ap-1f2e3d4c5b6a")]
Comment = Annotated[str, Field(max_length=2000, description="why, for the record")]
PrincipalId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="id of a principal of the tenant",
        json_schema_extra={"names": ["principal"]},
    ),
]


class ApprovalView(View):
    """One request, and how it stands now: of the people that are `needed`, those in `agreed` have agreed."""

    id: str
    tool: str
    arguments: dict[str, Any]
    plan: Any
    requester: str
    four_eyes: bool
    state: ApprovalState
    requested_at: AwareDatetime
    expires_at: AwareDatetime
    decided_by: str | None
    on_behalf_of: str | None
    decided_at: AwareDatetime | None
    comment: str
    needed: int = 1
    agreed: list[str] = Field(default_factory=list[str])


class DelegationView(View):
    """A right to decide in somebody's place; `tools` limits it, empty is for all."""

    id: str
    giver: str
    receiver: str
    tools: list[str]
    until: AwareDatetime
    revoked: bool


class ApprovalList(BaseModel):
    """Requests, newest first, and the delegations that hold.

    Attributes:
        more: older ones follow; ask for those before the last one.
    """

    approvals: list[ApprovalView]
    more: bool = False
    delegations: list[DelegationView]


def approvals_list(
    context: ToolContext,
    state: Annotated[
        Literal["requested", "approved", "rejected", "expired", "used", "revoked"] | None,
        Field(description="only those in this state"),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="most approvals in the answer")] = 50,
    before: Annotated[
        str | None, Field(max_length=200, description="id of an approval; only those asked for before it")
    ] = None,
) -> ApprovalList:
    """List the approvals that were asked for, newest first, with what exactly is to be done and who decided."""
    kept = context.unit.approvals
    last = kept.get(before) if before is not None else None
    found = kept.all(state, limit + 1, at=context.now, before=last)
    return ApprovalList(
        approvals=[ApprovalView.of(current(approval, context.now)) for approval in found[:limit]],
        more=len(found) > limit,
        delegations=[DelegationView.of(one) for one in context.unit.delegations.holding(context.now)],
    )


def approval_approve(context: ToolContext, approval: ApprovalId, comment: Comment = "") -> ApprovalView:
    """Agree to a request of somebody else, so that they can do exactly that once."""
    return ApprovalView.of(decide(context, approval, approve=True, comment=comment))


def approval_reject(context: ToolContext, approval: ApprovalId, comment: Comment = "") -> ApprovalView:
    """Refuse a request of somebody else."""
    return ApprovalView.of(decide(context, approval, approve=False, comment=comment))


def approval_revoke(context: ToolContext, approval: ApprovalId, comment: Comment = "") -> ApprovalView:
    """Take back a request, or an approval that was not used yet."""
    return ApprovalView.of(revoke(context, approval, comment))


def approval_delegate(
    context: ToolContext,
    to: PrincipalId,
    hours: Annotated[float, Field(gt=0, le=24 * 90, description="for how long")],
    tools: Annotated[list[str] | None, Field(description="only for these tools; all where left out")] = None,
) -> DelegationView:
    """Let somebody decide approvals in the caller's place for some hours."""
    return DelegationView.of(delegate(context, to, tuple(tools or ()), context.now + timedelta(hours=hours)))


def delegation_revoke(context: ToolContext, delegation: ApprovalId) -> DelegationView:
    """Take back a delegation that the caller gave."""
    return DelegationView.of(undelegate(context, delegation))


def approval_tools() -> list[ToolSpec]:
    """The approval operations. Who may decide is checked against the request itself: the right may be delegated."""
    reads = {"approvals:read"}
    return [
        tool(approvals_list, scopes=reads, ledger=True),
        tool(approval_approve, scopes=reads, effect="write"),
        tool(approval_reject, scopes=reads, effect="write"),
        tool(approval_revoke, scopes=reads, effect="write"),
        tool(approval_delegate, scopes=reads, effect="write"),
        tool(delegation_revoke, scopes=reads, effect="write"),
    ]
