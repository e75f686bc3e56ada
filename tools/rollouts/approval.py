"""The approval that a rollout waits for: bound to exactly its target, what that serves, the candidate and the plan."""

from datetime import datetime, timedelta
from typing import Any

from edge.kernel.canonical import digest_of
from memory.ledger.approvals import Approval
from tools.rollouts.rollout import Rollout

__all__ = ["LASTS", "approval_id", "bound_digest", "request_for"]

LASTS = timedelta(days=1)
"""Until when it must be given."""


def approval_id(rollout: Rollout) -> str:
    """The id of the rollout's approval."""
    return f"ap-{rollout.id}"


def bound_digest(rollout: Rollout) -> str:
    """Of what the approval is good for."""
    return digest_of({"rollout": rollout.id, **_plan(rollout)})


def request_for(rollout: Rollout, now: datetime, lasts: timedelta = LASTS) -> Approval:
    """The request, not yet kept."""
    return Approval(
        id=approval_id(rollout),
        tool="rollout_start",
        arguments={"rollout": rollout.id, "target": rollout.target, "version": rollout.candidate.version},
        plan=_plan(rollout),
        digest=bound_digest(rollout),
        requester=rollout.requested_by,
        four_eyes=True,
        state="requested",
        requested_at=now,
        expires_at=now + lasts,
    )


def _plan(rollout: Rollout) -> dict[str, Any]:
    return rollout.model_dump(mode="json", include={"target", "before", "candidate", "plan"})
