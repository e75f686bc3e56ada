"""Approvals: what a request binds to, how it is asked for and consumed, and who may decide, delegate or revoke it.

An approval is bound to the digest of what exactly is to be done: of a call, the tool's name, the exact arguments and
the tool's plan; of durable work, what it says of itself. Anything else, or a world in which the plan comes out
differently, needs a new one. It is good for one use of whoever asked, until it expires.

Nothing else makes, decides or consumes one: calls of tools come by `find_or_request`, rollouts and pipelines by `ask`.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from pydantic import BaseModel

from edge.kernel.canonical import digest_of
from edge.kernel.errors import Conflict, InvalidInput, LimitReached, NotAllowed, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.approvals import Approval, Delegation
from tools.calling.context import LOCAL_ENGINEER, ToolContext

MAY_DECIDE = "approvals:decide"
"""The scope of those who may agree."""
APPROVAL_LASTS = timedelta(days=1)
"""Until when a request must be decided and used, where nothing else is said."""
MOST_REQUESTED = 100
"""Calls of one principal that may wait for a decision at a time: what is asked without end, nobody reads."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """When a tool's call needs an approval.

    Attributes:
        when: argument -> values; all must match. Empty: always.
        unless: called like the tool, within its transaction: whether the call may be made without one all the same.
        four_eyes: whoever asked must not decide.
        lasts_s: until when it must be given and used, seconds from the request.
        plan: called like the tool, within its transaction; what it gives (JSON or a pydantic model) is shown to the
            decider, and the approval is bound to it; `approvers` in it says how many have to agree.
        done: called like the tool, within its transaction: whether all is so already, and nobody needs to agree.
    """

    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    unless: Callable[..., bool] | None = None
    four_eyes: bool = True
    lasts_s: float = APPROVAL_LASTS.total_seconds()
    plan: Callable[..., Any] | None = None
    done: Callable[..., bool] | None = None

    def asks(self, arguments: BaseModel) -> bool:
        """Whether a call with these arguments needs an approval."""
        return all(getattr(arguments, name) in allowed for name, allowed in self.when.items())

    def is_free(self, context: ToolContext, values: Mapping[str, Any]) -> bool:
        """Whether a call with these arguments may be made without an approval. Raises as the tool."""
        return self.unless is not None and self.unless(context, **values)

    def is_done(self, context: ToolContext, values: Mapping[str, Any]) -> bool:
        """Whether a call with these arguments would change nothing. Raises as the tool, where it cannot be done."""
        return self.done is not None and self.done(context, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """What exactly somebody is to agree to.

    Attributes:
        id: of the approval.
        tool, arguments, plan: shown to the decider; JSON.
        bound: what the approval is good for, and nothing else; JSON.
        needed: how many people have to agree.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any]
    plan: Any
    bound: Any
    requester: str
    four_eyes: bool = True
    lasts: timedelta = APPROVAL_LASTS
    needed: int = 1

    @property
    def digest(self) -> str:
        """Of `bound`: an approval with another digest is not an answer to this request."""
        return digest_of(self.bound)

    def save(self, unit: Unit, now: datetime) -> Approval:
        """Ask for it."""
        approval = Approval(
            id=self.id,
            tool=self.tool,
            arguments=dict(self.arguments),
            plan=self.plan,
            digest=self.digest,
            requester=self.requester,
            four_eyes=self.four_eyes,
            state="requested",
            requested_at=now,
            expires_at=now + self.lasts,
            needed=self.needed,
        )
        unit.approvals.save(approval)
        return approval


def find_requested(unit: Unit, approval_id: str, now: datetime) -> Approval | None:
    """The approval of this id as it stands at `now`; None where nobody has asked for it."""
    try:
        return current(unit.approvals.get(approval_id), now)
    except NotFound:
        return None


def ask(unit: Unit, request: ApprovalRequest, now: datetime) -> Approval:
    """The approval of the request's id as it stands at `now`, asked for where nobody has.

    Its digest may be another than the request's: then it was asked for something else.
    """
    return find_requested(unit, request.id, now) or request.save(unit, now)


def consume(unit: Unit, approval: Approval, now: datetime) -> None:
    """Use an approved one up: it is good for nothing else any more."""
    unit.approvals.save(replace(approval, state="used", used_at=now))


def end(unit: Unit, approval_id: str, reason: str) -> None:
    """Let nobody decide or use it any more: what it was asked for is over. One that is over already stays as it is."""
    approval = unit.approvals.find(approval_id)
    if approval is not None and approval.state in {"requested", "approved"}:
        unit.approvals.save(replace(approval, state="revoked", comment=reason))


def find_or_request(
    context: ToolContext, tool: str, rule: ApprovalRule, values: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Approval:
    """The approval of exactly this call: approved, then it may go on, or requested, perhaps just now.

    Args:
        values: what the tool's function is called with; `arguments` are the same as JSON.

    Raises:
        NotFound: there is no approval of the id that the caller gave.
        NotAllowed: that approval is another's, or of another call.
        Conflict: it was used, rejected or revoked, or it expired.
        LimitReached: too many calls of the caller wait for a decision already.
    """
    plan = rule.plan(context, **values) if rule.plan is not None else None
    shown = plan.model_dump(mode="json") if isinstance(plan, BaseModel) else plan
    request = ApprovalRequest(
        id=f"ap-{uuid.uuid4().hex[:12]}",
        tool=tool,
        arguments=arguments,
        plan=shown,
        bound={"tool": tool, "arguments": arguments, "plan": shown},
        requester=context.principal,
        four_eyes=rule.four_eyes,
        lasts=timedelta(seconds=rule.lasts_s),
        needed=int(cast("Mapping[str, Any]", shown).get("approvers", 1)) if isinstance(shown, Mapping) else 1,
    )
    if context.approval_id is not None:
        return _given(context.unit, context.approval_id, context.principal, request.digest, context.now)
    kept = context.unit.approvals
    alive = kept.alive(request.digest, context.principal, context.now)
    if alive is not None:
        return alive
    if kept.count_requested(context.principal, context.now) >= MOST_REQUESTED:
        raise LimitReached(
            f"{MOST_REQUESTED} requests of {context.principal} wait for a decision already.",
            "Take some back with approval_revoke, or have them decided.",
            retry_after_s=60.0,
        )
    return request.save(context.unit, context.now)


def _given(unit: Unit, approval_id: str, principal: str, digest: str, now: datetime) -> Approval:
    approval = current(unit.approvals.get(approval_id), now)
    if approval.requester != principal:
        raise NotAllowed(f"Approval {approval.id} was asked for by {approval.requester}.", "Ask for one of your own.")
    if approval.state not in {"approved", "requested"}:
        raise Conflict(f"Approval {approval.id} is {approval.state}.", "Call without an approval to ask for a new one.")
    if approval.digest != digest:
        raise NotAllowed(
            f"Approval {approval.id} was given for another call: the arguments or the plan have changed since.",
            "Call without an approval to ask for a new one.",
        )
    return approval


def current(approval: Approval, now: datetime) -> Approval:
    """The approval as it stands at `now`: what nobody used in time is expired."""
    if approval.state in {"requested", "approved"} and approval.expires_at <= now:
        return replace(approval, state="expired")
    return approval


def decide(context: ToolContext, approval_id: str, *, approve: bool, comment: str) -> Approval:
    """Agree to a request, or refuse it.

    Raises:
        NotFound: there is no such approval.
        NotAllowed: the caller may not decide, or asked for it itself.
        Conflict: it is decided already, or it expired.
    """
    approval = current(context.unit.approvals.get(approval_id), context.now)
    giver = _giver(context, approval)
    if approval.state != "requested":
        raise Conflict(f"Approval {approval.id} is {approval.state} already.", "Only a request can be decided.")
    names = {context.principal, giver or context.principal}
    agreed = [name.split(" for ") for name in approval.agreed]
    if approve and any(names & set(one) for one in agreed):
        raise Conflict(f"{approval.id} has been agreed to in this name already.", "Somebody else has to agree, too.")
    if approve and len(agreed) + 1 < approval.needed:
        who = context.principal if giver is None else f"{context.principal} for {giver}"
        waiting = replace(approval, agreed=[*approval.agreed, who])
        context.unit.approvals.save(waiting)
        return waiting
    decided = replace(
        approval,
        state="approved" if approve else "rejected",
        decided_by=context.principal,
        on_behalf_of=giver,
        decided_at=context.now,
        comment=comment,
    )
    context.unit.approvals.save(decided)
    return decided


def _giver(context: ToolContext, approval: Approval) -> str | None:
    """In whose place the caller decides; None where it has the right itself."""
    if approval.four_eyes and approval.requester == context.principal:
        raise NotAllowed(
            f"{context.principal} asked for {approval.id} and cannot decide it: it takes four eyes.",
            f"Somebody else with {MAY_DECIDE} has to decide.",
        )
    if MAY_DECIDE in context.scopes:
        return None
    for delegation in context.unit.delegations.holding(context.now, context.principal):
        own_request = approval.four_eyes and delegation.giver == approval.requester
        if (
            not own_request
            and (not delegation.tools or approval.tool in delegation.tools)
            and _holds(context, delegation)
        ):
            return delegation.giver
    raise NotAllowed(
        f"{context.principal} may not decide {approval.id}: it needs {MAY_DECIDE}, or a delegation from somebody who "
        "did not ask for it.",
        "Ask an approver.",
    )


def _holds(context: ToolContext, delegation: Delegation) -> bool:
    """Whether the giver still has the right; the person at the machine itself is not listed among the principals."""
    giver = context.unit.principals.find(delegation.giver)
    return giver is None or (giver.active and MAY_DECIDE in giver.scopes)


def revoke(context: ToolContext, approval_id: str, comment: str) -> Approval:
    """Take back a request or an approval that was not used yet; for whoever asked, decided, or may decide.

    Raises:
        NotFound: there is no such approval.
        NotAllowed: the caller is none of those.
        Conflict: it is over already.
    """
    approval = current(context.unit.approvals.get(approval_id), context.now)
    if context.principal not in {approval.requester, approval.decided_by} and MAY_DECIDE not in context.scopes:
        raise NotAllowed(f"{context.principal} may not revoke {approval.id}.", "Ask an approver.")
    if approval.state not in {"requested", "approved"}:
        raise Conflict(f"Approval {approval.id} is {approval.state} already.", "Nothing is left to revoke.")
    revoked = replace(approval, state="revoked", comment=comment)
    context.unit.approvals.save(revoked)
    return revoked


def delegate(context: ToolContext, receiver: str, tools: tuple[str, ...], until: datetime) -> Delegation:
    """Let somebody decide in the caller's place until a moment.

    Raises:
        NotAllowed: the caller may not decide itself; a delegated right is not passed on.
        InvalidInput: the moment is past, or the receiver is the caller.
        NotFound: the tenant has no such principal; it must be there before it may decide. Or there is no such tool.
        Conflict: the principal is not active.
    """
    if MAY_DECIDE not in context.scopes:
        raise NotAllowed(f"{context.principal} may not decide, so cannot delegate it.", "Ask an approver.")
    if until <= context.now:
        raise InvalidInput(f"{until.isoformat()} is past.", "Give a moment in the future.")
    if receiver == context.principal:
        raise InvalidInput("A right cannot be delegated to oneself.", "Name somebody else.")
    if receiver != LOCAL_ENGINEER.principal and not context.unit.principals.get(receiver).active:
        raise Conflict(f"The principal {receiver!r} is not active.", "Name somebody else.")
    for name in sorted(set(tools) - context.tools):
        raise NotFound(f"There is no tool {name!r}.", nearest=nearest_names(name, sorted(context.tools)))
    delegation = Delegation(f"dl-{uuid.uuid4().hex[:12]}", context.principal, receiver, tools, context.now, until)
    context.unit.delegations.save(delegation)
    return delegation


def undelegate(context: ToolContext, delegation_id: str) -> Delegation:
    """Take back a delegation; for whoever gave it.

    Raises:
        NotFound: there is no such delegation.
        NotAllowed: somebody else gave it.
    """
    delegation = context.unit.delegations.get(delegation_id)
    if delegation.giver != context.principal:
        raise NotAllowed(f"{delegation.id} was given by {delegation.giver}.", f"Ask {delegation.giver}.")
    revoked = replace(delegation, revoked_at=context.now)
    context.unit.delegations.save(revoked)
    return revoked
